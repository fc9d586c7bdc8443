import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createApp } from "./app";
import { FakeBrowser } from "./fake";
import { KEPT_FLAG } from "./recording";
import { member, rosterOf, withBen } from "./steps";

const said = (b: FakeBrowser, session: string, on: boolean): void =>
  b.worker.tell({
    type: "said",
    session,
    name: session,
    self: session === "ann",
    payload: { kind: "recording", on },
  });
const told = (b: FakeBrowser): boolean[] =>
  b.worker
    .of("say")
    .map((m) => m.payload)
    .filter((p) => p.kind === "recording")
    .map((p) => p.on);

describe("meeting: recording", () => {
  it("tells everybody first, and begins when the group has heard it", async () => {
    const { b, app } = await withBen();
    const { recording } = app.meeting;
    recording.start("secret words");
    await b.clock.pass(0);
    assert.deepEqual(told(b), [true]);
    assert.equal(recording.state.value, "telling");
    assert.deepEqual(b.recordings.log, [], "it recorded before the others were told");
    said(b, "ann", true);
    await b.clock.pass(0);
    assert.equal(recording.state.value, "on");
    assert.deepEqual(b.recordings.log, ["make secret words", "begin"]);
  });

  it("records nothing when the others cannot be told", async () => {
    const { b, app } = await withBen();
    app.meeting.recording.start(null);
    await b.clock.pass(60_000);
    assert.equal(app.meeting.recording.state.value, "off");
    said(b, "ann", true);
    await b.clock.pass(0);
    assert.deepEqual(b.recordings.log, []);
    b.worker.tell({ type: "phase", phase: "asking", epoch: 1 });
    await b.clock.pass(0);
    app.meeting.recording.start(null);
    assert.equal(app.meeting.recording.state.value, "off");
    assert.deepEqual(b.recordings.log, []);
  });

  it("records what is on the stage and every voice, our own included", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    m.recording.start(null);
    said(b, "ann", true);
    await b.clock.pass(0);
    const box = { left: 0, top: 0, width: 1280, height: 720 };
    m.recording.place(new Map([["ben camera", box]]));
    assert.deepEqual(
      b.recordings.tiles.map((t) => [t.name, t.box]),
      [["Ben", box]],
    );
    assert.deepEqual(
      b.recordings.tracks.map((t) => t.kind),
      ["audio"],
    );
    m.toggleMic();
    await b.clock.pass(0);
    assert.deepEqual(b.recordings.tracks, [], "a muted microphone is recorded");
  });

  it("says so again to who comes later, and takes back what it said at the end", async () => {
    const { b, app } = await withBen();
    const { recording } = app.meeting;
    recording.start(null);
    said(b, "ann", true);
    await b.clock.pass(0);
    await rosterOf(b, [member("ben", 0), member("ann", 1, true), member("cleo", 2)], 2);
    await b.clock.pass(1_000);
    assert.deepEqual(told(b), [true, true]);
    recording.stop();
    await b.clock.pass(0);
    assert.deepEqual(told(b), [true, true, false]);
    assert.equal(recording.state.value, "off");
    assert.ok(b.recordings.log.includes("end"));
    const notice = app.meeting.notices.value.find((n) => n.action?.label === "Save");
    notice?.action?.run();
    assert.ok(b.recordings.log.includes("save meeting.webm"));
  });

  it("says so again to who comes before it has begun", async () => {
    const { b, app } = await withBen();
    app.meeting.recording.start(null);
    await rosterOf(b, [member("ben", 0), member("ann", 1, true), member("cleo", 2)], 2);
    await b.clock.pass(1_000);
    assert.equal(app.meeting.recording.state.value, "telling");
    assert.deepEqual(told(b), [true, true]);
  });

  it("says so again and again while it lasts, and not after", async () => {
    const { b, app } = await withBen();
    await b.clock.pass(1_000); // what is said to Ben, who was fresh
    app.meeting.recording.start(null);
    said(b, "ann", true);
    await b.clock.pass(31_000);
    assert.deepEqual(told(b), [true, true, true]);
    app.meeting.recording.stop();
    await b.clock.pass(60_000);
    assert.deepEqual(told(b), [true, true, true, false]);
  });

  it("ends, and says so, when the browser cannot write", async () => {
    const { b, app } = await withBen();
    b.recordings.broken = true;
    app.meeting.recording.start(null);
    said(b, "ann", true);
    await b.clock.pass(0);
    assert.equal(app.meeting.recording.state.value, "off");
    assert.deepEqual(told(b), [true, false]);
    assert.ok(app.meeting.notices.value.some((n) => n.text.includes("can't write")));
  });

  it("shows who records, until they stop or leave", async () => {
    const { b, app } = await withBen();
    const { by } = app.meeting.recording;
    said(b, "ben", true);
    await b.clock.pass(0);
    assert.deepEqual([...by.value], ["ben"]);
    said(b, "ben", false);
    await b.clock.pass(0);
    assert.deepEqual([...by.value], []);
    said(b, "ben", true);
    await rosterOf(b, [member("ann", 1, true)], 2);
    await b.clock.pass(0);
    assert.deepEqual([...by.value], []);
  });

  it("is offered when the tab that wrote it is gone, not before", async () => {
    const b = new FakeBrowser();
    b.browser.set(KEPT_FLAG, "1");
    b.recordings.busy.set("a", () => {});
    const app = createApp(b.env);
    await b.clock.pass(0);
    assert.deepEqual(app.kept.list.value, []);
    assert.equal(b.browser.get(KEPT_FLAG), "1", "nobody would look for it again");
    b.recordings.kept = [{ name: "a", size: 1, at: 0, sealed: true }];
    b.recordings.busy.get("a")?.();
    await b.clock.pass(0);
    assert.deepEqual(app.kept.list.value, b.recordings.kept);
    app.kept.remove("a");
    await b.clock.pass(0);
    assert.equal(b.browser.get(KEPT_FLAG), null);
  });

  it("is finished when one leaves", async () => {
    const { b, app } = await withBen();
    app.meeting.recording.start(null);
    said(b, "ann", true);
    await b.clock.pass(0);
    app.meeting.leave();
    await b.clock.pass(0);
    assert.ok(b.recordings.log.includes("end"));
  });
});
