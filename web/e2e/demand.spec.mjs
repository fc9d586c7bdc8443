// What nobody watches is not encoded: layers above the largest tile stop, and come back when a tile grows. A small tile gets half of
// the frames.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sheet, toggle } from "./lib/features.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

/** Frames that each layer of the camera has sent, by rid. */
async function sent(person) {
  const out = (await person.stats()).filter((s) => s.type === "outbound-rtp" && s.kind === "video");
  return Object.fromEntries(out.filter((s) => s.rid).map((s) => [s.rid, s.framesSent]));
}

/** The layers that have sent something within half a second, smallest first. */
async function running(person) {
  const before = await sent(person);
  await delay(500);
  const now = await sent(person);
  return ["q", "h", "f"].filter((rid) => (now[rid] ?? 0) > (before[rid] ?? 0)).join("");
}

/** Frames of the smallest layer that were sent so far, and those of all pictures that came. */
async function moved(publisher, watcher) {
  const { q } = await sent(publisher);
  const seats = (await watcher.stats()).filter(
    (s) => s.type === "inbound-rtp" && s.kind === "video",
  );
  return { sent: q, came: seats.reduce((sum, s) => sum + s.framesReceived, 0) };
}

/** Waits until about half of what is sent comes. */
async function halfCome(publisher, watcher) {
  let first = await moved(publisher, watcher);
  await eventually(
    "half of the frames come",
    async () => {
      const now = await moved(publisher, watcher);
      const [went, came] = [now.sent - first.sent, now.came - first.came];
      if (went < 40) return false;
      first = now;
      return came > 0.3 * went && came < 0.7 * went;
    },
    { timeout: 40_000 },
  );
}

// Windows in which three tiles are large enough for the largest layer, and small enough for the smallest.
const [large, small] = [
  { width: 1600, height: 900 },
  { width: 320, height: 300 },
];

describe("demand", { timeout: 180_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann;
  let fay;
  let desk; // somebody who only looks on, at small pictures
  let link;
  before(async () => {
    server = await startServer();
    chromium = await openChromium();
    firefox = await openFirefox();
    link = await newRoom(server.url, "Demand");
    ann = await chromium.person("Ann", "red");
    fay = await firefox.person("Fay", "green");
    await ann.page.setViewportSize(large);
    await fay.page.setViewport(large);
    await ann.join(link);
    await fay.join(link);
    await ann.seesFace("Fay", "green");
    await fay.seesFace("Ann", "red");
    desk = startPeer(link, { name: "Desk", args: ["--no-publish", "--height", "90"] });
    for (const person of [ann, fay]) await person.sees("3 people");
  });
  after(async () => {
    desk?.kill();
    await chromium?.close();
    await firefox?.close();
    await server?.stop();
  });

  for (const [what, publisher, watcher, resize] of [
    ["Firefox", () => fay, () => ann, (size) => ann.page.setViewportSize(size)],
    ["Chromium", () => ann, () => fay, (size) => fay.page.setViewport(size)],
  ]) {
    it(`${what} encodes for the largest tile, and goes on when it grows`, async () => {
      const [name, look] = what === "Firefox" ? ["Fay", "green"] : ["Ann", "red"];
      const many = async () => (await running(publisher())).length > 1;
      await eventually("several layers are sent", many, { timeout: 20_000 });
      await resize(small);
      await eventually(
        "only the smallest layer is sent",
        async () => (await running(publisher())) === "q",
        { timeout: 20_000 },
      );
      await halfCome(publisher(), watcher());
      await watcher().seesFace(name, look);
      const lines = (await watcher().tileOf(name)).height;
      assert.ok(lines <= 90, `the picture has ${lines} lines`);
      await resize(large);
      await eventually("the largest that the machine can do is sent again", many, {
        timeout: 20_000,
      });
      await eventually("and seen", async () => (await watcher().tileOf(name)).height > lines, {
        timeout: 20_000,
      });
      assert.deepEqual(await watcher().errors(), []);
    });
  }

  for (const kind of ["Chromium", "Firefox"])
    it(`who saves data in ${kind} is sent small pictures, and sends smaller ones`, async () => {
      const [saver, other, look] = kind === "Chromium" ? [ann, fay, "green"] : [fay, ann, "red"];
      const save = async () => {
        await sheet(saver, "Settings");
        await toggle(saver, "Save data: small pictures, and a smaller one of me");
        await saver.press("Close settings");
      };
      const lines = async () => (await saver.tileOf(other.name)).height;
      await eventually("a large picture comes", async () => (await lines()) > 90, {
        timeout: 30_000,
      });
      await save();
      await eventually(
        `only the smallest layer of ${other.name} is sent`,
        async () => (await running(other)) === "q",
        { timeout: 20_000 },
      );
      await saver.seesFace(other.name, look);
      assert.ok((await lines()) <= 90, `the picture has ${await lines()} lines`);
      await eventually(
        `the largest layer of ${saver.name} rests`,
        async () => !(await running(saver)).includes("f"),
      );
      await save();
      await eventually("a large picture comes again", async () => (await lines()) > 90, {
        timeout: 30_000,
      });
      assert.deepEqual(await saver.errors(), []);
    });

  it("who is alone encodes nothing, and is seen by whoever comes", async () => {
    const rests = (what, layers) =>
      eventually(what, async () => (await running(ann)) === layers, { timeout: 20_000 });
    await fay.press("Leave");
    await rests("Ann encodes for Desk only", "q");
    await desk.report(); // he leaves
    await rests("Ann's encoders rest", "");
    const ben = await chromium.person("Ben", "blue");
    await ben.join(link);
    await ben.seesFace("Ann", "red");
    assert.deepEqual(await ann.errors(), []);
  });
});
