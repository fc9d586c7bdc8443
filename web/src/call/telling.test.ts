import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppPayload } from "../e2ee/protocol";
import { FakeBrowser, type FakeTrack, settle } from "./fake";
import { FakeSound } from "./fakesound";
import type { AppModel } from "./model";
import { inMeeting, joinedMessage, linkAddress, member, peersMessage, rosterOf } from "./steps";

const sessionOf = (i: number): string => `m${i}`;

interface World {
  b: FakeBrowser;
  app: AppModel;
  /** How loud our microphone is: 0 or 1. */
  be(loud: number): void;
  /** Whether the browser lets the page hear anything. */
  listens(on: boolean): void;
  told(): boolean[];
}

/** A meeting with so many others, of whom the server says that all send their microphones. They have said nothing themselves. */
async function meeting(others: number): Promise<World> {
  const b = new FakeBrowser(linkAddress);
  const sound = new FakeSound();
  b.env.audioContext = () => sound.context;
  const { app } = await inMeeting(b);
  const w: World = {
    b,
    app,
    be: (loud) => sound.set(b.devices.opened.find((t) => t.kind === "audio") as FakeTrack, loud),
    listens: (on) => {
      sound.running = on;
    },
    told: () => b.socket.of("speaking").map((m) => m.on),
  };
  await comeIn(w, "ann", others);
  return w;
}

async function comeIn({ b }: World, me: string, others: number): Promise<void> {
  const list = Array.from({ length: others }, (_, i) => sessionOf(i));
  b.socket.say(peersMessage(list.map((session) => ({ session, on: ["mic"] }))));
  await rosterOf(b, [member(me, 0, true), ...list.map((session, i) => member(session, i + 1))]);
}

/** Somebody says, inside the encryption, that the microphone is on, or off. */
function says({ b }: World, i: number, mic: boolean): void {
  const payload: AppPayload = { kind: "state", mic, camera: false, screen: false };
  const name = sessionOf(i);
  b.worker.tell({ type: "said", session: name, name, self: false, payload });
}

async function crowd(others: number): Promise<World> {
  const w = await meeting(others);
  for (let i = 0; i < others; i++) says(w, i, true);
  await settle();
  return w;
}

const sees = (w: World): boolean =>
  w.app.meeting.security.value.serverSees.some((s) => s.startsWith("Who is speaking"));
const doesNotSee = (w: World): boolean =>
  w.app.meeting.security.value.serverDoesNotSee.includes("Who is speaking");

