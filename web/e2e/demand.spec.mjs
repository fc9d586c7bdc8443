// What nobody watches is not encoded: layers above the largest tile stop, and come back when a tile grows. A small tile gets half of
// the frames.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sheet, toggle } from "./lib/features.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

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

describe("demand", { timeout: 180_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann;
  let fay;
  let link;
  before(async () => {
    server = await startServer();
    chromium = await openChromium();
    firefox = await openFirefox();
    link = await newRoom(server.url, "Demand");
    ann = await chromium.person("Ann", "red");
    fay = await firefox.person("Fay", "green");
    await ann.page.setViewportSize({ width: 1280, height: 800 });
    await fay.page.setViewport({ width: 1280, height: 800 });
    await ann.join(link);
    await fay.join(link);
    await ann.seesFace("Fay", "green");
    await fay.seesFace("Ann", "red");
  });
  after(async () => {
    await chromium?.close();
    await firefox?.close();
    await server?.stop();
  });

  for (const [what, publisher, watcher, resize] of [
    [
      "Firefox",
      () => fay,
      () => ann,
      (width, height) => ann.page.setViewportSize({ width, height }),
    ],
    ["Chromium", () => ann, () => fay, (width, height) => fay.page.setViewport({ width, height })],
  ]) {
    it(`${what} encodes for the largest tile, and goes on when it grows`, async () => {
      const [name, look] = what === "Firefox" ? ["Fay", "green"] : ["Ann", "red"];
      const many = async () => (await running(publisher())).length > 1;
      await eventually("several layers are sent", many, { timeout: 20_000 });
      await resize(320, 300); // tiles of 110 lines
      await eventually(
        "only the smallest layer is sent",
        async () => (await running(publisher())) === "q",
        { timeout: 20_000 },
      );
      await halfCome(publisher(), watcher());
      await watcher().seesFace(name, look);
      const small = (await watcher().tileOf(name)).height;
      assert.ok(small <= 90, `the picture has ${small} lines`);
      await resize(1280, 800);
      await eventually("the largest that the machine can do is sent again", many, {
        timeout: 20_000,
      });
      await eventually("and seen", async () => (await watcher().tileOf(name)).height > small, {
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
    await fay.press("Leave");
    await eventually("Ann's encoders rest", async () => (await running(ann)) === "", {
      timeout: 20_000,
    });
    const ben = await chromium.person("Ben", "blue");
    await ben.join(link);
    await ben.seesFace("Ann", "red");
    assert.deepEqual(await ann.errors(), []);
  });
});
