/**
 * X-Wing (MLKEM768-X25519 of draft-ietf-hpke-pq, KEM 0x647a) and the suite around it. A script of its own, loaded by rooms
 * that are post-quantum; nothing else imports it. ML-KEM is @noble/post-quantum's, X25519 the browser's.
 *
 * JavaScript gives no promise of constant time for ML-KEM. What an attacker could time are single decapsulations in the
 * worker, among network, log and queue; private keys live for one epoch, and the X25519 half does not depend on it.
 */
import { sha384 } from "@noble/hashes/sha2.js";
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { type Bytes, cat, wipe } from "./codec";
import type { HpkeParams, Kem } from "./hpke";
import { checkX25519, x25519, x25519Public } from "./x25519";

const KEM_ID = 0x647a;
const SEED = 32;
const PQ_PUBLIC = 1184;
const PUBLIC = PQ_PUBLIC + 32;
const PQ_CIPHERTEXT = 1088;
const CIPHERTEXT = PQ_CIPHERTEXT + 32;

const ascii = new TextEncoder();
/** The six characters of the draft's label, \./ over /^\. */
const label = ascii.encode("\\./" + "/^\\");
/** What LabeledDerive puts behind the key material: version, "KEM" and its id, label, length of the output. */
const derivation = cat(
  ascii.encode("HPKE-v1KEM"),
  Uint8Array.of(KEM_ID >> 8, KEM_ID & 255, 0, 13),
  ascii.encode("DeriveKeyPair"),
  Uint8Array.of(0, SEED),
);

interface Expanded {
  pqPriv: Uint8Array;
  priv: Bytes;
  pub: Bytes;
}

/** The two keys of a seed. The caller wipes the private ones. */
async function expand(seed: Bytes): Promise<Expanded> {
  if (seed.length !== SEED) throw new Error("x-wing: not a private key");
  const both = shake256(seed, { dkLen: 96 }) as Bytes;
  const pq = ml_kem768.keygen(both.subarray(0, 64));
  const priv = both.slice(64);
  wipe(both);
  return { pqPriv: pq.secretKey, priv, pub: cat(pq.publicKey, await x25519Public(priv)) };
}

/** Wipes the secrets. */
function combine(pqSecret: Uint8Array, secret: Bytes, enc: Bytes, pub: Bytes): Bytes {
  const input = cat(pqSecret, secret, enc.subarray(PQ_CIPHERTEXT), pub.subarray(PQ_PUBLIC), label);
  const out = sha3_256(input) as Bytes;
  wipe(input, pqSecret, secret);
  return out;
}

/** FIPS 203 §7.2: every coefficient of the key, in 12 bits each, is below the modulus. */
function checkModulus(pq: Uint8Array): void {
  for (let i = 0; i < PQ_PUBLIC - 32; i += 3) {
    const [a, b, c] = [pq[i]!, pq[i + 1]!, pq[i + 2]!];
    if ((a | ((b & 15) << 8)) >= 3329 || ((b >> 4) | (c << 4)) >= 3329)
      throw new Error("x-wing: not a public key");
  }
}

function checkKey(pub: Bytes): void {
  if (pub.length !== PUBLIC) throw new Error("x-wing: not a public key");
  checkModulus(pub);
  checkX25519(pub.subarray(PQ_PUBLIC));
}

/** Encapsulates with the randomness given: 32 bytes of ML-KEM, 32 of X25519. Wipes it. */
export async function encapWith(random: Bytes, pub: Bytes): Promise<{ secret: Bytes; enc: Bytes }> {
  checkKey(pub);
  const ephemeral = random.slice(32);
  const pq = ml_kem768.encapsulate(pub.subarray(0, PQ_PUBLIC), random.subarray(0, 32));
  wipe(random);
  const [point, dh] = await Promise.all([
    x25519Public(ephemeral),
    x25519(ephemeral, pub.slice(PQ_PUBLIC)),
  ]);
  wipe(ephemeral);
  const enc = cat(pq.cipherText, point);
  return { enc, secret: combine(pq.sharedSecret, dh, enc, pub) };
}

const kem: Kem = {
  id: KEM_ID,
  checkKey,
  async deriveKeyPair(ikm) {
    const input = cat(ikm, derivation);
    const priv = shake256(input, { dkLen: SEED }) as Bytes;
    wipe(input);
    const k = await expand(priv);
    wipe(k.pqPriv, k.priv);
    return { priv, pub: k.pub };
  },
  encap: (pub) => encapWith(crypto.getRandomValues(new Uint8Array(64)), pub),
  async decap(priv, enc) {
    if (enc.length !== CIPHERTEXT) throw new Error("x-wing: not a ciphertext");
    const k = await expand(priv);
    try {
      const dh = await x25519(k.priv, enc.slice(PQ_CIPHERTEXT));
      const pqSecret = ml_kem768.decapsulate(enc.subarray(0, PQ_CIPHERTEXT), k.pqPriv);
      return combine(pqSecret, dh, enc, k.pub);
    } finally {
      wipe(k.pqPriv, k.priv);
    }
  },
};

/** With HKDF-SHA384 and AES-256-GCM. */
export const xwing: HpkeParams = { kem, hash: sha384, kdfId: 2, aeadId: 2, keySize: 32 };
