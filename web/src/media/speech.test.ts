import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hearLevel, isSpeech, SILENCE, type Speech } from "./speech";

const EVERY = 150; // ms, as voices are measured

/** Hears levels one after the other, and says at which of them there is speech. */
function hear(levels: readonly number[], s: Speech = SILENCE): boolean[] {
  let now = 1_000_000;
  return levels.map((level) => {
    now += EVERY;
    s = hearLevel(s, level, now);
    return isSpeech(s, now);
  });
}

const times = (n: number, level: number): number[] => Array<number>(n).fill(level);
const changes = (heard: readonly boolean[]): number =>
  heard.filter((is, i) => is !== (heard[i - 1] ?? false)).length;
/** Numbers from 0 to 1, the same each time. */
function numbers(seed: number): () => number {
  let x = seed;
  return () => {
    x = (x * 1_103_515_245 + 12_345) % 2 ** 31;
    return x / 2 ** 31;
  };
}

describe("speech", () => {
  it("is none while it is silent, or no louder than a quiet room", () => {
    assert.equal(hear(times(400, 0)).includes(true), false);
    assert.equal(hear(times(400, 0.24)).includes(true), false);
    const r = numbers(1);
    assert.equal(hear(times(400, 0).map(() => 0.2 * r())).includes(true), false);
  });

  it("begins with the first loud moment", () => {
    assert.deepEqual(hear([0.1, 0.1, 0.6]), [false, false, true]);
  });

  it("goes on between words, and in a voice that sinks", () => {
    assert.equal(changes(hear([0.6, ...times(4, 0.05), 0.6, ...times(4, 0), 0.5])), 1);
    assert.equal(changes(hear([0.6, ...times(40, 0.05).map((q, i) => (i % 3 ? q : 0.22))])), 1);
  });

  it("ends after a pause, and takes more to begin than to go on", () => {
    const heard = hear([0.6, ...times(8, 0.05)]);
    assert.equal(heard.at(-1), false);
    assert.deepEqual(hear([0.22, 0.05, 0.22]), [false, false, false]);
  });

  it("is not what goes on without end: a fan, a street, a tone", () => {
    for (const level of [0.3, 0.5, 0.9]) {
      const heard = hear(times(400, level));
      assert.equal(heard.at(-1), false, `${level} is still speech after a minute`);
      assert.equal(changes(heard), 2);
    }
  });

  it("is heard above a noise that is known", () => {
    const r = numbers(2);
    const street = times(400, 0).map(() => 0.4 + 0.05 * r());
    const heard = hear([...street, 0.75, 0.45, 0.7]);
    assert.deepEqual(heard.slice(-4), [false, true, true, true]);
  });

  it("is noticed for minutes when somebody does not stop talking", () => {
    const r = numbers(3);
    const talk = times(1200, 0).map((_, i) => (i % 5 === 4 ? 0.1 : 0.4 + 0.3 * r()));
    assert.equal(hear(talk).includes(false), false);
  });

  it("changes a few times a second at most, whatever is heard", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const r = numbers(seed);
      const heard = hear(times(400, 0).map(() => (r() < 0.2 ? 1 : 0)));
      let last = Number.NEGATIVE_INFINITY;
      heard.forEach((is, i) => {
        if (!is && heard[i - 1]) {
          assert.ok((i - last) * EVERY >= 700, "ended sooner than it may");
        }
        if (is && !heard[i - 1]) last = i;
      });
    }
  });
});
