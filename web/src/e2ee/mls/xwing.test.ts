/** X-Wing: the draft's vectors, those that Go makes, and what is refused. */
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import { readFileSync } from "node:fs";
import test, { before } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Passive, passive } from "../../../test/passive";
import { root, same, unhex } from "../../../test/vectors";
import { type Bytes, cat, empty } from "./codec";
import { type HpkeParams, hpkeContext } from "./hpke";
import { pskSecret } from "./schedule";
import { getSuite, loadSuite, random, SUITE_X25519, SUITE_XWING, type Suite } from "./suite";
import { PSK } from "./types";
import { encapWith, xwing } from "./xwing";

const read = <V>(name: string): V =>
  JSON.parse(readFileSync(`${root}testdata/e2ee/${name}.json`, "utf8")) as V;

let s: Suite;
before(async () => {
  throws(() => getSuite(SUITE_XWING), /no cipher suite/, "only rooms that need it load it");
  await Promise.all([loadSuite(SUITE_XWING), loadSuite(SUITE_XWING), loadSuite(SUITE_X25519)]);
  s = getSuite(SUITE_XWING);
});

interface Draft {
  kdf: number;
  aead: number;
  info: string;
  ikmR: string;
  ikmE: string;
  skR: string;
  pkR: string;
  enc: string;
  sharedSecret: string;
  key: string;
  nonce: string;
  exporter: string;
}

test("x-wing: the vectors of draft-ietf-hpke-pq", async () => {
  const vectors = read<Draft[]>("xwing-draft");
  strictEqual(vectors.length, 2);
  for (const v of vectors) {
    const pair = await xwing.kem.deriveKeyPair(unhex(v.ikmR));
    same(pair.priv, v.skR, "private key");
    same(pair.pub, v.pkR, "public key");
    const made = await encapWith(unhex(v.ikmE), pair.pub);
    same(made.enc, v.enc, "encapsulation");
    same(made.secret, v.sharedSecret, "shared secret");
    same(await xwing.kem.decap(pair.priv, unhex(v.enc)), v.sharedSecret, "decapsulated");
    if (v.kdf !== 1) continue; // SHAKE256, which our suite does not use
    const p: HpkeParams = { ...xwing, hash: sha256, kdfId: v.kdf, aeadId: v.aead, keySize: 32 };
    const context = hpkeContext(p, made.secret, unhex(v.info));
    same(context.key, v.key, "key");
    same(context.nonce, v.nonce, "nonce");
    same(context.exporter, v.exporter, "exporter");
  }
});

type Vector = Record<
  | "ikm"
  | "priv"
  | "pub"
  | "context"
  | "plaintext"
  | "kem"
  | "sealed"
  | "initKem"
  | "initSecret"
  | "derived"
  | "exported"
  | "ref"
  | "psk",
  string
> & { label: string };

test("x-wing: what Go makes with the suite", async () => {
  const v = read<Vector>("xwing");
  const pair = await s.deriveKeyPair(unhex(v.ikm));
  same(pair.priv, v.priv, "private key");
  same(pair.pub, v.pub, "public key");
  const context = unhex(v.context);
  const secret = unhex(v.plaintext);
  const c = { kem: unhex(v.kem), ct: unhex(v.sealed) };
  same(await s.decryptLabel(pair.priv, v.label, context, c), v.plaintext, "opened");
  same(await s.exportFrom(pair.priv, unhex(v.initKem)), v.initSecret, "init secret");
  same(s.derive(secret, v.label), v.derived, "derived");
  const exported = s.expandLabel(s.derive(secret, v.label), "exported", s.hash(context), 16);
  same(exported, v.exported, "exported");
  same(s.refHash(v.label, secret), v.ref, "ref");
  const rest = { usage: 0, groupId: empty, epoch: 0n };
  const psk = pskSecret(s, [{ type: PSK.external, id: context, nonce: secret, ...rest }], () =>
    unhex(v.ikm),
  );
  same(psk, v.psk, "psk secret");
});

test("x-wing: a group that Go recorded", async () => {
  const recorded = read<Passive[]>("xwing-group");
  strictEqual(recorded.length, 1);
  await passive(recorded[0]!);
});

test("x-wing: sealed for one key, opened by it alone, once unaltered", async () => {
  const [a, b] = await Promise.all([s.generateKeyPair(), s.generateKeyPair()]);
  const plaintext = random(48);
  const c = await s.encryptLabel(a.pub, "label", empty, plaintext);
  deepStrictEqual(await s.decryptLabel(a.priv, "label", empty, c), plaintext);
  await rejects(s.decryptLabel(b.priv, "label", empty, c));
  await rejects(s.decryptLabel(a.priv, "other", empty, c));
  for (const at of [0, 1087, 1088, 1119]) {
    const kem = c.kem.slice();
    kem[at]! ^= 1;
    await rejects(s.decryptLabel(a.priv, "label", empty, { kem, ct: c.ct }), `byte ${at}`);
  }
  for (const kem of [empty, c.kem.slice(1), cat(c.kem, Uint8Array.of(0))])
    await rejects(s.decryptLabel(a.priv, "label", empty, { kem, ct: c.ct }), /not a ciphertext/);
  await rejects(s.decryptLabel(a.priv.slice(1), "label", empty, c), /not a private key/);
});

test("x-wing: public keys that cannot be used are refused", async () => {
  const { pub } = await s.generateKeyPair();
  s.checkKey(pub);
  const refuse = async (key: Bytes, why: RegExp): Promise<void> => {
    throws(() => s.checkKey(key), why);
    await rejects(s.encryptLabel(key, "label", empty, random(48)));
  };
  await refuse(empty, /not a public key/);
  await refuse(pub.slice(1), /not a public key/);
  await refuse(cat(pub, Uint8Array.of(0)), /not a public key/);
  for (const at of [0, 1149]) {
    const [first, second] = [pub.slice(), pub.slice()]; // with a coefficient of 3329, the modulus
    first.set([0x01, (pub[at + 1]! & 0xf0) | 0x0d], at);
    await refuse(first, /not a public key/);
    second.set([(pub[at + 1]! & 0x0f) | 0x10, 0xd0], at + 1);
    await refuse(second, /not a public key/);
    second.set([(pub[at + 1]! & 0x0f) | 0x00, 0xd0], at + 1); // of 3328
    s.checkKey(second);
  }
  const small = pub.slice();
  small.fill(0, 1184);
  await refuse(small, /small order/);
  const zero = getSuite(SUITE_X25519);
  throws(() => zero.checkKey(new Uint8Array(32)), /small order/);
  throws(() => zero.checkKey(new Uint8Array(31)), /not a public key/);
});

test("x-wing: the randomness is wiped", async () => {
  const { pub } = await s.generateKeyPair();
  const used = random(64);
  await encapWith(used, pub);
  deepStrictEqual(used, new Uint8Array(64));
});
