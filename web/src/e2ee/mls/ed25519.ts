/**
 * Ed25519 signatures, verified so that all members judge alike. RFC 8032 leaves open what becomes of public keys of small order
 * and of encodings that are not canonical, and implementations differ: Firefox refuses keys by which Chromium and Go take
 * signatures. One leaf with such a key would part them. By a key of small order, besides, anybody can sign.
 */
import type { Bytes } from "./codec";

const KEY = 32;

const bytesOf = (hex: string): Bytes =>
  Uint8Array.from({ length: KEY }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));

/** The y of the eight points of small order: with each of them both x are such points, and one of both signs of an x of 0 is not canonical. */
const SMALL = [
  "00".repeat(KEY), // order 4
  `01${"00".repeat(KEY - 1)}`, // order 1
  `ec${"ff".repeat(KEY - 2)}7f`, // order 2
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].map(bytesOf);

/** Whether 32 bytes are no other encoding of a point than the canonical one, and no point of small order; whether they are a point at all is for who computes with it. */
function sound(point: Bytes): boolean {
  const y = point.slice();
  y[KEY - 1]! &= 0x7f; // the sign of x
  const beyond = y[0]! >= 0xed && y[KEY - 1] === 0x7f && y.subarray(1, -1).every((b) => b === 0xff);
  return !beyond && !SMALL.some((s) => s.every((b, i) => b === y[i]));
}

/** Reports whether a signature holds (RFC 8032 §5.1.7, without cofactor), and neither key nor R is of small order or encoded in another way than the one. */
export async function verifyEd25519(
  pub: Bytes,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  if (pub.length !== KEY || signature.length !== 2 * KEY) return false;
  if (!sound(pub) || !sound(signature.subarray(0, KEY))) return false;
  const { subtle } = globalThis.crypto;
  const k = await subtle.importKey("raw", pub, "Ed25519", false, ["verify"]);
  return subtle.verify("Ed25519", k, signature, message);
}
