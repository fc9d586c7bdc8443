/** RFC 9605 with AES-GCM (cipher suites 4 and 5). */
import { type Bytes, cat, utf8 } from "./bytes";

const suites = {
  4: { hash: "SHA-256", key: 16 },
  5: { hash: "SHA-512", key: 32 },
} as const;
export type SuiteId = keyof typeof suites;

export const TAG = 16;
const NONCE = 12;

/** The key of one KID. */
export interface FrameKey {
  kid: bigint;
  salt: Bytes;
  aead: CryptoKey;
}

const be8 = (v: bigint): Bytes => {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, v);
  return b;
};

/** Derives the key and salt of a KID (RFC 9605 §4.4.2). */
export async function deriveKey(
  suite: SuiteId,
  kid: bigint,
  base: Bytes,
  usages: KeyUsage[] = ["encrypt", "decrypt"],
): Promise<FrameKey> {
  const s = suites[suite];
  const suffix = cat(be8(kid), Uint8Array.of(0, suite));
  const ikm = await crypto.subtle.importKey("raw", base, "HKDF", false, ["deriveBits"]);
  const expand = async (label: string, n: number): Promise<Bytes> => {
    const info = cat(utf8(label), suffix);
    const params = { name: "HKDF", hash: s.hash, salt: new Uint8Array(0), info };
    return new Uint8Array(await crypto.subtle.deriveBits(params, ikm, n * 8));
  };
  const raw = await expand("SFrame 1.0 Secret key ", s.key);
  const aead = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, usages);
  raw.fill(0);
  return { kid, salt: await expand("SFrame 1.0 Secret salt ", NONCE), aead };
}

function size(v: bigint): number {
  let n = 1;
  for (let x = v >> 8n; x > 0n; x >>= 8n) n++;
  return n;
}

/** The header of a frame (RFC 9605 §4.3). */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  const kn = kid < 8n ? 0 : size(kid);
  const cn = ctr < 8n ? 0 : size(ctr);
  const out = new Uint8Array(1 + kn + cn);
  out[0] = (kn ? 0x80 | ((kn - 1) << 4) : Number(kid) << 4) | (cn ? 0x08 | (cn - 1) : Number(ctr));
  const put = (v: bigint, n: number, at: number): void => {
    for (let i = n - 1, x = v; i >= 0; i--, x >>= 8n) out[at + i] = Number(x & 255n);
  };
  put(kid, kn, 1);
  put(ctr, cn, 1 + kn);
  return out;
}

export interface Header {
  kid: bigint;
  ctr: bigint;
  length: number;
}

/** Null for what is no header, or not the shortest form of one. */
export function decodeHeader(b: Uint8Array): Header | null {
  const first = b[0];
  if (first === undefined) return null;
  const kn = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
  const cn = first & 0x08 ? (first & 7) + 1 : 0;
  if (b.length < 1 + kn + cn) return null;
  const take = (at: number, n: number): bigint => {
    let v = 0n;
    for (let i = 0; i < n; i++) v = (v << 8n) | BigInt(b[at + i]!);
    return v;
  };
  const kid = kn ? take(1, kn) : BigInt((first >> 4) & 7);
  const ctr = cn ? take(1 + kn, cn) : BigInt(first & 7);
  if (kn && (kid < 8n || size(kid) !== kn)) return null;
  if (cn && (ctr < 8n || size(ctr) !== cn)) return null;
  return { kid, ctr, length: 1 + kn + cn };
}

function nonce(salt: Bytes, ctr: bigint): Bytes {
  const n = salt.slice();
  for (let i = NONCE - 1, x = ctr; x > 0n; i--, x >>= 8n) n[i]! ^= Number(x & 255n);
  return n;
}

/** header ‖ ciphertext ‖ tag (RFC 9605 §4.4.3). */
export async function seal(key: FrameKey, ctr: bigint, metadata: Bytes, plaintext: Bytes): Promise<Bytes> {
  const header = encodeHeader(key.kid, ctr);
  const params = { name: "AES-GCM", iv: nonce(key.salt, ctr), additionalData: cat(header, metadata) };
  const sealed = new Uint8Array(await crypto.subtle.encrypt(params, key.aead, plaintext));
  const out = new Uint8Array(header.length + sealed.length);
  out.set(header);
  out.set(sealed, header.length);
  return out;
}

/** Throws when the tag does not hold. The header must be that of the frame, its KID the key's. */
export async function open(key: FrameKey, header: Header, metadata: Bytes, frame: Bytes): Promise<Bytes> {
  if (header.kid !== key.kid) throw new Error("sframe: the key is for another KID");
  const aad = cat(frame.subarray(0, header.length), metadata);
  const params = { name: "AES-GCM", iv: nonce(key.salt, header.ctr), additionalData: aad };
  return new Uint8Array(await crypto.subtle.decrypt(params, key.aead, frame.subarray(header.length)));
}
