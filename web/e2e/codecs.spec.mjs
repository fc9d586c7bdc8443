// Each codec passes between Chromium and Firefox, both ways, sealed whole.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

describe("codecs between browsers", { timeout: 240_000 }, () => {
  let server;
  let chromium;
  let firefox;
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  for (const codec of ["vp8", "vp9", "av1"]) {
    it(`${codec} and Opus pass both ways`, async () => {
      const link = await newRoom(server.url, codec);
      const ann = await chromium.person("Ann", "red", { width: 320, height: 180 });
      const cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180 });
      const ben = await chromium.person("Ben", "green", { width: 320, height: 180, rate: 5 });
      try {
        const query = codec === "vp8" ? "" : `codec=${codec}`;
        await ann.join(link, { query });
        await cleo.join(link, { query });
        await ben.join(link, { query });
        await Promise.all([
          ben.seesFace("Ann", "red", { timeout: 30_000 }),
          ben.seesFace("Cleo", "blue", { timeout: 30_000 }),
          ann.seesFace("Ben", "green", { timeout: 30_000 }),
          cleo.seesFace("Ben", "green", { timeout: 30_000 }),
          ann.seesFace("Cleo", "blue", { timeout: 30_000 }),
          cleo.seesFace("Ann", "red", { timeout: 30_000 }),
        ]);
        for (const person of [ann, ben, cleo]) {
          const streams = await eventually(
            `${person.name} has decoded picture and sound`,
            async () => {
              const s = (await person.stats()).filter((x) => x.type === "inbound-rtp");
              return s.some((x) => x.kind === "video" && x.framesDecoded > 10) &&
                s.some((x) => x.kind === "audio" && x.energy > 0)
                ? s
                : null;
            },
          );
          const live = streams.filter((x) => x.kind === "video" && x.framesDecoded > 0);
          assert.deepEqual(
            [...new Set(live.map((x) => x.codec.toLowerCase()))],
            [`video/${codec}`],
          );
          assert.ok(
            streams
              .filter((x) => x.kind === "audio" && x.packets > 0)
              .every((x) => x.codec.toLowerCase() === "audio/opus"),
          );
        }
      } finally {
        await Promise.all([ann.close(), ben.close(), cleo.close()]);
      }
    });
  }

  it("a screen goes in VP9 until somebody comes who takes VP8 only", async () => {
    const link = await newRoom(server.url, "Screens");
    const ann = await chromium.person("Ann", "red", { width: 320, height: 180 });
    const cleo = await firefox.person("Cleo", "blue", { width: 320, height: 180 });
    let peer;
    const inbound = async (codec) =>
      new Map(
        (await cleo.stats())
          .filter((x) => x.type === "inbound-rtp" && x.codec.toLowerCase() === `video/${codec}`)
          .map((x) => [x.ssrc, x.framesDecoded]),
      );
    // Cameras come in VP8 in any case.
    const comesIn = (codec, streams) =>
      eventually(
        `${streams} pictures in ${codec} move`,
        async () => {
          const before = await inbound(codec);
          await new Promise((r) => setTimeout(r, 500));
          const moving = [...(await inbound(codec))].filter(([k, n]) => n > (before.get(k) ?? n));
          return moving.length >= streams;
        },
        { timeout: 20_000 },
      );
    try {
      await Promise.all([ann.join(link), cleo.join(link)]);
      await cleo.seesFace("Ann", "red", { timeout: 30_000 });
      await ann.press("Share screen");
      const screen = { source: "screen", colour: "#10b0b0" };
      await cleo.seesFace("Ann", null, screen);
      await comesIn("vp9", 1);
      peer = startPeer(link, { name: "Field office" });
      await comesIn("vp8", 3);
      await cleo.seesFace("Ann", null, screen);
      await peer.kill();
      peer = null;
      await comesIn("vp9", 1);
      await cleo.seesFace("Ann", null, screen);
    } finally {
      await peer?.kill();
      await Promise.all([ann.close(), cleo.close()]);
    }
  });

  // Each in a meeting of its own, all at once: they wait for packets, most of the time.
  describe("what is not sealed as it should be", { concurrency: 4 }, () => {
    // The participant misbehaves on purpose; its member is real, its frames are not.
    for (const [how, what] of [
      ["plain", "a frame without a key"],
      ["wrong-key", "a frame with a wrong key"],
      ["replay", "a replayed frame"],
      ["wrong-owner", "a frame of another owner"],
    ]) {
      it(`${what} is not decoded`, async () => {
        const link = await newRoom(server.url, how);
        const ann = await chromium.person("Ann", "red", { width: 320, height: 180 });
        let peer;
        try {
          await ann.join(link);
          peer = startPeer(link, { name: "Mallory", args: ["--misbehave", how] });
          await eventually(
            "packets of Mallory arrive",
            async () =>
              (await ann.stats()).some(
                (s) => s.type === "inbound-rtp" && s.kind === "video" && s.packets > 60,
              ),
            { timeout: 20_000 },
          );
          const frames = async () => (await ann.decoded()).video.reduce((a, b) => a + b, 0);
          // A replaying participant seals its first second honestly, then repeats it.
          const most = how === "replay" ? 40 : 0;
          const seen = await frames();
          assert.ok(seen <= most, `${seen} frames were decoded`);
          await eventually(
            "many more packets arrive",
            async () =>
              (await ann.stats()).some(
                (s) => s.type === "inbound-rtp" && s.kind === "video" && s.packets > 200,
              ),
            { timeout: 20_000 },
          );
          const later = await frames();
          assert.ok(later <= most, `${later} frames were decoded`);
        } finally {
          await peer?.kill();
          await ann.close();
        }
      });
    }
  });
});
