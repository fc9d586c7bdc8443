import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeApp } from "./app";
import { type Bytes, hex, sha256, unhex, utf8 } from "./bytes";
import { type Between, directInfo, openDirect, type Private, sealDirect } from "./direct";
import {
  CHUNK,
  chunksOf,
  FileCipher,
  fileDigest,
  largestFile,
  OVERHEAD,
  paddedSize,
  sealedSize,
} from "./file";

function vector<T>(name: string): T {
  const root = process.env.INCAMERA_ROOT ?? "..";
  return JSON.parse(readFileSync(`${root}/testdata/e2ee/${name}.json`, "utf8")) as T;
}

const file = vector<{
  room: string;
  id: string;
  key: string;
  sizes: { size: number; padded: number }[];
  files: {
    size: number;
    padded: number;
    chunks: number;
    sealed: number;
    first: string;
    sha256: string;
    digest: string;
  }[];
}>("file");

const content = (n: number): Bytes =>
  Uint8Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255);

const cipher = (size: number, change: { room?: string; id?: string; key?: string } = {}) => {
  const { room, id, key } = { ...file, ...change };
  return FileCipher.make(room, unhex(id), unhex(key), size);
};

async function sealAll(c: FileCipher): Promise<Bytes[]> {
  const all = content(c.size);
  const out: Bytes[] = [];
  for (let i = 0; i < c.chunks; i++)
    out.push(await c.seal(i, all.slice(i * CHUNK, (i + 1) * CHUNK)));
  return out;
}

test("file: sealed as in the vectors, and opened again", async () => {
  assert(file.files.length > 5 && file.sizes.length > 3);
  for (const { size, padded } of file.sizes) assert.equal(paddedSize(size), padded);
  for (const v of file.files) {
    const c = await cipher(v.size);
    assert.deepEqual(
      [paddedSize(v.size), c.chunks, sealedSize(v.size)],
      [v.padded, v.chunks, v.sealed],
    );
    const chunks = await sealAll(c);
    assert.equal(hex(chunks[0]!.subarray(0, 32)), v.first);
    assert.equal(hex(await sha256(...chunks)), v.sha256, `${v.size} bytes`);
    const hashes = await Promise.all(chunks.map((chunk) => sha256(chunk)));
    assert.equal(hex(await fileDigest(hashes)), v.digest);
    const opened = await Promise.all(chunks.map((chunk, i) => c.open(i, chunk)));
    assert.equal(hex(await sha256(...opened)), hex(await sha256(content(v.size))));
  }
});

test("file: nothing but the chunk of that place opens", async () => {
  const size = 3 * CHUNK + 5;
  const c = await cipher(size);
  const chunks = await sealAll(c);
  const bent = chunks[1]!.slice();
  bent[100]! ^= 1;
  const shorter = await cipher(2 * CHUNK);
  const refused: Record<string, [FileCipher, number, Bytes]> = {
    "another place": [c, 0, chunks[1]!],
    "a bit": [c, 1, bent],
    "cut short": [c, 1, chunks[1]!.slice(0, -1)],
    "no chunk at all": [c, 1, new Uint8Array()],
    "the end of a shorter file": [shorter, 1, chunks[1]!],
    "another room": [await cipher(size, { room: "bbcdefghijklmnopqrstuvwxyz" }), 1, chunks[1]!],
    "another file": [await cipher(size, { id: "ff".repeat(16) }), 1, chunks[1]!],
    "another key": [await cipher(size, { key: "ff".repeat(32) }), 1, chunks[1]!],
    "beyond the end": [c, 4, chunks[3]!],
    "before the start": [c, -1, chunks[0]!],
  };
  for (const [what, [by, index, chunk]] of Object.entries(refused))
    await assert.rejects(by.open(index, chunk), Error, what);
  // Padding that is not empty hides something.
  const small = await cipher(10);
  const sealed = await (await cipher(256)).seal(0, content(256));
  await assert.rejects(small.open(0, sealed), /padding/);
  await assert.rejects(c.seal(0, content(5)), /content/);
});

test("file: the largest that fits", () => {
  for (const limit of [272, 1000, 65_536, 100 * 2 ** 20, 2 ** 40]) {
    const n = largestFile(limit);
    assert(sealedSize(n) <= limit && sealedSize(n + 1) > limit, `${n} for ${limit}`);
  }
  assert.equal(largestFile(100), -1);
  assert(largestFile(100 * 2 ** 20) >= 100e6);
  assert.equal(chunksOf(0), 1);
  assert.equal(OVERHEAD, 16);
});

const direct = vector<{
  room: string;
  from: string;
  to: string;
  private: string;
  key: string;
  info: string;
  boxes: { box: string }[];
  said: string[];
}>("direct");
const between: Between = { room: direct.room, from: direct.from, to: direct.to };
const pair = { priv: unhex(direct.private), pub: unhex(direct.key) };

test("direct: boxes of Go are opened, and ours come back", async () => {
  assert.equal(hex(directInfo(between)), direct.info);
  assert(direct.boxes.length > 1);
  for (const [i, { box }] of direct.boxes.entries()) {
    const want = decodeApp(unhex(direct.said[i]!));
    assert.deepEqual(await openDirect(between, pair, box), want);
    const again = await sealDirect(between, pair.pub, want as Private);
    assert.equal(again.box.length, box.length); // padded alike
    assert.deepEqual(await openDirect(between, pair, again.box), want);
  }
});

test("direct: nobody else opens it, and nobody passes it on as his own", async () => {
  const { box } = direct.boxes[0]!;
  const other = { priv: unhex("11".repeat(32)), pub: pair.pub };
  const bent = `${box.slice(0, 70)}${box[70] === "A" ? "B" : "A"}${box.slice(71)}`;
  for (const [what, where, key, text] of [
    ["another", between, other, box],
    ["passed on", { ...between, from: "cy" }, pair, box],
    ["another session", { ...between, to: "ben2" }, pair, box],
    ["another room", { ...between, room: "bbcdefghijklmnopqrstuvwxyz" }, pair, box],
    ["a bit", between, pair, bent],
    ["a key of small order", between, pair, btoa("\0".repeat(60))],
  ] as const)
    assert.equal(await openDirect(where, key, text), null, what);
  const chat: Private = { kind: "chat", id: "0123456789abcdef", text: "x" };
  await assert.rejects(sealDirect(between, new Uint8Array(32), chat));
  assert.equal(utf8(chat.text).length, 1);
});
