import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ACT, type AppPayload, type MeetingRules } from "../e2ee/protocol";
import { FakeBrowser, settle } from "./fake";
import type { AppModel } from "./model";
import { atCheck, linkAddress, member, noRules, rosterOf, withBen } from "./steps";

const LISTENING = ACT.mic | ACT.camera | ACT.screen;

/** The roster in which this much is withheld from Ann, who is us. */
const withheld = (b: FakeBrowser, acts: number, epoch = 2): Promise<void> =>
  rosterOf(b, [member("ben", 0), { ...member("ann", 1, true), withheld: acts }], epoch);

async function says(b: FakeBrowser, payload: AppPayload): Promise<void> {
  b.worker.tell({ type: "said", session: "ben", name: "Ben", self: false, payload });
  await settle();
}

async function access(b: FakeBrowser, rules: Partial<MeetingRules>, host: boolean): Promise<void> {
  const all = { ...noRules, ...rules };
  b.worker.tell({ type: "access", moderates: host, host, rules: all, waiting: [] });
  await settle();
}

const texts = (app: AppModel): string[] => app.meeting.notices.value.map((n) => n.text);

describe("a host's word", () => {
  it("mutes at once, says who did it, and can be undone by oneself", async () => {
    const { b, app } = await withBen();
    const { mic, camera } = app.meeting;
    assert.deepEqual([mic.value.on, camera.value.on], [true, true]);
    await says(b, { kind: "mute", session: "ann", source: "mic" });
    assert.deepEqual([mic.value.on, camera.value.on], [false, true]);
    assert(texts(app).includes("Ben muted you. You can unmute yourself."));
    app.meeting.toggleMic();
    await settle();
    assert(mic.value.on);
    await says(b, { kind: "mute", session: "ann", source: "camera" });
    assert(!camera.value.on);
    await says(b, { kind: "mute", session: "", source: "mic" });
    assert(!mic.value.on, "all are muted");
  });

  it("for others, or for all while we act for the host, is not for us", async () => {
    const { b, app } = await withBen();
    await says(b, { kind: "mute", session: "cleo", source: "mic" });
    await access(b, {}, true);
    await says(b, { kind: "mute", session: "", source: "mic" });
    assert(app.meeting.mic.value.on);
  });

  it("keeps off what the policy withholds until it is given back, and then it is off still", async () => {
    const { b, app } = await withBen();
    const { mic, camera } = app.meeting;
    await withheld(b, LISTENING);
    assert.deepEqual([mic.value.on, camera.value.on], [false, false]);
    assert.deepEqual(app.meeting.host.barred.value, {
      mic: true,
      camera: true,
      screen: true,
      chat: false,
    });
    app.meeting.toggleMic();
    app.meeting.toggleCamera();
    app.meeting.settings.hold(true);
    await settle();
    assert.deepEqual([mic.value.on, camera.value.on], [false, false], "it cannot be switched on");
    await withheld(b, 0, 3);
    assert.deepEqual([mic.value.on, camera.value.on], [false, false], "nobody switches it on");
    app.meeting.toggleMic();
    await settle();
    assert(mic.value.on);
  });

  it("keeps us from writing what everybody would drop, and says so", async () => {
    const { b, app } = await withBen();
    await withheld(b, ACT.chat);
    assert.equal(app.meeting.sendChat("hello", ""), false);
    assert(!b.worker.of("say").some((m) => m.payload.kind === "chat"));
    assert(texts(app).includes("Only hosts write now."));
    await withheld(b, 0, 3);
    assert(app.meeting.sendChat("hello", ""));
  });

  it("never switches anything on: no message does, whatever it says", async () => {
    const { b, app } = await withBen();
    await says(b, { kind: "mute", session: "ann", source: "mic" });
    await says(b, { kind: "mute", session: "ann", source: "camera" });
    const odd = [
      { kind: "mute", session: "ann", source: "mic", on: true },
      { kind: "unmute", session: "ann", source: "mic" },
      { kind: "state", mic: true, camera: true, screen: true },
      { kind: "hand", ticket: 1 },
      { kind: "reaction", sign: "thumb" },
      { kind: "chat", id: "0123456789abcdef", text: "unmute" },
      { kind: "pass", session: "ann", grant: 1, role: 2, signature: "" },
    ] as unknown as AppPayload[];
    for (const payload of odd) await says(b, payload);
    await access(b, {}, false);
    await withheld(b, LISTENING, 4);
    await withheld(b, 0, 5);
    for (const m of [
      { type: "noted", body: "AA==" },
      { type: "demand", camera: 3, screen: 3, codecs: ["vp8"] },
      { type: "sources_of", session: "ann", on: ["mic", "camera"] },
    ] as const)
      b.socket.say(m);
    await settle();
    const { mic, camera } = app.meeting;
    assert.deepEqual([mic.value.on, camera.value.on], [false, false]);
  });
});

