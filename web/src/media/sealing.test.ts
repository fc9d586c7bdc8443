import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Sealing } from "./sealing";

const vector = JSON.parse(
  readFileSync(`${process.env.INCAMERA_ROOT}testdata/e2ee/recording.json`, "utf8"),
) as { passphrase: string; iterations: number; salt: string; chunks: string[]; file: string };
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));

describe("a sealed recording", () => {
  it("is what Go opens", async () => {
    const { passphrase, salt, iterations, chunks } = vector;
    const decomposed = passphrase.normalize("NFD"); // as some keyboards type it
    const s = await Sealing.begin(decomposed, bytes(salt), iterations);
    const out: Uint8Array[] = [s.header];
    for (const [i, c] of chunks.entries()) {
      const last = i === chunks.length - 1;
      // An empty chunk in the middle is written by nobody, but is read.
      if (c === "" && !last) out.push(...(await (s as unknown as Raw).chunk(bytes(c), false)));
      else out.push(...(await s.seal(bytes(c), last)));
    }
    assert.equal(Buffer.concat(out).toString("hex"), vector.file);
  });

  it("has a salt of its own each time, and many iterations", async () => {
    const [a, b] = await Promise.all([Sealing.begin("x"), Sealing.begin("x")]);
    assert.notDeepEqual(a.header, b.header);
    assert.equal(new DataView(a.header.buffer).getUint32(8), 600_000);
  });

  it("is cut into chunks of at most 1 MiB, the last of which says so", async () => {
    const s = await Sealing.begin("x", new Uint8Array(16), 1);
    const heads = async (n: number, last: boolean) =>
      (await s.seal(new Uint8Array(n), last))
        .filter((_, i) => i % 2 === 0)
        .map((h) => new DataView(h.buffer).getUint32(0));
    assert.deepEqual(await heads(2 ** 20 + 3, false), [2 ** 20, 3]);
    assert.deepEqual(await heads(0, false), []);
    assert.deepEqual(await heads(2 ** 20, true), [2 ** 31 + 2 ** 20]);
    assert.deepEqual(await heads(0, true), [2 ** 31]);
  });
});

interface Raw {
  chunk(data: Uint8Array, last: boolean): Promise<Uint8Array[]>;
}
