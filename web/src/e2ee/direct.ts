/** What is said to one person: HPKE to a key that the recipient's leaf has said inside the group (PROTOCOL.md 2.7). */
import { sha256 } from "@noble/hashes/sha2.js";
import { decodeUnpadded, encodeApp, STEP } from "./app";
import { type Bytes, cat, random, u32, utf8 } from "./bytes";
import { dhkemX25519, type HpkeParams, hpkeContext, type KeyPair } from "./mls/hpke";
import type { AppPayload } from "./protocol";

const suite: HpkeParams = { kem: dhkemX25519, hash: sha256, kdfId: 1, aeadId: 1, keySize: 16 };
const ENC = 32; // bytes of the encapsulated key
const TAG = 16;
const FRAME = '{"kind":"direct","box":""}'.length;

/** What may be said to one person. */
export type Private = Extract<AppPayload, { kind: "chat" | "file" }>;

/** Where a box belongs. */
export interface Between {
  room: string;
  /** Sessions. */
  from: string;
  to: string;
}

export const newDirectKey = (): Promise<KeyPair> => dhkemX25519.deriveKeyPair(random(32));

export function directInfo({ room, from, to }: Between): Bytes {
  const part = (s: string): Bytes => cat(u32(utf8(s).length), utf8(s));
  return cat(utf8("incamera direct v1"), Uint8Array.of(0), utf8(room), part(from), part(to));
}

/** Pads so that the message around the box is filled: the others learn no more of its length than the server does. */
function fill(padded: Bytes): Bytes {
  const n = 4 + new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  for (let step = STEP; ; step += STEP) {
    const fits = Math.floor((step - 4 - FRAME) / 4) * 3 - ENC - TAG;
    if (fits >= n) return cat(padded.subarray(0, n), new Uint8Array(fits - n));
  }
}

function toBase64(b: Uint8Array): string {
  let s = "";
  for (let i = 0; i < b.length; i += 8192) s += String.fromCharCode(...b.subarray(i, i + 8192));
  return btoa(s);
}

async function context(secret: Bytes, info: Bytes): Promise<[CryptoKey, AesGcmParams]> {
  const { key, nonce } = hpkeContext(suite, secret, info);
  const k = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  key.fill(0);
  return [k, { name: "AES-GCM", iv: nonce }];
}

/** Throws when the key is none. */
export async function sealDirect(
  between: Between,
  key: Bytes,
  payload: Private,
): Promise<AppPayload & { kind: "direct" }> {
  const { secret, enc } = await dhkemX25519.encap(key);
  const [k, gcm] = await context(secret, directInfo(between));
  const ct = new Uint8Array(await crypto.subtle.encrypt(gcm, k, fill(encodeApp(payload))));
  return { kind: "direct", box: toBase64(cat(enc, ct)) };
}

/** Null for what is sealed to somebody else, or of a kind that is not known here; throws for what is malformed and for us. */
export async function openDirect(
  between: Between,
  key: KeyPair,
  box: string,
): Promise<Private | null> {
  const b = Uint8Array.from(atob(box), (c) => c.charCodeAt(0));
  let plaintext: Bytes;
  try {
    const secret = await dhkemX25519.decap(key.priv, b.slice(0, ENC));
    const [k, gcm] = await context(secret, directInfo(between));
    plaintext = new Uint8Array(await crypto.subtle.decrypt(gcm, k, b.slice(ENC)));
  } catch {
    return null;
  }
  const payload = decodeUnpadded(plaintext);
  if (payload === null || payload.kind === "chat" || payload.kind === "file") return payload;
  throw new Error("app: said to one person, but for everybody");
}
