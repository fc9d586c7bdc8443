import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeBrowser } from "./fake";
import { plugged } from "./plugged";
import { hearMuted } from "./settings";
import { linkAddress, withBen } from "./steps";

const d = (id: string) => ({ id, label: id });

describe("plugged in", () => {
  it("is the one device that was not there before", () => {
    assert.equal(plugged([d("a")], [d("a"), d("b")])?.id, "b");
    assert.equal(plugged([d("a"), d("b")], [d("a")]), null);
    assert.equal(plugged([d("a")], [d("default"), d("communications"), d("a")]), null);
  });
  it("is none when it is not clear which, or nothing was known", () => {
    assert.equal(plugged([], [d("a")]), null);
    assert.equal(plugged([d("a")], [d("a"), d("b"), d("c")]), null);
  });
});

describe("talking while muted", () => {
  const run = (levels: number[], muted = true) => {
    let t = { loud: 0, until: 0 };
    levels.forEach((level, i) => {
      t = hearMuted(t, level, muted, i * 100);
    });
    return t.until;
  };
  it("is talk, not a cough and not a keyboard", () => {
    assert.ok(run(Array(10).fill(0.6)) > 0);
    assert.equal(run(Array(5).fill(0.9)), 0);
    assert.equal(run(Array.from({ length: 100 }, (_, i) => (i % 2 ? 0.9 : 0.1))), 0);
    assert.equal(run(Array(100).fill(0.3)), 0);
  });
  it("is nothing while the microphone is on", () => {
    assert.equal(run(Array(100).fill(0.9), false), 0);
    assert.deepEqual(hearMuted({ loud: 5, until: 9_000 }, 0.9, false, 0), { loud: 0, until: 0 });
  });
});

describe("meeting: push-to-talk", () => {
  it("unmutes while the key is down, and is not remembered", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    const on = () => b.socket.of("sources").at(-1)?.on.includes("mic");
    m.toggleMic();
    await b.clock.pass(0);
    assert.equal(on(), false);
    m.settings.hold(true);
    await b.clock.pass(0);
    assert.equal(on(), true);
    assert.equal(b.browser.get("mic:off"), "1");
    m.settings.hold(false);
    await b.clock.pass(0);
    assert.equal(on(), false);
  });

  it("does not mute who is unmuted, and nothing when it is switched off", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    m.settings.hold(true);
    m.settings.hold(false);
    await b.clock.pass(0);
    assert.equal(m.mic.value.on, true);
    m.toggleMic();
    m.settings.setPushToTalk(false);
    m.settings.hold(true);
    await b.clock.pass(0);
    assert.equal(m.mic.value.on, false);
  });
});

describe("meeting: settings", () => {
  it("are remembered on this device", async () => {
    const b = new FakeBrowser(linkAddress);
    b.browser.set("mirror", "off");
    const { app } = await withBen(b);
    assert.equal(app.meeting.settings.mirror.value, false);
    assert.equal(app.meeting.tiles.value[0]?.mirrored, false);
    app.meeting.settings.setMirror(true);
    assert.equal(app.meeting.tiles.value[0]?.mirrored, true);
    assert.equal(b.browser.get("mirror"), "on");
  });

  it("follow a headset that is plugged in, with a way back, unless told not to", async () => {
    const { b, app } = await withBen();
    const m = app.meeting;
    await b.devices.plug({ kind: "audioinput", deviceId: "headset", label: "Headset" });
    await b.clock.pass(0);
    assert.equal(m.mic.value.chosen, "headset");
    const notice = m.notices.value.find((n) => n.text.includes("Headset"));
    notice?.action?.run();
    await b.clock.pass(0);
    assert.equal(m.mic.value.chosen, "audio-1");
    m.settings.setFollow(false);
    await b.devices.plug({ kind: "audioinput", deviceId: "other", label: "Other" });
    await b.clock.pass(0);
    assert.equal(m.mic.value.chosen, "audio-1");
  });
});

/** The devices whose tracks were sent, in their order. */
const sentOf = (b: FakeBrowser, kind: string): string[] =>
  b.pcs
    .flatMap((pc) => pc.transceivers.flatMap((t) => t.sender.replaced))
    .filter((t) => t?.kind === kind)
    .map((t) => t?.deviceId ?? "");

describe("meeting: a background that is hidden", () => {
  const sent = (b: FakeBrowser): string[] => sentOf(b, "video");

  it("never lets the raw camera out: not while it is loaded, and not after it failed", async () => {
    const b = new FakeBrowser(linkAddress);
    b.browser.set("background", "blur");
    let failed: () => void = () => {};
    const hidden = b.env.hideBackground;
    let ready: () => void = () => {};
    b.env.hideBackground = (picture) => async (track, f) => {
      failed = f;
      await new Promise<void>((resolve) => {
        ready = resolve;
      });
      return hidden(picture)(track, f);
    };
    const { app } = await withBen(b);
    const m = app.meeting;
    assert.equal(m.settings.backgroundState.value, "Loading…");
    assert.deepEqual(sent(b), []);
    assert.equal(m.tiles.value[0]?.stream, null, "it is shown to ourselves");
    ready();
    await b.clock.pass(0);
    assert.deepEqual(sent(b), ["hidden blurred"]);
    failed();
    await b.clock.pass(0);
    assert.equal(m.camera.value.on, false);
    assert.equal(m.camera.value.problem?.code, "background");
    m.toggleCamera();
    await b.clock.pass(0);
    assert.deepEqual(sent(b), ["hidden blurred"], "it was sent when switched on again");
    m.camera.value.problem?.action?.run();
    m.settings.setBackground("none");
    await b.clock.pass(0);
    assert.equal(sent(b).at(-1), "video-1");
    assert.equal(b.browser.get("background"), "none");
  });

  it("is a picture of ours once there is one, which is kept on this device", async () => {
    const { b, app } = await withBen();
    const { settings } = app.meeting;
    settings.setBackground("picture");
    assert.equal(settings.background.value, "none");
    settings.setPicture(new Blob([], { type: "text/plain" }));
    await b.clock.pass(0);
    assert.match(settings.backgroundState.value, /not a picture/);
    settings.setPicture(new Blob([], { type: "image/png" }));
    await b.clock.pass(0);
    assert.equal(settings.background.value, "picture");
    assert.equal(b.browser.get("background-picture"), "data:image/jpeg,small");
    assert.equal(sent(b).at(-1), "hidden data:image/jpeg,small");
  });
});

describe("meeting: noise", () => {
  it("stays when it can't be taken out, which is said, and one is heard all the same", async () => {
    const { b, app } = await withBen();
    const { settings } = app.meeting;
    settings.setNoise(true);
    await b.clock.pass(0);
    assert.equal(settings.noise.value, false);
    assert.match(settings.noiseState.value, /can't be taken out/);
    assert.equal(b.browser.get("suppress-noise"), "off");
    assert.equal(sentOf(b, "audio").at(-1), "audio-1");
  });
});
