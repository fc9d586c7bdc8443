/** Small helpers over byte arrays, and the vectors of RFC 9420 that our own structures use. */

export {
  type Bytes,
  cat,
  decode,
  empty,
  encode,
  eq,
  hex,
  type Reader,
  type Writer,
} from "./mls/codec";

import type { Bytes } from "./mls/codec";

const encoder = new TextEncoder();
/** What is read is what was signed: a byte order mark is part of it, as in Go. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);
/** Throws on anything that is not UTF-8. */
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

export const unhex = (s: string): Bytes =>
  Uint8Array.from({ length: s.length / 2 }, (_, i) =>
    Number.parseInt(s.slice(2 * i, 2 * i + 2), 16),
  );

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Strict: no padding, no foreign character, no stray bits at the end. */
export function fromBase64url(s: string): Bytes | null {
  if (!/^[\w-]*$/.test(s) || s.length % 4 === 1) return null;
  const bytes = Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
    c.charCodeAt(0),
  );
  return base64url(bytes) === s ? bytes : null;
}

export const random = (n: number): Bytes => crypto.getRandomValues(new Uint8Array(n));

export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  let n = 0;
  for (const p of parts) n += p.length;
  const all = new Uint8Array(n);
  n = 0;
  for (const p of parts) {
    all.set(p, n);
    n += p.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
}

export async function hkdf(ikm: Bytes, salt: Bytes, info: Bytes, bytes: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, bytes * 8),
  );
}

export const u16 = (v: number): Bytes => Uint8Array.of(v >>> 8, v);
export const u32 = (v: number): Bytes => Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v);
export const u64 = (v: number): Bytes => {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, BigInt(v));
  return b;
};
