/** SFrame (RFC 9605) with AES-GCM, cipher suites 4 and 5. */
import { type Bytes, cat, utf8 } from "./bytes";

const suites = {
  4: { hash: "SHA-256", key: 16 },
  5: { hash: "SHA-512", key: 32 },
} as const;

export type SuiteId = keyof typeof suites;

/** Size of the tag of both suites, in bytes. */
export const TAG = 16;
const NONCE = 12;
const MAX = 0xffff_ffff_ffff_ffffn;

/** The key of one KID. The AEAD key cannot be read out. */
export interface FrameKey {
  readonly kid: bigint;
  readonly salt: Bytes;
  readonly aead: CryptoKey;
}

function be8(v: bigint): Bytes {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, v);
  return b;
}

/** Derives key and salt of a KID (§4.4.2). base stays its owner's; usages say what the key may do. */
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

/** Bytes of a value that does not fit the config byte. */
function size(v: bigint): number {
  let n = 1;
  for (let x = v >> 8n; x > 0n; x >>= 8n) n++;
  return n;
}

function put(out: Uint8Array, v: bigint, n: number, at: number): void {
  let x = v;
  for (let i = n - 1; i >= 0; i--) {
    out[at + i] = Number(x & 255n);
    x >>= 8n;
  }
}

/** The header of a frame, in its one shortest form (§4.3). Throws for what has more than 64 bits. */
export function encodeHeader(kid: bigint, ctr: bigint): Bytes {
  if (kid < 0n || kid > MAX || ctr < 0n || ctr > MAX) throw new Error("sframe: beyond 64 bits");
  const kn = kid < 8n ? 0 : size(kid);
  const cn = ctr < 8n ? 0 : size(ctr);
  const k = kn > 0 ? 8 | (kn - 1) : Number(kid);
  const c = cn > 0 ? 8 | (cn - 1) : Number(ctr);
  const out = new Uint8Array(1 + kn + cn);
  out[0] = (k << 4) | c;
  put(out, kid, kn, 1);
  put(out, ctr, cn, 1 + kn);
  return out;
}

/** length is that of the header itself. */
export interface Header {
  kid: bigint;
  ctr: bigint;
  length: number;
}

function take(b: Uint8Array, at: number, n: number): bigint {
  let v = 0n;
  for (let i = 0; i < n; i++) v = (v << 8n) | BigInt(b[at + i]!);
  return v;
}

/** Null for what is no header, or not the shortest form of one. */
export function decodeHeader(b: Uint8Array): Header | null {
  const first = b[0];
  if (first === undefined) return null;
  const kn = first & 0x80 ? ((first >> 4) & 7) + 1 : 0;
  const cn = first & 0x08 ? (first & 7) + 1 : 0;
  const length = 1 + kn + cn;
  if (b.length < length) return null;
  const kid = kn ? take(b, 1, kn) : BigInt((first >> 4) & 7);
  const ctr = cn ? take(b, 1 + kn, cn) : BigInt(first & 7);
  if (kn && (kid < 8n || size(kid) !== kn)) return null;
  if (cn && (ctr < 8n || size(ctr) !== cn)) return null;
  return { kid, ctr, length };
}

function nonceOf(salt: Bytes, ctr: bigint): Bytes {
  const n = salt.slice();
  let x = ctr;
  for (let i = NONCE - 1; x > 0n; i--) {
    n[i]! ^= Number(x & 255n);
    x >>= 8n;
  }
  return n;
}

/** Returns header ‖ ciphertext ‖ tag (§4.4.3). The caller never uses a counter twice. */
export async function seal(
  key: FrameKey,
  ctr: bigint,
  metadata: Bytes,
  plaintext: Bytes,
): Promise<Bytes> {
  const header = encodeHeader(key.kid, ctr);
  const additionalData = cat(header, metadata);
  const params = { name: "AES-GCM", iv: nonceOf(key.salt, ctr), additionalData };
  const sealed = await crypto.subtle.encrypt(params, key.aead, plaintext);
  const out = new Uint8Array(header.length + sealed.byteLength);
  out.set(header);
  out.set(new Uint8Array(sealed), header.length);
  return out;
}

/** Opens a frame whose header was read. Throws when the tag does not hold, or the key is of another KID. */
export async function open(
  key: FrameKey,
  header: Header,
  metadata: Bytes,
  frame: Bytes,
): Promise<Bytes> {
  if (header.kid !== key.kid) throw new Error("sframe: the key is for another KID");
  const additionalData = cat(frame.subarray(0, header.length), metadata);
  const params = { name: "AES-GCM", iv: nonceOf(key.salt, header.ctr), additionalData };
  const body = frame.subarray(header.length);
  return new Uint8Array(await crypto.subtle.decrypt(params, key.aead, body));
}
