import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { signal } from "@preact/signals-core";
import { FakeBrowser, FakeStream, FakeTrack } from "./fake";
import { FakeSound } from "./fakesound";
import { Layout } from "./layout";
import type { SeatView } from "./tiles";
import { Voices } from "./voices";

/** Two who are heard, and the layout of who hears them. */
function hearing() {
  const b = new FakeBrowser();
  const sound = new FakeSound();
  b.env.audioContext = () => sound.context;
  const layout = new Layout({ get: () => null, set() {}, remove() {} });
  const sets: ReadonlySet<string>[] = [];
  const voices = new Voices(
    b.env,
    () => {},
    { mic: { track: signal(null) }, hear: () => 0, deaf: false },
    () => "me",
    (speaking) => {
      sets.push(speaking);
      layout.hear(speaking, "me", b.env.now());
    },
  );
  const tracks = new Map<string, FakeTrack>();
  const seats = ["ben", "cleo"].map((session, index) => {
    const track = new FakeTrack("audio");
    tracks.set(session, track);
    const stream = new FakeStream([track]);
    return { index, source: "mic", session, state: "open", stream } as unknown as SeatView;
  });
  voices.setSeats(seats);
  const speaks = (session: string, on: boolean): void =>
    sound.set(tracks.get(session) as FakeTrack, on ? 0.3 : 0);
  return { b, voices, layout, sets, speaks };
}

describe("voices", () => {
  it("have who goes on speaking lead, when the moment of whoever did before is over", async () => {
    const { b, layout, voices, speaks } = hearing();
    speaks("cleo", true);
    await b.clock.pass(300);
    assert.equal(layout.lead.value.session, "cleo");
    speaks("cleo", false);
    speaks("ben", true);
    await b.clock.pass(1_200); // cleo is quiet for good, and ben has begun: the last change of who speaks
    assert.equal(layout.lead.value.session, "cleo");
    await b.clock.pass(1_000);
    assert.equal(layout.lead.value.session, "ben");
    voices.close();
  });

  it("tell of a new set only when it is of others", async () => {
    const { b, sets, voices, speaks } = hearing();
    speaks("ben", true);
    await b.clock.pass(1_000);
    assert.deepEqual(
      [...new Set(sets)].map((s) => [...s]),
      [[], ["ben"]],
    );
    voices.close();
  });
});
