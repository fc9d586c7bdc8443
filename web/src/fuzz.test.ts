/** A short run of every fuzz target, and all that longer ones have found (`make fuzz`). */
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { mutate } from "../test/fuzz/mutate";
import { targets } from "../test/fuzz/targets";
import { random } from "../test/random";
import { root, unhex } from "../test/vectors";

test("every parser reads what it wrote, and nothing in two ways", async (t) => {
  for (const target of await targets()) {
    await t.test(target.name, async () => {
      const dir = join(root, "testdata", "fuzz", target.name);
      const found = existsSync(dir)
        ? readdirSync(dir).map((f) => readFileSync(join(dir, f), "utf8"))
        : [];
      assert(target.seeds.length > 0);
      for (const b of [...target.seeds, ...found.map((text) => unhex(text.trim()))])
        await target.run(b);
      const r = random(1);
      for (let i = 0; i < 100; i++) await target.run(mutate(target.seeds, r));
    });
  }
});
