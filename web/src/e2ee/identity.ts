/** What a provider says of who holds a device key (PROTOCOL.md 2.15). Decisions only: nothing is fetched. */
import { type Bytes, base64url, cat, fromBase64url, sha256, text, utf8 } from "./bytes";
import { verifyEd25519 } from "./mls/ed25519";

const MAX_TOKEN = 16 << 10;
const MAX_AGE = 86_400; // s
const SKEW = 300; // s
const MIN_RSA = 256; // bytes

export interface Provider {
  issuer: string;
  /** The client id under which people sign in. */
  audience: string;
  /** A JSON Web Key Set, pinned: not fetched by way of the server that is not to be believed. */
  keys: unknown;
}

/** name and email may be empty; email is one that the provider has verified. */
export interface Identity {
  subject: string;
  name: string;
  email: string;
}

/** The nonce of an ID token that is for a device in a room. */
export async function identityNonce(room: string, device: Bytes): Promise<string> {
  return base64url(
    await sha256(cat(utf8("incamera identity v1"), Uint8Array.of(0), utf8(room), device)),
  );
}

type Fields = Record<string, unknown>;

const own = (f: Fields, name: string): unknown => (Object.hasOwn(f, name) ? f[name] : undefined);
const textOf = (f: Fields, name: string): string => {
  const v = own(f, name);
  return typeof v === "string" ? v : "";
};
const isFields = (v: unknown): v is Fields =>
  typeof v === "object" && v !== null && !Array.isArray(v);

function objectOf(part: string): Fields {
  const bytes = fromBase64url(part);
  if (!bytes) throw new Error("token: not base64url");
  const v: unknown = JSON.parse(text(bytes));
  if (!isFields(v)) throw new Error("token: a part of it is no object");
  return v;
}

function keyOf(p: Provider, header: Fields): Fields {
  const kid = textOf(header, "kid");
  const list = isFields(p.keys) ? own(p.keys, "keys") : null;
  const keys = Array.isArray(list)
    ? list.filter((k): k is Fields => isFields(k) && textOf(k, "kid") === kid)
    : [];
  const [key] = keys;
  if (!kid || !key || keys.length !== 1) throw new Error("token: of no key of the provider's");
  const use = textOf(key, "use");
  const alg = textOf(key, "alg");
  if ((use && use !== "sig") || (alg && alg !== textOf(header, "alg")))
    throw new Error("token: of a key for something else");
  return key;
}

async function holds(key: Fields, alg: string, signature: Bytes, signed: Bytes): Promise<boolean> {
  const { subtle } = crypto;
  const [kty, crv] = [textOf(key, "kty"), textOf(key, "crv")];
  const part = (name: string): string => textOf(key, name);
  if (alg === "RS256" && kty === "RSA") {
    if ((fromBase64url(part("n"))?.length ?? 0) < MIN_RSA) return false;
    const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const jwk = { kty, n: part("n"), e: part("e") };
    const k = await subtle.importKey("jwk", jwk, how, false, ["verify"]);
    return subtle.verify(how, k, signature, signed);
  }
  if (alg === "ES256" && kty === "EC" && crv === "P-256") {
    const jwk = { kty, crv, x: part("x"), y: part("y") };
    const how = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const k = await subtle.importKey("jwk", jwk, how, false, ["verify"]);
    return subtle.verify(how, k, signature, signed);
  }
  if (alg === "EdDSA" && kty === "OKP" && crv === "Ed25519") {
    const x = fromBase64url(part("x"));
    return x !== null && verifyEd25519(x, signed, signature);
  }
  return false;
}

function believe(p: Provider, claims: Fields, nonce: string, now: number): Identity {
  const aud = own(claims, "aud");
  const several = Array.isArray(aud) ? aud : [];
  const isOurs = aud === p.audience || several.includes(p.audience);
  const issued = own(claims, "iat");
  const subject = textOf(claims, "sub");
  if (!p.issuer || textOf(claims, "iss") !== p.issuer)
    throw new Error("token: of another provider");
  if (!p.audience || !isOurs || !several.every((a) => typeof a === "string"))
    throw new Error("token: for another service");
  if ((Object.hasOwn(claims, "azp") || several.length > 1) && textOf(claims, "azp") !== p.audience)
    throw new Error("token: another service has asked for it");
  if (textOf(claims, "nonce") !== nonce) throw new Error("token: for another device or room");
  if (typeof issued !== "number" || !Number.isSafeInteger(issued))
    throw new Error("token: of no time");
  // exp is not looked at: it is when a session is to be renewed, and this is none.
  if (issued * 1000 > now + SKEW * 1000 || issued * 1000 < now - MAX_AGE * 1000)
    throw new Error("token: not of today");
  if (!subject || utf8(subject).length > 255) throw new Error("token: about nobody");
  const email = own(claims, "email_verified") === true ? textOf(claims, "email") : "";
  return { subject, name: textOf(claims, "name"), email };
}

/** Whom an ID token is about, if the provider has signed it for that device in that room within the last day. Throws otherwise. now: Unix ms. */
export async function checkIdentity(
  p: Provider,
  token: string,
  room: string,
  device: Bytes,
  now: number,
): Promise<Identity> {
  const parts = token.split(".");
  const [head, body, tag] = parts;
  if (utf8(token).length > MAX_TOKEN || parts.length !== 3 || !head || !body || !tag)
    throw new Error("token: none, or too long");
  const header = objectOf(head);
  const claims = objectOf(body);
  const signature = fromBase64url(tag);
  if (!signature || Object.hasOwn(header, "crit")) throw new Error("token: not understood");
  const key = keyOf(p, header);
  if (!(await holds(key, textOf(header, "alg"), signature, utf8(`${head}.${body}`))))
    throw new Error("token: its signature does not hold");
  return believe(p, claims, await identityNonce(room, device), now);
}
