// A camera in spatial layers of one stream: each gets those that suit its tile, and who takes no VP9 brings simulcast back.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

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
});
