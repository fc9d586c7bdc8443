/** X25519 (RFC 7748) by WebCrypto: constant time is the browser's. */
import { type Bytes, cat, hex, wipe } from "./codec";

const subtle = globalThis.crypto.subtle;

const pkcs8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));

/** Throws when the point is of small order, and the result no secret (RFC 9180 §7.1.4). */
export async function x25519(priv: Bytes, pub: Bytes): Promise<Bytes> {
  const encoded = cat(pkcs8, priv);
  const [secret, other] = await Promise.all([
    subtle.importKey("pkcs8", encoded, "X25519", false, ["deriveBits"]),
    subtle.importKey("raw", pub, "X25519", true, []),
  ]);
  wipe(encoded);
  const shared = await subtle.deriveBits({ name: "X25519", public: other }, secret, 256);
  const out = new Uint8Array(shared);
  if (out.every((x) => x === 0)) throw new Error("hpke: the public key is of small order");
  return out;
}

export const x25519Public = (priv: Bytes): Promise<Bytes> => x25519(priv, basePoint);

/** The points of the curve and its twist whose order divides 8, in all encodings of 255 bits. */
const smallOrder = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p, which is 0
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1, which is 1
]);

/** Throws for what nothing can be encrypted to. */
export function checkX25519(pub: Uint8Array): void {
  if (pub.length !== 32) throw new Error("hpke: not a public key");
  const point = pub.slice();
  point[31]! &= 0x7f; // RFC 7748 §5: the highest bit is ignored
  if (smallOrder.has(hex(point))) throw new Error("hpke: the public key is of small order");
}
