// A browser that offers feedback of RFC 8888 (Chromium does on demand only) tells of packets by it, and by nothing else: the server's
// estimate of its network grows with it, and what was recorded is decided again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, root, startPeer, startServer } from "./lib/server.mjs";

const TRIAL = "--force-fieldtrials=WebRTC-RFC8888CongestionControlFeedback/Enabled,offer:true/";

/** What a network is held to take before anything is known of it, in bits per second. */
const START = 1_000_000;

/** A port that was free a moment ago. */
async function freePort() {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address();
  await new Promise((resolve) => taken.close(resolve));
  return port;
}

/** What the reports of the two browsers, who came first, have changed. */
const of = (recorded, what) =>
  recorded
    .split("\n")
    .filter((line) => /^\{"e":"report","t":\d+,"p":[12],/.test(line))
    .map((line) => JSON.parse(line)[what]);

describe("reports", { timeout: 400_000 }, () => {
  let server;
  let chromium;
  let metrics;
  let dir;
  let peer;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "incamera-reports-"));
    metrics = `127.0.0.1:${await freePort()}`;
    server = await startServer({ args: ["--metrics", metrics, "--trace", dir] });
    chromium = await openChromium({ args: [TRIAL] });
  });
  after(async () => {
    await chromium?.close();
    await peer?.kill();
    await server?.stop();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  /** How often the server was told of networks, by kind. */
  async function told() {
    const text = await (await fetch(`http://${metrics}/metrics`)).text();
    const lines = text.matchAll(/^incamera_sfu_feedback_total\{kind="([a-z-]+)"\} (\S+)$/gm);
    return Object.fromEntries([...lines].map(([, kind, n]) => [kind, Number(n)]));
  }

  it("come of a browser that offers them, and raise the estimate", async () => {
    const link = await newRoom(server.url, "Reports");
    const small = { width: 320, height: 180, rate: 8 };
    const ann = await chromium.person("Ann", "red", small);
    const ben = await chromium.person("Ben", "green", small);
    await ann.join(link);
    await ben.join(link);
    await ann.seesFace("Ben", "green");
    await ben.seesFace("Ann", "red");
    const kinds = await told();
    assert.ok(kinds.ccfb > 0, `reports came: ${JSON.stringify(kinds)}`);
    assert.equal(kinds["transport-cc"], 0);
    assert.equal(kinds.remb, 0);
    // More than a network is held to take at first: it has to be tried whether it does. This one tells in the other way.
    peer = startPeer(link, { name: "Much", args: ["--only", "camera", "--bitrates", "1500"] });
    const text = await eventually(
      "an estimate has risen",
      () => {
        const [file] = readdirSync(dir);
        const recorded = readFileSync(join(dir, file), "utf8").replace(/[^\n]*$/, ""); // whole lines
        const targets = of(recorded, "target");
        return targets.some((target) => target > 1.3 * START) && recorded;
      },
      { timeout: 60_000, every: 500 },
    );
    // Nothing is lost on loopback: what the browser says of numbers is read as it means it.
    const losses = of(text, "loss");
    assert.ok(losses.length > 20 && losses.at(-1) < 0.1, `${losses.at(-1)} are lost`);
    await server.stop();
    const [file] = readdirSync(dir);
    const replay = spawnSync(`${root}bin/incamera`, ["trace", "replay", join(dir, file)], {
      encoding: "utf8",
    });
    assert.equal(replay.status, 0, replay.stdout + replay.stderr);
    assert.match(replay.stdout, /No decision differs/);
  });
});
