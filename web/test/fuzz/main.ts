/** Runs every target for some seconds; what is found is kept in testdata/fuzz, which src/fuzz.test.ts repeats. For tests only. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bytes, hex } from "../../src/e2ee/mls/codec";
import { random } from "../random";
import { root } from "../vectors";
import { mutate } from "./mutate";
import { type Target, targets } from "./targets";

const seconds = Number(process.argv[2] ?? 30);
const only = process.argv[3];

async function fuzz(t: Target, seed: number): Promise<boolean> {
  const r = random(seed);
  const end = Date.now() + seconds * 1000;
  let n = 0;
  const tried = async (b: Bytes): Promise<boolean> => {
    n++;
    try {
      await t.run(b);
      return true;
    } catch (e) {
      const folder = join(root, "testdata", "fuzz", t.name);
      mkdirSync(folder, { recursive: true });
      const file = join(folder, createHash("sha256").update(b).digest("hex").slice(0, 16));
      writeFileSync(file, `${hex(b)}\n`);
      console.log(`${t.name}: found after ${n}, kept in ${file}:`, e);
      return false;
    }
  };
  for (const s of t.seeds) if (!(await tried(s))) return false;
  while (Date.now() < end)
    for (let i = 0; i < 100; i++) if (!(await tried(mutate(t.seeds, r)))) return false;
  console.log(`${t.name}: ${n} inputs, nothing found (seed ${seed})`);
  return true;
}

let bad = 0;
let ran = 0;
for (const t of await targets()) {
  if (only && t.name !== only) continue;
  ran++;
  if (!(await fuzz(t, Number(process.env.SEED ?? Date.now() % 1_000_000)))) bad++;
}
if (ran === 0) console.log("fuzz: no target of that name");
process.exit(bad > 0 || ran === 0 ? 1 : 0);
