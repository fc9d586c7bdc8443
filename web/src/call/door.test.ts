import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Asker } from "../e2ee/protocol";
import { settle } from "./fake";
import { inMeeting, member, noRules, rosterOf, withBen } from "./steps";

const cleo: Asker = {
  session: "cleo",
  ask: "a1",
  name: "Cleo",
  device: "0123456789abcdef",
  firstSeen: 0,
  verified: false,
  newDevice: false,
};
const asHost = {
  type: "access",
  moderates: true,
  host: true,
  rules: { ...noRules, lobby: true },
} as const;

describe("the door", () => {
  it("shows a host who waits, and passes on what the host decides", async () => {
    const { b, app } = await withBen();
    const { door } = app.meeting;
    b.worker.tell({ ...asHost, waiting: [cleo] });
    await settle();
    assert.deepEqual(door.access.value.waiting, [
      {
        session: "cleo",
        ask: "a1",
        name: "Cleo",
        seen: "seen before",
        device: "0123 4567",
        verified: false,
        warning: "",
      },
    ]);
    door.admit(["a1"]);
    door.remove("ben");
    door.setLobby(false);
    door.setLocked(true);
    assert.deepEqual(b.worker.of("admit"), [{ type: "admit", asks: ["a1"] }]);
    assert.deepEqual(b.worker.of("remove"), [{ type: "remove", session: "ben" }]);
    assert.deepEqual(b.worker.of("rules"), [
      { type: "rules", change: { lobby: false } },
      { type: "rules", change: { locked: true } },
    ]);
  });

  it("passes on what the host writes to those who wait, before a refusal", async () => {
    const { b, app } = await withBen();
    const { door } = app.meeting;
    door.write(["cleo", "dan"], " a moment\n");
    door.write(["cleo"], "no");
    door.remove("cleo");
    assert.deepEqual(b.worker.of("note"), [
      { type: "note", session: "cleo", text: "a moment" },
      { type: "note", session: "dan", text: "a moment" },
      { type: "note", session: "cleo", text: "no" },
    ]);
    const order = b.worker.got.map((m) => m.type).filter((t) => t === "note" || t === "remove");
    assert.equal(order.at(-1), "remove");
  });

  it("shows who waits what the host writes, and why he is refused, when that comes at once", async () => {
    const { b, app } = await inMeeting();
    const { door } = app.meeting;
    b.socket.say({ type: "noted", body: "AQ==" });
    await settle();
    assert.deepEqual(b.worker.of("noted"), [{ type: "noted", body: new Uint8Array([1]) }]);
    assert.equal(door.written.value, "");
    b.worker.tell({ type: "written", text: "a moment" });
    b.socket.say({ type: "noted", body: "AQ==" });
    b.worker.tell({ type: "written", text: "" }); // none that holds: what was written stays
    await settle();
    assert.equal(door.written.value, "a moment");
    b.socket.say({ type: "noted", body: "AQ==" });
    b.socket.say({ type: "ended", reason: "removed", text: "" });
    await settle();
    assert.equal(app.screen.value, "meeting", "the words are not open yet");
    b.worker.tell({ type: "written", text: "no" });
    await settle();
    assert.equal(app.screen.value, "stopped");
    assert.equal(app.stopped.value?.said, "no");
  });

  it("warns a host of who waits under a name that is taken, or known from another device", async () => {
    const { b, app } = await withBen();
    const waiting = [
      { ...cleo, name: "BEN" },
      { ...cleo, ask: "a2", name: "Ann" },
      { ...cleo, ask: "a3", newDevice: true },
      { ...cleo, ask: "a4", newDevice: true, verified: true },
    ];
    b.worker.tell({ ...asHost, waiting });
    await settle();
    const doubts = (): string[] => app.meeting.door.access.value.waiting.map((w) => w.warning);
    assert.deepEqual(doubts(), [
      "has a name that another person here has, too",
      "has your name, on another device",
      "a new device: you met this name with another one",
      "",
    ]);
    await rosterOf(b, [member("ann", 1, true)], 2); // Ben has gone
    assert.equal(doubts()[0], "");
  });

  it("forgets who waits when we are in the group no more", async () => {
    const { b, app } = await withBen();
    b.worker.tell({ ...asHost, waiting: [cleo] });
    b.worker.tell({ type: "phase", phase: "asking", epoch: 0 });
    await settle();
    const nothing = { moderates: false, lobby: false, locked: false, waiting: [] };
    assert.deepEqual(app.meeting.door.access.value, nothing);
  });

  it("tells who is not in what they wait for, but not those who are in at once", async () => {
    const { b, app } = await inMeeting();
    const { outside } = app.meeting.door;
    b.worker.tell({ type: "phase", phase: "asking", epoch: 0 });
    await b.clock.pass(1_000);
    assert.equal(outside.value, "");
    await b.clock.pass(1_500);
    assert.equal(outside.value, "somebody");
    b.worker.tell({ type: "phase", phase: "hostless", epoch: 0 });
    await settle();
    assert.equal(outside.value, "host");
    b.worker.tell({ type: "phase", phase: "member", epoch: 3 });
    await settle();
    assert.equal(outside.value, "");
  });

  it("says at once when the keys do not fit, and lets those begin anew who may; all are told", async () => {
    const { b, app } = await withBen();
    const { outside, mayRestart } = app.meeting.door;
    b.worker.tell({ type: "phase", phase: "stuck", epoch: 0, mayRestart: false });
    await settle();
    assert.deepEqual([outside.value, mayRestart.value], ["keys", false]);
    b.worker.tell({ type: "phase", phase: "asking", epoch: 0, mayRestart: true });
    await settle();
    assert.deepEqual([outside.value, mayRestart.value], ["somebody", true]);
    for (const may of [false, true]) {
      b.worker.tell({ ...asHost, waiting: [], mayRestart: may }); // a moderator without a pass may not
      await settle();
      assert.equal(mayRestart.value, may);
    }
    app.meeting.door.restart();
    assert.equal(b.worker.got.at(-1)?.type, "restart");
    b.socket.say({ type: "reset", generation: 2, by: "ben" });
    await settle();
    const texts = app.meeting.notices.value.map((n) => n.text);
    assert.ok(texts.includes("Ben has new keys made for everyone."), texts.join());
    assert.deepEqual(b.worker.of("group").at(-1)?.message, {
      type: "reset",
      generation: 2,
      by: "ben",
    });
  });

  it("ends for who is removed or refused, says which, and does not come back by itself", async () => {
    for (const [steps, title] of [
      [withBen, "The host removed you from the meeting"],
      [inMeeting, "The host did not let you in"],
    ] as const) {
      const { b, app } = await steps();
      b.socket.say({ type: "ended", reason: "removed", text: "" });
      await settle();
      assert.equal(app.screen.value, "stopped");
      assert.equal(app.stopped.value?.title, title);
      assert.equal(app.stopped.value?.action?.label, "Join again");
      await b.clock.pass(60_000);
      assert.equal(b.sockets.length, 1);
      assert(b.worker.terminated);
    }
  });
});
