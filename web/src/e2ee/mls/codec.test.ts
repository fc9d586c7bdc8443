/** Strict reading, and its bounds. */
import { deepStrictEqual, strictEqual, throws } from "node:assert";
import test from "node:test";
import { add, founder, groupOf, keyPackage } from "../../../test/mls";
import { random } from "../../../test/random";
import {
  cat,
  DecodeError,
  decode,
  encode,
  MAX_FIELD,
  MAX_LEAVES,
  MAX_LIST,
  MAX_MESSAGE,
  Reader,
  type Writer,
} from "./codec";
import { getSuite } from "./suite";
import { Tree } from "./tree";
import { decodeMessage, encodeMessage, type Message } from "./types";

const s = getSuite(1);

async function messages(): Promise<Message[]> {
  const g = await founder();
  const own = await keyPackage("x");
  const made = await g.commit({ proposals: [add(own)], public: true });
  const groupInfo = await made.next.groupInfo(true, true);
  return [
    made.commit,
    made.welcome!,
    { wire: 4, groupInfo },
    { wire: 5, keyPackage: own.kp },
    await made.next.encrypt(new Uint8Array(9)),
    (await made.next.commit({ public: true })).commit,
  ];
}

test("messages come back as they were, and not when cut, lengthened or of another version", async () => {
  for (const m of await messages()) {
    const b = encodeMessage(m);
    deepStrictEqual(encodeMessage(decodeMessage(b)), b);
    for (let n = 0; n < b.length; n++) {
      throws(() => decodeMessage(b.subarray(0, n)), DecodeError, `${m.wire} cut to ${n}`);
    }
    throws(() => decodeMessage(cat(b, Uint8Array.of(0))), DecodeError);
    throws(() => decodeMessage(cat(Uint8Array.of(0, 2), b.subarray(2))), DecodeError);
    throws(() => decodeMessage(cat(Uint8Array.of(0, 1, 0, 9), b.subarray(4))), DecodeError);
  }
});

test("what was altered is refused, or read as exactly what it says", async () => {
  const r = random(1);
  for (const m of await messages()) {
    const b = encodeMessage(m);
    for (let i = 0; i < 2000; i++) {
      const bad = b.slice();
      bad[r.below(bad.length)]! ^= 1 << r.below(8);
      let got: Message;
      try {
        got = decodeMessage(bad);
      } catch (e) {
        if (!(e instanceof DecodeError)) throw e;
        continue;
      }
      deepStrictEqual(encodeMessage(got), bad);
    }
  }
});

test("bounds", async () => {
  throws(() => decodeMessage(new Uint8Array(MAX_MESSAGE + 1)), /too long/);
  const [a] = await groupOf(2);
  const long = await a!.encrypt(new Uint8Array(MAX_MESSAGE));
  throws(() => encodeMessage(long), /too long/);
  const field = encode((w) => w.opaque(new Uint8Array(MAX_FIELD + 1)));
  throws(() => new Reader(field).opaque(), /too long/);
  strictEqual(new Reader(field).opaque(MAX_FIELD + 1).length, MAX_FIELD + 1);
  const list = encode((w) => w.u16s(new Array(MAX_LIST + 1).fill(1)));
  throws(() => new Reader(list).u16s(), /too long/);
  const blank = (w: Writer): void => w.u8(0);
  const nodes = encode((w) => w.list(new Array(2 * MAX_LEAVES).fill(0), blank));
  throws(() => Tree.parse(s, nodes), /too long/);
});

test("a group does not grow beyond its bound", async () => {
  const { tree } = await founder();
  const leaf = tree.leaf(0)!;
  const full = tree.clone();
  for (let i = 1; i < MAX_LEAVES; i++) full.addLeaf(leaf);
  strictEqual(full.leaves, MAX_LEAVES);
  throws(() => full.addLeaf(leaf), /full/);
});

test("lengths have one form", () => {
  for (const h of [[0x40, 0x3f], [0x80, 0, 0x3f, 0xff], [0xc0]]) {
    throws(() => new Reader(Uint8Array.from(h)).varint(), DecodeError);
  }
  throws(() => decode(Uint8Array.of(2), (r) => r.optional()), DecodeError);
  throws(() => decode(Uint8Array.of(3, 1, 2), (r) => r.opaque()), DecodeError);
});

test("trees that are none", () => {
  // Empty, of blanks, with a blank at the end, of unknown nodes, with a parent for a leaf.
  const bad = [[0], [1, 0], [2, 0, 0], [2, 1, 3], [5, 1, 2, 0, 0, 0], []];
  for (const b of bad) throws(() => Tree.parse(s, Uint8Array.from(b)), DecodeError, `${b}`);
});
