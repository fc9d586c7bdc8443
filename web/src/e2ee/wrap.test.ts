import { deepStrictEqual, strictEqual, throws } from "node:assert";
import test from "node:test";
import { random } from "../../test/random";
import { ours, same, unhex } from "../../test/vectors";
import { type Bytes, cat } from "./bytes";
import type { CodecName } from "./protocol";
import { codecId, pad, unpad, unwrap, wrap } from "./wrap";

const codecs: CodecName[] = ["opus", "vp8", "vp9", "av1", "h264"];

const sps = "6742c01f0fd91f8888840000030004000003 00c83c60c920".replace(" ", "");

/** PROTOCOL.md 3.3, spelt out for the body 01 00 00 02. */
const table: [CodecName, boolean, string][] = [
  ["opus", true, "01000002"],
  ["vp9", true, "01000002"],
  ["vp9", false, "01000002"],
  ["vp8", true, "10 02 00 9d 01 2a 10 00 10 00 01000002"],
  ["vp8", false, "11 01000002"],
  ["av1", true, "0a 0a 00 00 00 04 3c ff bc da 30 08 32 04 01000002"],
  ["av1", false, "32 04 01000002"],
  ["h264", true, `00000001${sps} 00000001 6887cb83cb20 00000001 658880 0100000302 80`],
  ["h264", false, "00000001 419a80 0100000302 80"],
];

test("each codec has its constant wrapper", () => {
  const body = unhex("01000002");
  for (const [codec, key, want] of table) {
    const frame = wrap(codec, key, body);
    same(frame, want.replaceAll(" ", ""), `${codec} ${key}`);
    deepStrictEqual(new Uint8Array(unwrap(codec, frame)!), body);
  }
  deepStrictEqual(codecId, { opus: 1, vp8: 2, vp9: 3, av1: 4, h264: 5 });
});

interface FrameVector {
  codec: number;
  key: boolean;
  body: string;
  frame: string;
  /** "unwrap": a depacketiser has changed the frame, so that nobody wraps it to this. */
  only?: string;
}

interface PadVector {
  media: string;
  payload: string;
  padded: string;
}

interface RefuseVectors {
  unwrap: { codec: number; frame: string }[];
  unpad: string[];
}

const named = (id: number): CodecName => codecs.find((c) => codecId[c] === id)!;

test("the vectors that Go makes", (t) => {
  const files = new Map(ours<unknown>("wrap").map((f) => [f.name, f.content]));
  const frames = files.get("frames.json") as FrameVector[];
  for (const v of frames) {
    const codec = named(v.codec);
    if (v.only !== "unwrap") same(wrap(codec, v.key, unhex(v.body)), v.frame, codec);
    same(unwrap(codec, unhex(v.frame))!, v.body, `${codec} ${v.frame}`);
  }
  const pads = files.get("pad.json") as PadVector[];
  for (const v of pads) {
    same(pad(v.media === "audio" ? "opus" : "vp8", unhex(v.payload)), v.padded, v.media);
    same(unpad(unhex(v.padded))!, v.payload, v.media);
  }
  const refuse = files.get("refuse.json") as RefuseVectors;
  for (const v of refuse.unwrap) strictEqual(unwrap(named(v.codec), unhex(v.frame)), null, v.frame);
  for (const v of refuse.unpad) strictEqual(unpad(unhex(v)), null, v);
  strictEqual(
    frames.length > 100 && pads.length > 20 && refuse.unwrap.length > 10 && refuse.unpad.length > 8,
    true,
  );
  t.diagnostic(
    `wrap: ${frames.length} frames, ${pads.length} paddings, ${refuse.unwrap.length + refuse.unpad.length} refused`,
  );
});

test("any body comes back, zeros and start codes in it too", () => {
  const r = random(1);
  for (let i = 0; i < 3000; i++) {
    const n = 1 + r.below(r.chance(5) ? 20_000 : 60);
    const few = r.chance(70); // bytes of which emulation prevention is made
    const body = few ? Uint8Array.from({ length: n }, () => r.below(5) % 4) : r.bytes(n);
    const key = r.chance(50);
    for (const codec of codecs) {
      const frame = wrap(codec, key, body);
      deepStrictEqual(new Uint8Array(unwrap(codec, frame)!), body, `${codec}, round ${i}`);
      if (codec === "h264") checkEmulation(frame.subarray(key ? 44 : 7));
    }
  }
});

