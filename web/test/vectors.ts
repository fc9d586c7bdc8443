/** Test vectors: those of the standards beside the repository, and our own in testdata/. For tests only. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { type Bytes, hex } from "../src/e2ee/mls/codec";

/** The repository's root; test/run.mjs says where it is. */
export const root = process.env.INCAMERA_ROOT ?? resolve(process.cwd(), "..");

const official = resolve(root, process.env.INCAMERA_VECTORS ?? "../shared/vectors");

export function unhex(s: string): Bytes {
  return new Uint8Array(Buffer.from(s, "hex"));
}

/** Throws unless the bytes are those that the hex says. */
export function same(got: Uint8Array, want: string, what: string): void {
  if (hex(got) !== want) throw new Error(`${what}: got ${hex(got)}, want ${want}`);
}

/** Text of an official vector file. Null where there are none; the test is then skipped, or fails when CI is set. */
export function officialFile(t: TestContext, path: string): string | null {
  const file = join(official, path);
  if (existsSync(file)) return readFileSync(file, "utf8");
  if (process.env.CI) throw new Error(`no official vectors: ${path}`);
  t.skip(`no official vectors (${path}): set INCAMERA_VECTORS`);
  return null;
}

/** Runs a check over each vector that select takes, and prints how many passed and were left out. */
export async function eachVector<V>(
  t: TestContext,
  path: string,
  select: (v: V) => boolean,
  check: (v: V, i: number) => void | Promise<void>,
): Promise<void> {
  const text = officialFile(t, path);
  if (text === null) return;
  const all = JSON.parse(text) as V[];
  let passed = 0;
  let skipped = 0;
  for (const [i, v] of all.entries()) {
    if (!select(v)) {
      skipped++;
      continue;
    }
    try {
      await check(v, i);
    } catch (cause) {
      throw new Error(`${path}, vector ${i}`, { cause });
    }
    passed++;
  }
  if (passed === 0) throw new Error(`${path}: no vector was run`);
  t.diagnostic(`${path}: ${passed} pass, ${skipped} skipped (other suites)`);
}

/** The JSON files of a folder of testdata/. Fails when there are none. */
export function ours<V>(folder: string): { name: string; content: V }[] {
  const dir = join(root, "testdata", folder);
  const names = existsSync(dir) ? readdirSync(dir).filter((f) => f.endsWith(".json")) : [];
  if (names.length === 0) throw new Error(`no vectors in testdata/${folder}`);
  return names.sort().map((name) => {
    return { name, content: JSON.parse(readFileSync(join(dir, name), "utf8")) as V };
  });
}
