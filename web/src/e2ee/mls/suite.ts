import { hmac } from "@noble/hashes/hmac.js";
import { extract, expand } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Writer, encode, cat, empty, type Bytes, type Reader } from "./codec.js";

const sub = globalThis.crypto.subtle;
const te = new TextEncoder();
export const random = (n: number): Bytes => globalThis.crypto.getRandomValues(new Uint8Array(n));
const B = (x: Uint8Array) => x as Bytes;

export interface KeyPair { priv: Bytes; pub: Bytes }
export interface HPKECiphertext { kem: Bytes; ct: Bytes }
export const encCT = (w: Writer, c: HPKECiphertext) => { w.opaque(c.kem); w.opaque(c.ct); };
export const decCT = (r: Reader): HPKECiphertext => ({ kem: r.opaque(), ct: r.opaque() });

// ---- KEMs
interface Kem {
  id: number; nsecret: number;
  derive(ikm: Bytes): Promise<KeyPair>;
  encap(pub: Bytes): Promise<{ secret: Bytes; enc: Bytes }>;
  decap(priv: Bytes, enc: Bytes): Promise<Bytes>;
}
const X_PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]);
const E_PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);
const xpriv = (k: Bytes) => sub.importKey("pkcs8", cat(X_PKCS8, k), "X25519", true, ["deriveBits"]);
const xpub = (k: Bytes) => sub.importKey("raw", k, "X25519", true, []);
const BASE = (() => { const b = new Uint8Array(32); b[0] = 9; return b; })();
const dh = async (priv: Bytes, pub: Bytes): Promise<Bytes> => new Uint8Array(await sub.deriveBits({ name: "X25519", public: await xpub(pub) } as never, await xpriv(priv), 256));
const xpubOf = (priv: Bytes) => dh(priv, BASE); // scalar * basepoint
const lx = (suite: Bytes, salt: Uint8Array, label: string, ikm: Uint8Array) => extract(sha256, cat(te.encode("HPKE-v1"), suite, te.encode(label), ikm), salt);
const le = (h: typeof sha256, suite: Bytes, prk: Uint8Array, label: string, info: Uint8Array, n: number) => B(expand(h, prk, cat(Uint8Array.of(n >> 8, n & 255), te.encode("HPKE-v1"), suite, te.encode(label), info), n));
const kemSuite = (id: number) => cat(te.encode("KEM"), Uint8Array.of(id >> 8, id & 255));
const x25519: Kem = {
  id: 0x20, nsecret: 32,
  async derive(ikm) { const s = kemSuite(0x20); const priv = le(sha256, s, lx(s, empty, "dkp_prk", ikm), "sk", empty, 32); return { priv, pub: await xpubOf(priv) }; },
  async encap(pub) { const e = random(32); const [enc, d] = await Promise.all([xpubOf(e), dh(e, pub)]); return { enc, secret: dhShared(d, enc, pub) }; },
  async decap(priv, enc) { const [pub, d] = await Promise.all([xpubOf(priv), dh(priv, enc)]); return dhShared(d, enc, pub); },
};
const dhShared = (d: Bytes, enc: Bytes, pub: Bytes) => { const s = kemSuite(0x20); return le(sha256, s, lx(s, empty, "eae_prk", d), "shared_secret", cat(enc, pub), 32); };
export interface SuiteParams { id: number; h: typeof sha256; kem: Kem; kdfId: number; aeadId: number; nk: number }
const params: SuiteParams[] = [
  { id: 1, h: sha256, kem: x25519, kdfId: 1, aeadId: 1, nk: 16 },
];
export const getSuite = (id: number): Suite => { const p = params.find((x) => x.id === id); if (!p) throw new Error("unsupported cipher suite " + id); return new Suite(p); };

