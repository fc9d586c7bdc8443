import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meterOf } from "./level";

const LOOK = 0.15; // s, as voices are measured

/** What a meter says that looks at a signal each 150 ms, from the first look on. */
function looks(rate: number, signal: Float32Array): number[] {
  let end = 0; // of what has been played
  const analyser = {
    fftSize: 0,
    getFloatTimeDomainData(samples: Float32Array) {
      const first = end - this.fftSize;
      for (let i = 0; i < samples.length; i++) samples[i] = signal[first + i] ?? 0;
    },
  };
  const context = {
    sampleRate: rate,
    state: "running",
    createAnalyser: () => analyser,
    createMediaStreamSource: () => ({ connect() {}, disconnect() {} }),
  } as unknown as AudioContext;
  Object.assign(globalThis, { MediaStream: class {} });
  const meter = meterOf(context, {} as MediaStreamTrack);
  const out: number[] = [];
  while (end + LOOK * rate <= signal.length) {
    end += Math.round(LOOK * rate);
    out.push(meter.level());
  }
  return out;
}

/** Silence with one sound in it, s from the beginning. */
function once(rate: number, at: number, long: number): Float32Array {
  const signal = new Float32Array(rate);
  const from = Math.round(at * rate);
  for (let i = from; i < from + long * rate; i++) signal[i] = 0.3 * Math.sin(i / 10);
  return signal;
}

describe("meter", () => {
  it("hears a short sound whenever it comes, between two looks as well", () => {
    for (const rate of [44_100, 48_000, 96_000])
      for (let at = 0.01; at < 0.8; at += 0.01) {
        const loudest = Math.max(...looks(rate, once(rate, at, 0.04)));
        assert.ok(loudest > 0.8, `at ${at} s of ${rate} Hz: ${loudest}`);
      }
  });

  it("has forgotten a sound after a quarter of a second", () => {
    for (const rate of [8_000, 44_100, 48_000, 96_000]) {
      const heard = looks(rate, once(rate, 0.05, 0.04));
      assert.ok((heard[1] ?? 1) + (heard[2] ?? 1) < 2, `${rate} Hz: ${heard}`);
      assert.deepEqual(
        heard.slice(3),
        heard.slice(3).map(() => 0),
        `${rate} Hz`,
      );
    }
  });

  it("is as loud for a long sound as for a short one, and silent for silence", () => {
    const long = looks(48_000, once(48_000, 0, 1)).slice(2);
    const short = Math.max(...looks(48_000, once(48_000, 0.3, 0.04)));
    for (const level of long) assert.ok(Math.abs(level - short) < 0.02, `${level}, not ${short}`);
    assert.equal(Math.max(...looks(48_000, new Float32Array(48_000))), 0);
  });
});
