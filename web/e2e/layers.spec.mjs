// A camera in layers of one stream: each gets those that suit its tile, in VP9 and, in time and in space, in AV1; and who takes no VP9,
// or no descriptors of AV1, brings back what everybody takes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

/** Runs in a page: how many frames of a person's camera have come. */
async function framesOf(name) {
  const tiles = [...document.querySelectorAll("[data-session][data-source=camera]")];
  const video = tiles.find((t) => t.innerText.includes(name))?.querySelector("video");
  const track = video?.srcObject?.getVideoTracks()[0];
  const receivers = window.__spec.pcs.flatMap((pc) => pc.getReceivers());
  const report = await receivers.find((r) => r.track === track)?.getStats();
  return [...(report?.values() ?? [])].find((s) => s.type === "inbound-rtp")?.framesReceived ?? 0;
}

describe("spatial layers", { timeout: 240_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann;
  let ben;
  let cleo;
  let link;
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "Layers");
    ann = await chromium.person("Ann", "red", { width: 640, height: 360 });
    ben = await chromium.person("Ben", "green", { width: 320, height: 180 });
    cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180 });
    await ann.join(link, { query: "processors=8" });
    await Promise.all([ben.join(link), cleo.join(link)]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  /** What of Ann's camera is sent. */
  const camera = async () =>
    (await ann.stats()).filter((x) => x.type === "outbound-rtp" && x.rid && x.framesSent > 0);
  const sentInLayers = () =>
    eventually(
      "Ann sends two spatial layers in one stream of VP9",
      async () => {
        const sent = await camera();
        const layered = (x) => x.codec === "video/VP9" && x.mode === "L2T3_KEY" && x.rid === "q";
        if (sent.some(layered)) return true;
        throw new Error(JSON.stringify(sent));
      },
      { timeout: 30_000 },
    );
  const bothSeeAnn = () =>
    Promise.all([
      ben.seesFace("Ann", "red", { timeout: 40_000 }),
      cleo.seesFace("Ann", "red", { timeout: 40_000 }),
    ]);
  const benSees = (what, suits) =>
    eventually(
      `Ben sees Ann in ${what} layer`,
      async () => {
        const { height } = await ben.tileOf("Ann");
        if (suits(height)) return true;
        throw new Error(`${height} lines; ${JSON.stringify(await camera())}`);
      },
      { timeout: 40_000 },
    );

  it("follow the size of the tile, in one stream that Chromium and Firefox decode", async (t) => {
    await sentInLayers();
    await bothSeeAnn();
    await benSees("the larger", (height) => height > 180);
    await ben.watchGaps("Ann");
    await ben.page.setViewportSize({ width: 320, height: 300 }); // tiles of 110 lines; Cleo's stay large
    await benSees("the smaller", (height) => height <= 180);
    await ben.page.setViewportSize({ width: 1280, height: 800 });
    await benSees("the larger", (height) => height > 180);
    await bothSeeAnn();
    const { frames, longest, above } = await ben.gaps();
    t.diagnostic(
      `of ${frames} frames ${above} came more than 500 ms after the one before, the longest ${longest} ms`,
    );
    assert.deepEqual(await ann.errors(), []);
  });

  it("make place for simulcast in VP8 while somebody takes no VP9", async () => {
    const peer = startPeer(link, { name: "Field office" });
    try {
      await eventually(
        "several layers go in VP8",
        async () => {
          const sent = await camera();
          return sent.length > 1 && sent.every((x) => x.codec === "video/VP8");
        },
        { timeout: 40_000 },
      );
      await bothSeeAnn();
    } finally {
      await peer.kill();
    }
    await sentInLayers();
    await bothSeeAnn();
    await benSees("the larger", (height) => height > 180);
    assert.deepEqual(await ann.errors(), []);
  });

  it("are told apart in time by their descriptors where cameras go in AV1", async () => {
    await Promise.all([ann, ben, cleo].map((person) => person.close()));
    link = await newRoom(server.url, "Described");
    ann = await chromium.person("Ann", "red", { width: 320, height: 180 });
    ben = await chromium.person("Ben", "green", { width: 320, height: 180, rate: 5 });
    cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180, rate: 5 });
    await Promise.all([ann, ben, cleo].map((person) => person.join(link, { query: "codec=av1" })));
    await bothSeeAnn();
    const streams = async () =>
      (await ann.stats()).filter((x) => x.type === "outbound-rtp" && x.kind === "video");
    await eventually(
      "Ann sends three temporal layers of AV1",
      async () => {
        const all = await streams();
        if (all.some((x) => x.codec === "video/AV1" && x.mode === "L1T3" && x.framesSent > 0))
          return true;
        throw new Error(JSON.stringify(all));
      },
      { timeout: 30_000 },
    );
    const came = (person) => person.evaluate(framesOf, "Ann");
    const sent = async () => (await streams()).reduce((sum, x) => sum + x.framesSent, 0);
    const comes = (person, what, least, most) =>
      eventually(
        `${what} of what Ann sends comes to ${person.name}`,
        async () => {
          const before = [await sent(), await came(person)];
          await delay(1500);
          const [went, got] = [(await sent()) - before[0], (await came(person)) - before[1]];
          if (went >= 15 && got >= least * went && got <= most * went) return true;
          throw new Error(`${got} of ${went}`);
        },
        { timeout: 40_000 },
      );
    await comes(ben, "all", 0.85, 1.2);
    await ben.page.setViewportSize({ width: 320, height: 300 });
    await comes(ben, "half", 0.35, 0.65);
    await comes(cleo, "all", 0.85, 1.2);
    await ben.seesFace("Ann", "red");
    await ben.page.setViewportSize({ width: 1280, height: 800 });
    await comes(ben, "all", 0.85, 1.2);
    await bothSeeAnn();
    for (const person of [ann, ben, cleo]) assert.deepEqual(await person.errors(), []);
  });

  it("follow the size of the tile in AV1, too, where all take descriptors", async (t) => {
    await Promise.all([ann, ben, cleo].map((person) => person.close()));
    link = await newRoom(server.url, "Described layers");
    ann = await chromium.person("Ann", "red", { width: 640, height: 360 });
    ben = await chromium.person("Ben", "green", { width: 320, height: 180, rate: 5 });
    const query = "codec=av1&processors=8";
    await Promise.all([ann, ben].map((person) => person.join(link, { query })));
    const sends = (mode) =>
      eventually(
        `Ann sends ${mode} of AV1`,
        async () => {
          const all = (await ann.stats()).filter((x) => x.type === "outbound-rtp");
          const is = (x) => x.codec === "video/AV1" && x.mode === mode && x.framesSent > 0;
          if (all.some(is)) return true;
          throw new Error(JSON.stringify(all));
        },
        { timeout: 40_000 },
      );
    await sends("L2T3_KEY");
    await ben.seesFace("Ann", "red", { timeout: 40_000 });
    await benSees("the larger", (height) => height > 180);
    await ben.watchGaps("Ann");
    await ben.page.setViewportSize({ width: 320, height: 300 });
    await benSees("the smaller", (height) => height <= 180);
    await ben.page.setViewportSize({ width: 1280, height: 800 });
    await benSees("the larger", (height) => height > 180);
    const { frames, longest, above } = await ben.gaps();
    t.diagnostic(
      `of ${frames} frames ${above} came more than 500 ms after the one before, the longest ${longest} ms`,
    );
    cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180, rate: 5 });
    await cleo.join(link, { query });
    await sends("L1T3");
    await bothSeeAnn();
    await cleo.close();
    await sends("L2T3_KEY");
    await benSees("the larger", (height) => height > 180);
    for (const person of [ann, ben]) assert.deepEqual(await person.errors(), []);
  });
});