export class Suite {
  readonly nh: number;
  constructor(readonly p: SuiteParams) { this.nh = p.h.outputLen; }
  get id() { return this.p.id; }
  hash(...a: Uint8Array[]): Bytes { const h = this.p.h.create(); for (const x of a) h.update(x); return B(h.digest()); }
  mac(k: Uint8Array, d: Uint8Array): Bytes { return B(hmac(this.p.h, k, d)); }
  zero(): Bytes { return new Uint8Array(this.nh); }
  extract(salt: Uint8Array, ikm: Uint8Array): Bytes { return B(extract(this.p.h, ikm, salt)); }
  expandLabel(secret: Uint8Array, label: string, ctx: Uint8Array, n: number): Bytes {
    return B(expand(this.p.h, secret, encode((w) => { w.u16(n); w.opaque(te.encode("MLS 1.0 " + label)); w.opaque(ctx); }), n));
  }
  derive(secret: Uint8Array, label: string) { return this.expandLabel(secret, label, empty, this.nh); }
  deriveTree(secret: Uint8Array, label: string, gen: number, n: number) { return this.expandLabel(secret, label, encode((w) => w.u32(gen)), n); }
  refHash(label: string, v: Uint8Array) { return this.hash(encode((w) => { w.opaque(te.encode(label)); w.opaque(v); })); }
  private labeled(label: string, c: Uint8Array) { return encode((w) => { w.opaque(te.encode("MLS 1.0 " + label)); w.opaque(c); }); }
  deriveKeyPair(ikm: Bytes) { return this.p.kem.derive(ikm); }
  generateKeyPair() { return this.p.kem.derive(random(64)); }
  private hpke(shared: Bytes, info: Bytes) {
    const s = cat(te.encode("HPKE"), Uint8Array.of(this.p.kem.id >> 8, this.p.kem.id & 255, 0, this.p.kdfId, 0, this.p.aeadId));
    const ext = (salt: Uint8Array, l: string, ikm: Uint8Array) => extract(this.p.h, cat(te.encode("HPKE-v1"), s, te.encode(l), ikm), salt);
    const ctx = cat(Uint8Array.of(0), ext(empty, "psk_id_hash", empty), ext(empty, "info_hash", info)), sec = ext(shared, "secret", empty);
    return { key: le(this.p.h, s, sec, "key", ctx, this.p.nk), nonce: le(this.p.h, s, sec, "base_nonce", ctx, 12), export: (c: Uint8Array, n: number) => le(this.p.h, s, le(this.p.h, s, sec, "exp", ctx, this.nh), "sec", c, n) };
  }
  async seal(key: Bytes, iv: Bytes, additionalData: Bytes, pt: Bytes): Promise<Bytes> { return new Uint8Array(await sub.encrypt({ name: "AES-GCM", iv, additionalData }, await sub.importKey("raw", key, "AES-GCM", false, ["encrypt"]), pt)); }
  async open(key: Bytes, iv: Bytes, additionalData: Bytes, ct: Bytes): Promise<Bytes> { return new Uint8Array(await sub.decrypt({ name: "AES-GCM", iv, additionalData }, await sub.importKey("raw", key, "AES-GCM", false, ["decrypt"]), ct)); }
  async encryptLabel(pub: Bytes, label: string, ctx: Bytes, pt: Bytes): Promise<HPKECiphertext> { const { enc, secret } = await this.p.kem.encap(pub); const k = this.hpke(secret, this.labeled(label, ctx)); return { kem: enc, ct: await this.seal(k.key, k.nonce, empty, pt) }; }
  async decryptLabel(priv: Bytes, label: string, ctx: Bytes, c: HPKECiphertext) { const k = this.hpke(await this.p.kem.decap(priv, c.kem), this.labeled(label, ctx)); return this.open(k.key, k.nonce, empty, c.ct); }
  async exportTo(pub: Bytes) { const { enc, secret } = await this.p.kem.encap(pub); return { enc, secret: this.hpke(secret, empty).export(te.encode("MLS 1.0 external init secret"), this.nh) }; }
  async exportFrom(priv: Bytes, enc: Bytes) { return this.hpke(await this.p.kem.decap(priv, enc), empty).export(te.encode("MLS 1.0 external init secret"), this.nh); }
  async generateSigner(): Promise<{ priv: CryptoKey; pub: Bytes }> { const k = (await sub.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair; return { priv: k.privateKey, pub: new Uint8Array(await sub.exportKey("raw", k.publicKey)) }; }
  importSigner(seed: Bytes) { return sub.importKey("pkcs8", cat(E_PKCS8, seed), "Ed25519", false, ["sign"]); }
  async sign(k: CryptoKey, label: string, c: Bytes): Promise<Bytes> { return new Uint8Array(await sub.sign("Ed25519", k, this.labeled(label, c))); }
  async verify(pub: Bytes, label: string, c: Bytes, sig: Bytes) { const k = await sub.importKey("raw", pub, "Ed25519", false, ["verify"]); if (!(await sub.verify("Ed25519", k, sig, this.labeled(label, c)))) throw new Error("bad signature: " + label); }
}