/** No start code, and no other forbidden three bytes, in what emulation prevention covers. */
function checkEmulation(b: Uint8Array): void {
  for (let i = 0; i + 2 < b.length; i++) {
    strictEqual(b[i] === 0 && b[i + 1] === 0 && b[i + 2]! < 3, false, `at ${i}`);
  }
}

test("what packetisers add in front is skipped", () => {
  const body = unhex("c0ffee000001");
  const av1 = wrap("av1", true, body);
  deepStrictEqual(new Uint8Array(unwrap("av1", cat(unhex("1200"), av1))!), body);
  const noSize = cat(unhex("30"), body); // the last OBU may have no size
  deepStrictEqual(new Uint8Array(unwrap("av1", noSize)!), body);
  const extended = cat(unhex("3600"), unhex("06"), body);
  deepStrictEqual(new Uint8Array(unwrap("av1", extended)!), body);
  const h264 = wrap("h264", true, body);
  const short = unhex(Buffer.from(h264).toString("hex").replaceAll("00000001", "000001"));
  deepStrictEqual(new Uint8Array(unwrap("h264", short)!), body);
  const delimited = cat(unhex("0000000109f0"), h264);
  deepStrictEqual(new Uint8Array(unwrap("h264", delimited)!), body);
  for (const after of ["00", "0000", "0000000109f0"]) {
    deepStrictEqual(new Uint8Array(unwrap("h264", cat(h264, unhex(after)))!), body, after);
  }
});

test("what has no wrapper is refused", () => {
  const bad: [CodecName, string][] = [
    ["vp8", ""],
    ["vp8", "11"],
    ["vp8", "10020000000000000000"],
    ["av1", ""],
    ["av1", "1200"],
    ["av1", "3205aabb"],
    ["av1", "32ffffffff0f00"],
    ["av1", "32"],
    ["h264", ""],
    ["h264", "00000001"],
    ["h264", "0000000165888001"],
    ["h264", "00000001658880"],
    ["h264", "000000016742c01f"],
  ];
  for (const [codec, frame] of bad) strictEqual(unwrap(codec, unhex(frame)), null, codec + frame);
});

test("random bytes never make it throw", () => {
  const r = random(2);
  for (let i = 0; i < 20_000; i++) {
    const b = r.bytes(r.below(40));
    for (const codec of codecs) unwrap(codec, b);
    unpad(b);
  }
});

test("audio fills few sizes, video none", () => {
  const sizes: [number, number][] = [
    [0, 96],
    [92, 96],
    [93, 160],
    [156, 160],
    [157, 288],
    [284, 288],
    [285, 320],
    [316, 320],
    [317, 480],
  ];
  for (const [n, want] of sizes) {
    strictEqual(pad("opus", new Uint8Array(n)).length, want, `${n} bytes`);
    strictEqual(pad("vp8", new Uint8Array(n)).length, n + 4);
  }
  const r = random(3);
  for (const codec of codecs) {
    const payload: Bytes = r.bytes(1 + r.below(70_000));
    deepStrictEqual(unpad(pad(codec, payload)), payload);
  }
  throws(() => pad("vp8", new Uint8Array(1 << 24)));
});

test("padding that we did not make is refused", () => {
  strictEqual(unpad(unhex("")), null);
  strictEqual(unpad(unhex("000000")), null);
  strictEqual(unpad(unhex("01000001aa")), null, "flags");
  strictEqual(unpad(unhex("00000002aa")), null, "length");
  strictEqual(unpad(unhex("00ffffffaa")), null, "length");
  strictEqual(unpad(unhex("00000001aa01")), null, "padding");
  deepStrictEqual(unpad(unhex("00000001aa0000")), unhex("aa"));
});
