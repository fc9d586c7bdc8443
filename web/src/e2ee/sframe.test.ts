import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert";
import test, { type TestContext } from "node:test";
import { officialFile, same, unhex } from "../../test/vectors";
import { type Bytes, utf8 } from "./bytes";
import { decodeHeader, deriveKey, encodeHeader, open, type SuiteId, seal } from "./sframe";

interface HeaderVector {
  kid: string;
  ctr: string;
  encoded: string;
}

interface FrameVector extends HeaderVector {
  cipher_suite: number;
  base_key: string;
  sframe_salt: string;
  metadata: string;
  pt: string;
  ct: string;
}

/** kid and ctr exceed 2^53: they are read as text. */
function parse<T>(t: TestContext, file: string): T | null {
  const text = officialFile(t, file);
  return text && JSON.parse(text.replace(/"(kid|ctr)":\s*(\d+)/g, '"$1":"$2"'));
}

test("official headers", (t) => {
  const v = parse<{ header: HeaderVector[] }>(t, "sframe/test-vectors.json");
  if (!v) return;
  for (const h of v.header) {
    same(encodeHeader(BigInt(h.kid), BigInt(h.ctr)), h.encoded, `header ${h.kid} ${h.ctr}`);
    const length = h.encoded.length / 2;
    const want = { kid: BigInt(h.kid), ctr: BigInt(h.ctr), length };
    deepStrictEqual(decodeHeader(unhex(`${h.encoded}ffff`)), want);
    for (let n = 0; n < length; n++) {
      strictEqual(decodeHeader(unhex(h.encoded.slice(0, 2 * n))), null, `${h.encoded} cut to ${n}`);
    }
  }
  strictEqual(v.header.length, 289);
  t.diagnostic(`sframe headers: ${v.header.length} pass`);
});

test("official frames", async (t) => {
  const v = parse<{ sframe: FrameVector[] }>(t, "sframe/test-vectors.json");
  if (!v) return;
  const ours = v.sframe.filter((x) => x.cipher_suite === 4 || x.cipher_suite === 5);
  for (const x of ours) {
    const kid = BigInt(x.kid);
    const key = await deriveKey(x.cipher_suite as SuiteId, kid, unhex(x.base_key));
    same(key.salt, x.sframe_salt, "salt");
    const metadata = unhex(x.metadata);
    same(await seal(key, BigInt(x.ctr), metadata, unhex(x.pt)), x.ct, "frame");
    const frame = unhex(x.ct);
    same(await open(key, decodeHeader(frame)!, metadata, frame), x.pt, "plaintext");
  }
  strictEqual(ours.length, 2);
  const rest = v.sframe.length - ours.length;
  t.diagnostic(
    `sframe frames: 2 pass, ${rest} skipped (AES-CTR-HMAC suites, which we do not carry)`,
  );
});

test("headers that are not the shortest are refused", () => {
  // One byte for a value below 8, two for one below 256, for KID and for counter.
  for (const h of ["8007", "9000ff", "0807", "0900ff", "", "80", "0f01"]) {
    strictEqual(decodeHeader(unhex(h)), null, h);
  }
  throws(() => encodeHeader(1n << 64n, 0n));
  throws(() => encodeHeader(0n, 1n << 64n));
  throws(() => encodeHeader(-1n, 0n));
});

test("a frame that was touched does not open", async () => {
  const base = new Uint8Array(16).fill(7);
  const key = await deriveKey(4, 0x10041n, base);
  const metadata = utf8("here") as Bytes;
  const frame = await seal(key, 500n, metadata, utf8("a picture") as Bytes);
  const header = decodeHeader(frame)!;
  deepStrictEqual(await open(key, header, metadata, frame), utf8("a picture"));
  for (let i = 0; i < frame.length; i++) {
    const bad = frame.slice();
    bad[i]! ^= 1;
    const h = decodeHeader(bad);
    if (h) await rejects(open(key, h, metadata, bad), `byte ${i}`);
  }
  await rejects(open(key, header, utf8("there") as Bytes, frame), "other metadata");
  await rejects(open(key, header, metadata, frame.subarray(0, frame.length - 1)), "cut short");
  const other = await deriveKey(4, 0x10042n, base);
  await rejects(open(other, header, metadata, frame), /another KID/);
});

test("a sender's key does not open, and no key can be read out", async () => {
  const key = await deriveKey(4, 1n, new Uint8Array(16), ["encrypt"]);
  const metadata = new Uint8Array(0);
  const frame = await seal(key, 0n, metadata, new Uint8Array(3));
  await rejects(open(key, decodeHeader(frame)!, metadata, frame));
  strictEqual(key.aead.extractable, false);
});
