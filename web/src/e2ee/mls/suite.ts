/** Cipher suites and the labelled operations over them (RFC 9420 §5). */
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, cat, empty, encode, type Reader, type Writer, wipe } from "./codec";
import { verifyEd25519 } from "./ed25519";
import { dhkemX25519, type HpkeParams, hpkeContext, hpkeExport, type KeyPair } from "./hpke";

const subtle = globalThis.crypto.subtle;
const ascii = new TextEncoder();

export type { KeyPair } from "./hpke";
export { NONCE_SIZE } from "./hpke";

export const random = (n: number): Bytes => globalThis.crypto.getRandomValues(new Uint8Array(n));

export interface HPKECiphertext {
  kem: Bytes;
  ct: Bytes;
}

export function encCiphertext(w: Writer, c: HPKECiphertext): void {
  w.opaque(c.kem);
  w.opaque(c.ct);
}

export function decCiphertext(r: Reader): HPKECiphertext {
  return { kem: r.opaque(), ct: r.opaque() };
}

/** What makes a suite; signatures are Ed25519 and the AEAD is AES-GCM in every suite that we carry. */
export interface SuiteParams extends HpkeParams {
  readonly id: number;
}

/** X25519, AES-128-GCM, SHA-256 (RFC 9420 §17.1). */
export const SUITE_X25519 = 0x0001;
/** X-Wing, AES-256-GCM, SHA-384 (PROTOCOL.md 2.4). */
export const SUITE_XWING = 0xf001;

const params: SuiteParams[] = [
  { id: SUITE_X25519, hash: sha256, kem: dhkemX25519, kdfId: 1, aeadId: 1, keySize: 16 },
];

/**
 * Fetches what a suite needs and is not here yet: the post-quantum one is a script of its own, which only rooms load that
 * have it. Rejects when it cannot be had.
 */
export async function loadSuite(id: number): Promise<void> {
  if (id !== SUITE_XWING || params.some((p) => p.id === id)) return;
  const { xwing } = await import("./xwing");
  if (!params.some((p) => p.id === id)) params.push({ id, ...xwing });
}

const suites = new Map<number, Suite>();

/** Throws for a suite that we do not carry, or that loadSuite has not fetched. */
export function getSuite(id: number): Suite {
  let s = suites.get(id);
  if (!s) {
    const p = params.find((x) => x.id === id);
    if (!p) throw new Error(`mls: no cipher suite ${id}`);
    s = new Suite(p);
    suites.set(id, s);
  }
  return s;
}

const pkcs8Ed25519 = Uint8Array.of(
  ...[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20],
);

const labeled = (label: string, content: Uint8Array): Bytes =>
  encode((w) => {
    w.opaque(ascii.encode(`MLS 1.0 ${label}`));
    w.opaque(content);
  });

/** Stateless; made by getSuite. */
export class Suite {
  readonly id: number;
  /** Size of a hash and of most secrets, in bytes. */
  readonly hashSize: number;
  /** Size of an AEAD key, in bytes. */
  readonly keySize: number;

  constructor(private readonly p: SuiteParams) {
    this.id = p.id;
    this.hashSize = p.hash.outputLen;
    this.keySize = p.keySize;
  }

  hash(...parts: Uint8Array[]): Bytes {
    const h = this.p.hash.create();
    for (const x of parts) h.update(x);
    return h.digest() as Bytes;
  }

  mac(key: Uint8Array, data: Uint8Array): Bytes {
    return hmac(this.p.hash, key, data) as Bytes;
  }

  zero(): Bytes {
    return new Uint8Array(this.hashSize);
  }

  extract(salt: Uint8Array, ikm: Uint8Array): Bytes {
    return extract(this.p.hash, ikm, salt) as Bytes;
  }

  /** ExpandWithLabel (§8). */
  expandLabel(secret: Uint8Array, label: string, context: Uint8Array, n: number): Bytes {
    const info = encode((w) => {
      w.u16(n);
      w.raw(labeled(label, context));
    });
    return expand(this.p.hash, secret, info, n) as Bytes;
  }

  /** DeriveSecret (§8). */
  derive(secret: Uint8Array, label: string): Bytes {
    return this.expandLabel(secret, label, empty, this.hashSize);
  }

  /** DeriveTreeSecret (§9). */
  deriveTree(secret: Uint8Array, label: string, generation: number, n: number): Bytes {
    return this.expandLabel(
      secret,
      label,
      encode((w) => w.u32(generation)),
      n,
    );
  }

