import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settle } from "./fake";
import { type Treat, type Treated, Treatment } from "./treatment";

const track = (name: string) => ({ name }) as unknown as MediaStreamTrack;

/** A treatment that the test lets succeed or fail. */
class Bench {
  readonly asked: {
    source: MediaStreamTrack;
    failed: () => void;
    done: () => void;
    no: () => void;
  }[] = [];
  closed = 0;
  readonly treat: Treat = (source, failed) =>
    new Promise<Treated>((resolve, reject) => {
      const treated = { track: track("treated"), close: () => void this.closed++ };
      this.asked.push({
        source,
        failed,
        done: () => resolve(treated),
        no: () => reject(new Error()),
      });
    });
}

describe("a treatment of a device's track", () => {
  it("lets a track through as it is while none is chosen", () => {
    const t = new Treatment(true);
    const raw = track("raw");
    t.feed(raw);
    assert.equal(t.track.value, raw);
    t.feed(null);
    assert.equal(t.track.value, null);
  });

  for (const strict of [true, false]) {
    it(`${strict ? "strict: lets nothing" : "lenient: lets the untreated track"} out until it works, and when it fails`, async () => {
      const bench = new Bench();
      const t = new Treatment(strict);
      let failed = 0;
      t.onFailed = () => void failed++;
      const raw = track("raw");
      const otherwise = strict ? null : raw;
      const seen: (MediaStreamTrack | null)[] = [];
      t.use(bench.treat);
      t.track.subscribe((x) => void seen.push(x));
      t.feed(raw);
      assert.equal(t.track.value, otherwise);
      assert.equal(t.loading.value, true);
      bench.asked[0]?.done();
      await settle();
      assert.equal((t.track.value as unknown as { name: string }).name, "treated");
      assert.equal(t.loading.value, false);
      bench.asked[0]?.failed();
      assert.equal(t.track.value, otherwise);
      assert.equal(failed, 1);
      assert.equal(bench.closed, 1);
      bench.asked[0]?.failed();
      assert.equal(failed, 1, "told twice");
      if (strict) assert.ok(!seen.includes(raw), "the untreated track came out");
    });
  }

  it("strict: the next device is treated, too, after a failure", async () => {
    const bench = new Bench();
    const t = new Treatment(true);
    t.use(bench.treat);
    t.feed(track("one"));
    bench.asked[0]?.no();
    await settle();
    assert.equal(t.track.value, null);
    t.feed(track("two"));
    assert.equal(t.track.value, null, "an untreated picture came out");
    bench.asked[1]?.done();
    await settle();
    assert.equal((t.track.value as unknown as { name: string }).name, "treated");
  });

  it("is not undone by an attempt that was overtaken", async () => {
    const bench = new Bench();
    const t = new Treatment(true);
    t.use(bench.treat);
    t.feed(track("one"));
    t.use(null);
    bench.asked[0]?.done();
    await settle();
    assert.equal((t.track.value as unknown as { name: string }).name, "one");
    assert.equal(bench.closed, 1);
  });
});
