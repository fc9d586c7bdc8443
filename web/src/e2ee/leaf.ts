/** What each leaf says about its owner (PROTOCOL.md 2.5). */
import { type Bytes, cat, decode, encode, eq, hex, text, u32, utf8 } from "./bytes";
import { verifyEd25519 } from "./mls/ed25519";
import { wellFormed } from "./names";
import { known } from "./unicode";

export const LEAF_EXTENSION = 0xf1ca;
export const CARD_EXTENSION = 0xf1cb;
export const POLICY_EXTENSION = 0xf1cc;

const MAX_SESSION = 64; // bytes

export interface LeafInfo {
  /** The member id in hex: fresh with each leaf. */
  member: string;
  session: string;
  deviceKey: Bytes;
  name: string;
  admission: Bytes;
  signature: Bytes;
  /** Number of the link by which it came. */
  link: number;
}

export interface LeafContext {
  room: string;
  linkNumber: number;
  memberId: Bytes;
  signatureKey: Bytes;
}

/** Reports whether a name may stand in a leaf. */
export const validName = (name: string): boolean => wellFormed(name) && known(name);

const opaque = (b: Bytes): Bytes => encode((w) => w.opaque(b));

const statement = (c: LeafContext, session: string, name: string): Bytes =>
  cat(
    utf8("incamera leaf v1"),
    Uint8Array.of(0),
    utf8(c.room),
    c.memberId,
    c.signatureKey,
    opaque(utf8(session)),
    opaque(utf8(name)),
  );

export async function admissionMac(key: Bytes, c: LeafContext, deviceKey: Bytes): Promise<Bytes> {
  const k = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const said = cat(
    utf8("incamera admission v1"),
    utf8(c.room),
    u32(c.linkNumber),
    c.memberId,
    c.signatureKey,
    deviceKey,
  );
  return new Uint8Array(await crypto.subtle.sign("HMAC", k, said));
}

export interface Device {
  publicKey: Bytes;
  sign(data: Bytes): Promise<Bytes>;
}

export async function makeLeafInfo(
  admissionKey: Bytes,
  c: LeafContext,
  device: Device,
  session: string,
  name: string,
): Promise<Bytes> {
  if (!validName(name)) throw new Error("leaf: not a valid name");
  const admission = await admissionMac(admissionKey, c, device.publicKey);
  const signature = await device.sign(statement(c, session, name));
  return encode((w) => {
    w.u8(1);
    w.opaque(utf8(session));
    w.raw(device.publicKey);
    w.opaque(utf8(name));
    w.raw(admission);
    w.raw(signature);
  });
}

/** Reads and checks the extension of a leaf. Throws unless its owner knew the link and the device key signed it. */
export async function checkLeafInfo(
  admissionKey: Bytes,
  c: LeafContext,
  encoded: Bytes,
): Promise<LeafInfo> {
  const info = decode(encoded, (r): LeafInfo => {
    if (r.u8() !== 1) throw new Error("leaf: unknown version");
    return {
      member: hex(c.memberId),
      session: text(r.opaque()),
      deviceKey: r.take(32),
      name: text(r.opaque()),
      admission: r.take(32),
      signature: r.take(64),
      link: c.linkNumber,
    };
  });
  if (info.session === "" || utf8(info.session).length > MAX_SESSION)
    throw new Error("leaf: not a valid session");
  if (!validName(info.name)) throw new Error("leaf: not a valid name");
  const want = await admissionMac(admissionKey, c, info.deviceKey);
  if (!eq(want, info.admission)) throw new Error("leaf: its owner does not know the link");
  const said = statement(c, info.session, info.name);
  if (!(await verifyEd25519(info.deviceKey as Bytes, said, info.signature as Bytes)))
    throw new Error("leaf: the device key did not sign it");
  return info;
}
