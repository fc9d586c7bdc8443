import { strictEqual, throws } from "node:assert";
import test from "node:test";
import { random } from "../../test/random";
import { ReplayWindow } from "./replay";

test("a counter is fresh once", () => {
  const w = new ReplayWindow(64);
  for (const ctr of [0, 5, 3, 64, 63]) {
    strictEqual(w.fresh(ctr), true, `${ctr}`);
    strictEqual(w.fresh(ctr), true, "asking does not mark");
    w.mark(ctr);
    strictEqual(w.fresh(ctr), false, `${ctr} again`);
  }
});

test("what is too old is not fresh, whatever was seen", () => {
  const w = new ReplayWindow(256);
  w.mark(1000);
  strictEqual(w.fresh(1000 - 255), true);
  strictEqual(w.fresh(1000 - 256), false);
  w.mark(744); // too old: nothing happens
  strictEqual(w.fresh(744), false);
  strictEqual(w.fresh(1000 - 255), true);
});

test("counters up to 2^53, and nothing else", () => {
  const w = new ReplayWindow(1024);
  const top = Number.MAX_SAFE_INTEGER;
  w.mark(3);
  w.mark(top);
  strictEqual(w.fresh(top), false);
  strictEqual(w.fresh(top - 1023), true);
  strictEqual(w.fresh(top - 1024), false);
  for (const bad of [-1, 0.5, Number.NaN, top + 1]) strictEqual(w.fresh(bad), false, `${bad}`);
  throws(() => new ReplayWindow(100));
});

test("as a list of everything seen would say", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const r = random(seed);
    const size = 32 * (1 + r.below(8));
    const w = new ReplayWindow(size);
    const seen = new Set<number>();
    let highest = -1;
    for (let i = 0; i < 2000; i++) {
      const jump = r.below(20) === 0 ? r.below(3 * size) : r.below(8);
      const ctr = Math.max(0, highest + jump - r.below(size + 40));
      const want = ctr > highest || (highest - ctr < size && !seen.has(ctr));
      strictEqual(
        w.fresh(ctr),
        want,
        `seed ${seed}, step ${i}, counter ${ctr}, highest ${highest}`,
      );
      if (!want || r.below(4) === 0) continue; // a quarter was not authentic
      w.mark(ctr);
      seen.add(ctr);
      highest = Math.max(highest, ctr);
    }
  }
});
