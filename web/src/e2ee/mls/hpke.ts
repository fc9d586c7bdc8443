/** Hybrid public key encryption (RFC 9180), base mode, as far as MLS uses it. */
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { CHash } from "@noble/hashes/utils.js";
import { type Bytes, cat, empty, wipe } from "./codec";
import { checkX25519, x25519, x25519Public } from "./x25519";

const ascii = new TextEncoder();
const version = ascii.encode("HPKE-v1");

export interface KeyPair {
  priv: Bytes;
  pub: Bytes;
}

/** A key encapsulation mechanism (RFC 9180 §4). Private keys are the caller's to wipe. */
export interface Kem {
  readonly id: number;
  /** Throws for a public key that nothing can be encrypted to: a leaf with it would make every later path of others fail. */
  checkKey(pub: Bytes): void;
  deriveKeyPair(ikm: Bytes): Promise<KeyPair>;
  encap(pub: Bytes): Promise<{ secret: Bytes; enc: Bytes }>;
  decap(priv: Bytes, enc: Bytes): Promise<Bytes>;
}

/** The numbers and the hash of an HPKE suite. */
export interface HpkeParams {
  readonly kem: Kem;
  readonly hash: CHash;
  readonly kdfId: number;
  readonly aeadId: number;
  readonly keySize: number;
}

export const NONCE_SIZE = 12;

const u16 = (v: number): Bytes => Uint8Array.of(v >>> 8, v & 255);

function labeledExtract(
  hash: CHash,
  suite: Bytes,
  salt: Uint8Array,
  label: string,
  ikm: Uint8Array,
): Bytes {
  const input = cat(version, suite, ascii.encode(label), ikm);
  const out = extract(hash, input, salt) as Bytes;
  wipe(input);
  return out;
}

function labeledExpand(
  hash: CHash,
  suite: Bytes,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  n: number,
): Bytes {
  return expand(hash, prk, cat(u16(n), version, suite, ascii.encode(label), info), n) as Bytes;
}

const kemSuite = cat(ascii.encode("KEM"), u16(0x20));

function sharedSecret(dh: Bytes, enc: Bytes, pub: Bytes): Bytes {
  const prk = labeledExtract(sha256, kemSuite, empty, "eae_prk", dh);
  const out = labeledExpand(sha256, kemSuite, prk, "shared_secret", cat(enc, pub), 32);
  wipe(dh, prk);
  return out;
}

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 §4.1. */
export const dhkemX25519: Kem = {
  id: 0x20,
  checkKey: checkX25519,
  async deriveKeyPair(ikm) {
    const prk = labeledExtract(sha256, kemSuite, empty, "dkp_prk", ikm);
    const priv = labeledExpand(sha256, kemSuite, prk, "sk", empty, 32);
    wipe(prk);
    return { priv, pub: await x25519Public(priv) };
  },
  async encap(pub) {
    const ephemeral = globalThis.crypto.getRandomValues(new Uint8Array(32));
    const [enc, dh] = await Promise.all([x25519Public(ephemeral), x25519(ephemeral, pub)]);
    wipe(ephemeral);
    return { enc, secret: sharedSecret(dh, enc, pub) };
  },
  async decap(priv, enc) {
    const [pub, dh] = await Promise.all([x25519Public(priv), x25519(priv, enc)]);
    return sharedSecret(dh, enc, pub);
  },
};

/** Key, nonce and exporter secret of a context (RFC 9180 §5.1, mode base). Wipes shared. */
export function hpkeContext(
  p: HpkeParams,
  shared: Bytes,
  info: Bytes,
): { key: Bytes; nonce: Bytes; exporter: Bytes } {
  const suite = cat(ascii.encode("HPKE"), u16(p.kem.id), u16(p.kdfId), u16(p.aeadId));
  const context = cat(
    Uint8Array.of(0),
    labeledExtract(p.hash, suite, empty, "psk_id_hash", empty),
    labeledExtract(p.hash, suite, empty, "info_hash", info),
  );
  const secret = labeledExtract(p.hash, suite, shared, "secret", empty);
  const out = {
    key: labeledExpand(p.hash, suite, secret, "key", context, p.keySize),
    nonce: labeledExpand(p.hash, suite, secret, "base_nonce", context, NONCE_SIZE),
    exporter: labeledExpand(p.hash, suite, secret, "exp", context, p.hash.outputLen),
  };
  wipe(secret, shared);
  return out;
}

/** Context.Export of RFC 9180 §5.3. */
export function hpkeExport(p: HpkeParams, exporter: Bytes, context: Uint8Array, n: number): Bytes {
  const suite = cat(ascii.encode("HPKE"), u16(p.kem.id), u16(p.kdfId), u16(p.aeadId));
  return labeledExpand(p.hash, suite, exporter, "sec", context, n);
}