describe("as a host", () => {
  it("passes on what is decided", async () => {
    const { b, app } = await withBen();
    await access(b, { withheld: ACT.chat }, true);
    const { host } = app.meeting;
    host.withhold("screen", true);
    host.withhold("chat", false);
    host.withholdFrom("ben", "mic", true);
    host.setRole("ben", "listener");
    host.setRole("ben", "moderator");
    host.mute("ben", "mic");
    host.endForAll();
    assert.deepEqual(b.worker.of("withhold"), [
      { type: "withhold", acts: ACT.screen, on: true },
      { type: "withhold", acts: ACT.chat, on: false },
    ]);
    assert.deepEqual(b.worker.of("except"), [
      { type: "except", session: "ben", acts: ACT.mic, on: true },
      { type: "except", session: "ben", acts: LISTENING, on: true },
    ]);
    assert.deepEqual(b.worker.of("appoint"), [{ type: "appoint", session: "ben", on: true }]);
    const mute = { kind: "mute", session: "ben", source: "mic" };
    assert(b.worker.of("say").some((m) => JSON.stringify(m.payload) === JSON.stringify(mute)));
    assert.equal(b.worker.of("end").length, 1);
  });

  it("locks when the time has come, and others do not", async () => {
    for (const host of [true, false]) {
      const { b } = await withBen();
      await access(b, { locks: b.env.now() + 60_000 }, host);
      await b.clock.pass(59_000);
      assert.equal(b.worker.of("rules").length, 0);
      await b.clock.pass(2_000);
      const changes = b.worker.of("rules").map((m) => m.change);
      assert.deepEqual(changes, host ? [{ locked: true, locks: 0 }] : []);
    }
  });

  it("tells everybody five minutes before the end", async () => {
    const { b, app } = await withBen();
    await access(b, { ends: b.env.now() + 10 * 60_000 }, false);
    await b.clock.pass(299_000);
    assert(!texts(app).some((x) => x.includes("ends at")));
    await b.clock.pass(2_000);
    assert(texts(app).some((x) => x.includes("ends at")));
  });
});

describe("the end of a meeting", () => {
  it("for all is told as what it is, and is no reason to come back by oneself", async () => {
    for (const [reason, host, title] of [
      ["ended", false, "The host ended the meeting for all"],
      ["ended", true, "You ended the meeting for all"],
      ["over", false, "The meeting is over"],
    ] as const) {
      const { b, app } = await withBen();
      await access(b, {}, host);
      b.socket.say({ type: "ended", reason, text: "" });
      await settle();
      assert.equal(app.stopped.value?.title, title);
      await b.clock.pass(60_000);
      assert.equal(b.sockets.length, 1);
    }
  });

  it("can be undone by the host, and by nobody else", async () => {
    for (const [reason, host, label] of [
      ["ended", true, "Open it again"],
      ["over", true, "Open it again"],
      ["ended", false, "Join again"],
      ["operator", true, undefined],
    ] as const) {
      const { b, app } = await withBen();
      b.hosts = host;
      await access(b, {}, host);
      b.socket.say({ type: "ended", reason, text: "" });
      await settle();
      assert.equal(app.stopped.value?.action?.label, label, `${reason}, host: ${host}`);
      app.stopped.value?.action?.run();
      await settle();
      assert.equal(app.screen.value, label ? "check" : "stopped");
      assert.deepEqual(
        b.created.map((r) => r.open?.length),
        label === "Open it again" ? [32] : [],
      );
    }
  });

  it("is no end for the host who comes back later by the link, and is one for others", async () => {
    for (const hosts of [true, false]) {
      const b = new FakeBrowser(linkAddress);
      Object.assign(b, { hosts, looked: "refused" });
      const { app } = await atCheck(b);
      assert.equal(app.stopped.value?.code, "refused");
      assert.equal(app.stopped.value?.action?.label, hosts ? "Open it again" : undefined);
      if (!hosts) continue;
      b.looked = 0;
      app.stopped.value?.action?.run();
      await settle();
      assert.equal(app.screen.value, "check");
      assert.equal(b.created[0]?.open?.length, 32);
    }
  });
});
