import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Layout, nextLead } from "./layout";
import { withBen } from "./steps";
import { wanted } from "./view";

describe("the lead", () => {
  const of = (...s: string[]) => new Set(s);
  const ann = { session: "ann", since: 1_000 };

  it("goes on while speaking, and for two seconds in any case", () => {
    assert.equal(nextLead(ann, of("ben", "ann"), "me", 90_000), ann);
    assert.equal(nextLead(ann, of("ben"), "me", 2_999), ann);
    assert.deepEqual(nextLead(ann, of("ben"), "me", 3_000), { session: "ben", since: 3_000 });
    assert.equal(nextLead(ann, of(), "me", 90_000), ann, "silence takes nobody away");
  });

  it("is never ourselves", () => {
    assert.equal(nextLead(ann, of("me"), "me", 90_000), ann);
    assert.equal(nextLead({ session: "", since: 0 }, of("me", "ben"), "me", 5).session, "ben");
  });
});

describe("layout", () => {
  it("is remembered on this device, and nothing of people is", () => {
    const kept = new Map<string, string>();
    const store = {
      get: (k: string) => kept.get(k) ?? null,
      set: (k: string, v: string) => void kept.set(k, v),
      remove: () => {},
    };
    const l = new Layout(store);
    l.setMode("speaker");
    l.hideOwn(true);
    l.moveOwn("start-top");
    l.pin("ben camera");
    l.setAudioOnly(true);
    assert.deepEqual([...kept.keys()].sort(), ["layout", "own-place", "own-view"]);
    const again = new Layout(store);
    assert.equal(again.mode.value, "speaker");
    assert.equal(again.ownHidden.value, true);
    assert.equal(again.ownPlace.value, "start-top");
    assert.equal(again.pinned.value, "");
    assert.equal(again.audioOnly.value, false);
  });

  it("moves our own picture from corner to corner, and back among the others", () => {
    const l = new Layout({ get: () => "nowhere", set: () => {}, remove: () => {} });
    const places = Array.from({ length: 6 }, () => {
      const before = l.ownPlace.value;
      l.moveOwn();
      return before;
    });
    assert.deepEqual(places, ["", "end-bottom", "start-bottom", "start-top", "end-top", ""]);
  });

  it("lets go of what is pinned twice", () => {
    const l = new Layout({ get: () => null, set: () => {}, remove: () => {} });
    l.pin("a");
    assert.equal(l.pinned.value, "a");
    l.pin("a");
    assert.equal(l.pinned.value, "");
  });
});

describe("what is asked of the server", () => {
  it("follows what is on the screen, and no camera is asked for in audio-only mode", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    const key = m.tiles.value[1]?.key ?? "";
    m.setTileSizes(new Map([[key, { width: 640, height: 360 }]]));
    await b.clock.pass(200);
    const last = () =>
      b.socket
        .of("view")
        .at(-1)
        ?.tiles.map((t) => t.session);
    assert.deepEqual(last(), ["ben"]);
    m.layout.setAudioOnly(true);
    await b.clock.pass(200);
    assert.deepEqual(last(), []);
    assert.equal(m.tiles.value[1]?.video, "off");
    m.layout.setAudioOnly(false);
    await b.clock.pass(200);
    assert.deepEqual(last(), ["ben"]);
    m.setTileSizes(new Map());
    await b.clock.pass(200);
    assert.deepEqual(last(), []);
  });

  it("names the largest first", async () => {
    const { app } = await withBen();
    const ben = app.meeting.tiles.value[1]!;
    const tiles = ["x", "y", "z"].map((s) => ({ ...ben, key: s, session: s }));
    const sizes = new Map([
      ["x", { width: 100, height: 50 }],
      ["y", { width: 400, height: 200 }],
      ["z", { width: 100, height: 50 }],
    ]);
    assert.deepEqual(
      wanted(tiles, sizes).map((t) => t.session),
      ["y", "x", "z"],
    );
  });
});

describe("volume", () => {
  it("is set for one person, and forgotten with the meeting", async () => {
    const { b, app } = await withBen();
    assert.equal(app.meeting.volumes.value.get("ben"), undefined);
    app.meeting.setVolume("ben", 0.3);
    assert.equal(app.meeting.volumes.value.get("ben"), 0.3);
    app.meeting.setVolume("ben", 7);
    assert.equal(app.meeting.volumes.value.get("ben"), 1);
    assert.ok(![...b.browser.all.keys()].some((k) => k.includes("ben")));
  });
});