describe("telling the server who speaks", () => {
  it("is not done up to 16 open microphones, and the security panel says so", async () => {
    const w = await crowd(15);
    w.be(1);
    await w.b.clock.pass(2_000);
    assert.ok(w.app.meeting.people.value.find((p) => p.self)?.speaking, "nobody speaks");
    assert.deepEqual(w.told(), []);
    assert.deepEqual([sees(w), doesNotSee(w)], [false, true]);
  });

  it("is not done because the server says that so many microphones are open", async () => {
    const w = await meeting(40);
    w.be(1);
    for (let i = 0; i < 15; i++) says(w, i, true);
    for (let i = 15; i < 40; i++) says(w, i, false);
    await w.b.clock.pass(2_000);
    assert.deepEqual(w.told(), []);
    assert.equal(doesNotSee(w), true);
  });

  it("is done above 16: at once, and once for a turn; the security panel says so", async () => {
    const w = await crowd(16);
    await w.b.clock.pass(2_000);
    assert.deepEqual(w.told(), [], "silence is told");
    assert.deepEqual([sees(w), doesNotSee(w)], [true, false]);
    w.be(1);
    await w.b.clock.pass(200);
    assert.deepEqual(w.told(), [true]);
    for (let i = 0; i < 10; i++) {
      w.be(i % 2); // words
      await w.b.clock.pass(400);
    }
    assert.deepEqual(w.told(), [true]);
    w.be(0);
    await w.b.clock.pass(1_000);
    assert.deepEqual(w.told(), [true, false]);
  });

  it("says nothing while muted, not that we have stopped either", async () => {
    const w = await crowd(20);
    w.be(1);
    await w.b.clock.pass(500);
    w.app.meeting.toggleMic();
    await w.b.clock.pass(3_000);
    assert.deepEqual(w.told(), [true]);
    w.app.meeting.toggleMic();
    await w.b.clock.pass(500);
    assert.deepEqual(w.told(), [true, true]);
  });

  it("is not done for the noise of the room, which is known before the microphone is on", async () => {
    const w = await crowd(20);
    w.app.meeting.toggleMic();
    w.be(0.0043); // a fan
    await w.b.clock.pass(7_000); // the socket is taken for broken after 10 s
    w.app.meeting.toggleMic();
    await w.b.clock.pass(1_500);
    assert.deepEqual(w.told(), []);
    w.be(0.5);
    await w.b.clock.pass(300);
    assert.deepEqual(w.told(), [true]);
  });

  it("is done all the time where the browser lets the page hear nothing, but not while muted", async () => {
    const w = await crowd(20);
    w.listens(false);
    await w.b.clock.pass(5_000);
    assert.deepEqual(
      w.told(),
      [true],
      "who cannot be heard by his own page is never heard by others",
    );
    assert.equal(w.app.meeting.people.value.find((p) => p.self)?.speaking, false, "and is marked");
    w.app.meeting.toggleMic();
    await w.b.clock.pass(1_000);
    assert.deepEqual(w.told(), [true]);
    w.app.meeting.toggleMic();
    await w.b.clock.pass(1_000);
    assert.deepEqual(w.told(), [true, true]);
    w.listens(true);
    await w.b.clock.pass(1_000);
    assert.deepEqual(w.told(), [true, true, false]);
  });

  it("comes after the word that the microphone is on: the server believes it of no other", async () => {
    const w = await crowd(20);
    w.be(1);
    await w.b.clock.pass(500);
    w.app.meeting.toggleMic();
    await settle();
    w.app.meeting.toggleMic(); // we are taken to speak still
    await settle();
    assert.deepEqual(w.told(), [true, true]);
    const types = w.b.socket.sent.map((m) => m.type);
    assert.ok(types.lastIndexOf("sources") < types.lastIndexOf("speaking"));
  });

  it("ends when microphones are switched off, and begins when others are switched on", async () => {
    const w = await crowd(16);
    w.be(1);
    await w.b.clock.pass(500);
    says(w, 3, false);
    await settle();
    assert.deepEqual(w.told(), [true, false]);
    assert.equal(doesNotSee(w), true);
    says(w, 3, true);
    await settle();
    assert.deepEqual(w.told(), [true, false, true]);
    await rosterOf(w.b, [member("ann", 0, true), member(sessionOf(0), 1)], 2);
    assert.deepEqual(w.told(), [true, false, true, false]);
  });

  it("is done anew in another session", async () => {
    const w = await crowd(20);
    w.be(1);
    await w.b.clock.pass(500);
    w.b.socket.break();
    await w.b.clock.pass(250);
    w.b.socket.open();
    w.b.socket.say(joinedMessage("ann2", [], { founded: true, incarnation: "i2" }));
    await w.b.clock.pass(500);
    assert.deepEqual(w.told(), [], "told to a server that knows of no group");
    await comeIn(w, "ann2", 20);
    for (let i = 0; i < 20; i++) says(w, i, true);
    await w.b.clock.pass(500);
    assert.deepEqual(w.told(), [true]);
  });

  it("goes on when we were out of the group, and are in again in the same session: everybody says anew what is on", async () => {
    const w = await crowd(20);
    const roster = (self: string) => [
      { ...member("ann", 0, true), id: self },
      ...Array.from({ length: 20 }, (_, i) => member(sessionOf(i), i + 1)),
    ];
    const told = () => w.b.worker.of("say").filter((m) => m.payload.kind === "state").length;
    await w.b.clock.pass(500);
    const before = told();
    // Others come back as other leaves, which know of nothing: the roster names the same people.
    const back = roster("ann").map((m) => (m.session === sessionOf(3) ? { ...m, id: "other" } : m));
    await rosterOf(w.b, back, 2);
    await w.b.clock.pass(500);
    assert.equal(told(), before + 1, "who came back is not told what is on");
    await rosterOf(w.b, back, 3);
    await w.b.clock.pass(500);
    assert.equal(told(), before + 1, "it is told where nobody came");
    // And we: what the others said is forgotten, what we say they do not know.
    w.b.worker.tell({ type: "phase", phase: "asking", epoch: 3 });
    await comeIn(w, "ann", 20);
    await rosterOf(w.b, roster("another"), 4);
    await w.b.clock.pass(500);
    assert.equal(told(), before + 2, "we came back and do not say what is on");
    const welcomes = w.app.meeting.notices.value.filter((n) => /joined/.test(n.text));
    assert.deepEqual(welcomes, [], "who was here all along is welcomed");
  });

  it("is a few messages a second at most, however somebody stammers", async () => {
    const w = await crowd(20);
    for (let i = 0; i < 200; i++) {
      w.be((i * 7919) % 13 < 3 ? 1 : 0);
      await w.b.clock.pass(50);
    }
    assert.ok(w.told().length <= 2 * (10_000 / 700) + 1, `${w.told().length} messages in 10 s`);
  });
});
