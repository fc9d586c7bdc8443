/** Everything that passes the delivery service is sealed in an envelope (PROTOCOL.md 2.3). */
import { type Bytes, cat, hkdf, random, u32, u64, utf8 } from "./bytes";

export const envelopeType = {
  ask: 1,
  commit: 2,
  welcome: 3,
  tree: 4,
  app: 5,
  mark: 6,
  beat: 7,
  note: 8,
  leave: 9,
  card: 16,
} as const;

export interface EnvelopeContext {
  room: string;
  type: number;
  generation: number;
  epoch: number;
}

const label = utf8("incamera envelope v1");
const SALT = 32;

async function keyOf(
  master: Bytes,
  salt: Bytes,
  usage: KeyUsage,
): Promise<{ key: CryptoKey; iv: Bytes }> {
  const okm = await hkdf(master, salt, label, 44);
  const key = await crypto.subtle.importKey("raw", okm.subarray(0, 32), "AES-GCM", false, [usage]);
  return { key, iv: okm.slice(32) };
}

const aad = (c: EnvelopeContext): Bytes =>
  cat(
    label,
    Uint8Array.of(0),
    utf8(c.room),
    Uint8Array.of(c.type),
    u32(c.generation),
    u64(c.epoch),
  );

/** salt is given by tests only. */
export async function sealEnvelope(
  master: Bytes,
  context: EnvelopeContext,
  plaintext: Uint8Array,
  salt: Bytes = random(SALT),
): Promise<Bytes> {
  const { key, iv } = await keyOf(master, salt, "encrypt");
  const params = { name: "AES-GCM", iv, additionalData: aad(context) };
  return cat(salt, new Uint8Array(await crypto.subtle.encrypt(params, key, plaintext as Bytes)));
}

/** Throws when it was sealed by somebody without the link, for another place, or was altered. */
export async function openEnvelope(
  master: Bytes,
  context: EnvelopeContext,
  sealed: Uint8Array,
): Promise<Bytes> {
  if (sealed.length < SALT + 16) throw new Error("envelope: too short");
  const { key, iv } = await keyOf(master, sealed.slice(0, SALT), "decrypt");
  const params = { name: "AES-GCM", iv, additionalData: aad(context) };
  return new Uint8Array(await crypto.subtle.decrypt(params, key, sealed.slice(SALT)));
}