  /** RefHash (§5.2). */
  refHash(label: string, value: Uint8Array): Bytes {
    return this.hash(
      encode((w) => {
        w.opaque(ascii.encode(label));
        w.opaque(value);
      }),
    );
  }

  /** Throws for a public key that nothing can be encrypted to. */
  checkKey(pub: Bytes): void {
    this.p.kem.checkKey(pub);
  }

  deriveKeyPair(ikm: Bytes): Promise<KeyPair> {
    return this.p.kem.deriveKeyPair(ikm);
  }

  async generateKeyPair(): Promise<KeyPair> {
    const ikm = random(64);
    const pair = await this.p.kem.deriveKeyPair(ikm);
    wipe(ikm);
    return pair;
  }

  async seal(key: Bytes, iv: Bytes, additionalData: Bytes, plaintext: Bytes): Promise<Bytes> {
    const k = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    const params = { name: "AES-GCM", iv, additionalData };
    return new Uint8Array(await subtle.encrypt(params, k, plaintext));
  }

  async open(key: Bytes, iv: Bytes, additionalData: Bytes, ciphertext: Bytes): Promise<Bytes> {
    const k = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    const params = { name: "AES-GCM", iv, additionalData };
    return new Uint8Array(await subtle.decrypt(params, k, ciphertext));
  }

  /** EncryptWithLabel (§5.1.3). */
  async encryptLabel(
    pub: Bytes,
    label: string,
    context: Bytes,
    plaintext: Bytes,
  ): Promise<HPKECiphertext> {
    const { enc, secret } = await this.p.kem.encap(pub);
    const k = hpkeContext(this.p, secret, labeled(label, context));
    const ct = await this.seal(k.key, k.nonce, empty, plaintext);
    wipe(k.key, k.nonce, k.exporter);
    return { kem: enc, ct };
  }

  /** DecryptWithLabel (§5.1.3). */
  async decryptLabel(
    priv: Bytes,
    label: string,
    context: Bytes,
    c: HPKECiphertext,
  ): Promise<Bytes> {
    const secret = await this.p.kem.decap(priv, c.kem);
    const k = hpkeContext(this.p, secret, labeled(label, context));
    const plaintext = await this.open(k.key, k.nonce, empty, c.ct);
    wipe(k.key, k.nonce, k.exporter);
    return plaintext;
  }

  private initSecret(secret: Bytes): Bytes {
    const k = hpkeContext(this.p, secret, empty);
    const label = ascii.encode("MLS 1.0 external init secret");
    const out = hpkeExport(this.p, k.exporter, label, this.hashSize);
    wipe(k.key, k.nonce, k.exporter);
    return out;
  }

  /** The init secret of an external commit, and what its receivers need for it (§8.3). */
  async exportTo(pub: Bytes): Promise<{ enc: Bytes; secret: Bytes }> {
    const { enc, secret } = await this.p.kem.encap(pub);
    return { enc, secret: this.initSecret(secret) };
  }

  async exportFrom(priv: Bytes, enc: Bytes): Promise<Bytes> {
    return this.initSecret(await this.p.kem.decap(priv, enc));
  }

  /** A fresh signature key whose private half cannot be read out. */
  async generateSigner(): Promise<{ priv: CryptoKey; pub: Bytes }> {
    const k = await subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    if (!("privateKey" in k)) throw new Error("mls: the browser made no Ed25519 key");
    return { priv: k.privateKey, pub: new Uint8Array(await subtle.exportKey("raw", k.publicKey)) };
  }

  /** Takes a signature key from its 32-byte seed. */
  importSigner(seed: Bytes): Promise<CryptoKey> {
    return subtle.importKey("pkcs8", cat(pkcs8Ed25519, seed), "Ed25519", false, ["sign"]);
  }

  /** SignWithLabel (§5.1.2). */
  async sign(key: CryptoKey, label: string, content: Bytes): Promise<Bytes> {
    return new Uint8Array(await subtle.sign("Ed25519", key, labeled(label, content)));
  }

  /** VerifyWithLabel (§5.1.2); throws unless the signature holds. */
  async verify(pub: Bytes, label: string, content: Bytes, signature: Bytes): Promise<void> {
    if (!(await verifyEd25519(pub, labeled(label, content), signature))) {
      throw new Error(`mls: bad signature: ${label}`);
    }
  }
}
