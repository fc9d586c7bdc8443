/** What people say inside the group (PROTOCOL.md 2.7). */
import { type Bytes, base64url, cat, fromBase64url, text, u32, utf8 } from "./bytes";
import { readContent, validDirectKey } from "./content";
import { type AppPayload, MAX_TICKET, type Sign, signs } from "./protocol";
import { readNext } from "./relink";

export const STEP = 256; // what is said is padded to multiples of this, in bytes
export const MAX_CHAT = 4000; // characters

/** Reports whether it may be said: not blank, not too long, and without halves of characters. */
export const validChat = (said: string): boolean =>
  said.trim() !== "" && [...said].length <= MAX_CHAT && !/\p{Cs}/u.test(said);

const validTicket = (n: unknown): n is number =>
  Number.isInteger(n) && (n as number) >= 0 && (n as number) <= MAX_TICKET;

const isSign = (s: string): s is Sign => (signs as readonly string[]).includes(s);

const MAX_SESSION = 64; // characters

const validMute = (session: unknown, source: unknown): source is "mic" | "camera" | "screen" =>
  typeof session === "string" &&
  session.length <= MAX_SESSION &&
  (source === "mic" || source === "camera" || source === "screen");

const validSpotlight = (session: unknown, source: unknown): source is "camera" | "screen" =>
  typeof session === "string" &&
  session.length <= MAX_SESSION &&
  (source === "camera" || source === "screen");

const isNumber = (n: unknown, most: number): n is number =>
  Number.isInteger(n) && (n as number) >= 0 && (n as number) <= most;

const textOf = ({ secret, card, signature }: ReturnType<typeof readNext>) => ({
  secret: base64url(secret),
  card: base64url(card),
  signature: base64url(signature),
});

/** Throws for what nobody would accept. */
export function encodeApp(payload: AppPayload): Bytes {
  if (payload.kind === "mute" && !validMute(payload.session, payload.source))
    throw new Error("app: not a thing to switch off");
  if (payload.kind === "spotlight" && !validSpotlight(payload.session, payload.source))
    throw new Error("app: not a picture to show to all");
  if (payload.kind === "chat" && !validChat(payload.text))
    throw new Error("app: not a text that can be said");
  if (payload.kind === "hand" && !validTicket(payload.ticket))
    throw new Error("app: not a place in a line");
  if (payload.kind === "reaction" && !isSign(payload.sign)) throw new Error("app: not a reaction");
  if (payload.kind === "state" && payload.key !== undefined && !validDirectKey(payload.key))
    throw new Error("app: not a key");
  if (payload.kind === "link") readNext(payload);
  readContent(payload); // throws for what nobody would take
  const json = utf8(JSON.stringify(payload));
  const n = 4 + json.length;
  return cat(u32(json.length), json, new Uint8Array((STEP - (n % STEP)) % STEP));
}

/** Null for a kind that is not known here; throws for what is malformed. */
export function decodeApp(data: Uint8Array): AppPayload | null {
  if (data.length < STEP || data.length % STEP !== 0) throw new Error("app: not padded");
  return decodeUnpadded(data);
}

/** The same for a message that ends in any number of zeros. */
export function decodeUnpadded(data: Uint8Array): AppPayload | null {
  if (data.length < 4) throw new Error("app: cut short");
  const n = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (4 + n > data.length || data.subarray(4 + n).some((b) => b !== 0))
    throw new Error("app: bad padding");
  const v: unknown = JSON.parse(text(data.subarray(4, 4 + n)));
  if (typeof v !== "object" || v === null || Array.isArray(v))
    throw new Error("app: not an object");
  const o = v as Record<string, unknown>;
  switch (o.kind) {
    case "chat": {
      const { id, text: said } = o;
      if (typeof id !== "string" || !/^[0-9a-f]{16}$/.test(id)) throw new Error("app: bad id");
      if (typeof said !== "string" || !validChat(said)) throw new Error("app: bad text");
      return { kind: "chat", id, text: said };
    }
    case "state": {
      const { mic, camera, screen } = o;
      if (typeof mic !== "boolean" || typeof camera !== "boolean" || typeof screen !== "boolean") {
        throw new Error("app: bad state");
      }
      if (o.key === undefined) return { kind: "state", mic, camera, screen };
      if (!validDirectKey(o.key)) throw new Error("app: bad key");
      return { kind: "state", mic, camera, screen, key: o.key };
    }
    case "hand": {
      const { ticket } = o;
      if (!validTicket(ticket)) throw new Error("app: bad ticket");
      return { kind: "hand", ticket };
    }
    case "mute": {
      const { session, source } = o;
      if (!validMute(session, source)) throw new Error("app: bad mute");
      return { kind: "mute", session: session as unknown as string, source };
    }
    case "spotlight": {
      const { session, source } = o;
      if (!validSpotlight(session, source)) throw new Error("app: bad spotlight");
      return { kind: "spotlight", session: session as unknown as string, source };
    }
    case "pass": {
      const { session, grant, role, signature } = o;
      if (typeof session !== "string" || session.length > MAX_SESSION)
        throw new Error("app: bad session");
      if (!isNumber(grant, 0xffffffff) || !isNumber(role, 255)) throw new Error("app: bad pass");
      if (typeof signature !== "string" || !fromBase64url(signature))
        throw new Error("app: bad signature");
      return { kind: "pass", session, grant, role, signature };
    }
    case "reaction": {
      const { sign } = o;
      if (typeof sign !== "string" || !/^[a-z]{1,16}$/.test(sign)) throw new Error("app: bad sign");
      return isSign(sign) ? { kind: "reaction", sign } : null; // maybe one of a later version
    }
    case "link":
      return { kind: "link", ...textOf(readNext(o)) };
    case "recording": {
      const { on } = o;
      if (typeof on !== "boolean") throw new Error("app: neither on nor off");
      return { kind: "recording", on };
    }
    default:
      return readContent(o);
  }
}
