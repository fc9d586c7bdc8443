// The meeting needs nothing but its server: it works in a network namespace with no route out, and contacts one host.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openChromium } from "./lib/people.mjs";
import { startServer } from "./lib/server.mjs";

const root = process.getuid?.() === 0;

describe("no way out", {
  timeout: 120_000,
  skip: root ? false : "making a network namespace needs root",
}, () => {
  const space = `incamera-${process.pid}`;
  const inside = ["ip", "netns", "exec", space];
  let folder;
  let server;
  let chromium;
  before(async () => {
    for (const args of [
      ["netns", "add", space],
      ["-n", space, "link", "set", "lo", "up"],
      // A cable to nowhere: browsers gather no candidate when loopback is all there is.
      ["-n", space, "link", "add", "inside", "type", "veth", "peer", "name", "nowhere"],
      ["-n", space, "address", "add", "192.0.2.1/24", "dev", "inside"],
      ["-n", space, "link", "set", "inside", "up"],
      ["-n", space, "link", "set", "nowhere", "up"],
    ]) {
      const made = spawnSync("ip", args, { encoding: "utf8" });
      assert.equal(made.status, 0, made.stderr);
    }
    folder = mkdtempSync(join(tmpdir(), "incamera-netns-"));
    const wrapper = join(folder, "chromium");
    writeFileSync(wrapper, `#!/bin/sh\nexec ${inside.join(" ")} /usr/bin/chromium "$@"\n`);
    chmodSync(wrapper, 0o755);
    server = await startServer({ prefix: inside, listen: "127.0.0.1:8080" });
    chromium = await openChromium({ wrapper });
  });
  after(async () => {
    await chromium?.close();
    await server?.stop();
    spawnSync("ip", ["netns", "del", space]);
    if (folder) rmSync(folder, { recursive: true });
  });

  it("has no route out", () => {
    for (const outside of ["198.51.100.1", "203.0.113.1"]) {
      const route = spawnSync("ip", ["-n", space, "route", "get", outside], { encoding: "utf8" });
      assert.match(route.stderr, /unreachable/i);
    }
  });

  it("holds a meeting all the same, and contacts one host", async () => {
    const ann = await chromium.person("Ann", "red");
    const ben = await chromium.person("Ben", "green");
    const cleo = await chromium.person("Cleo", "blue");
    await ann.goto(server.url);
    await ann.press("New meeting");
    await ann.type("Your name", "Ann");
    await ann.evaluate(() => {
      window.__clip = new Promise((resolve) => {
        navigator.clipboard.writeText = async (text) => resolve(text);
      });
    });
    await ann.press("Join");
    await ann.press("People");
    await ann.press("Copy invitation link");
    const link = await ann.evaluate(() => window.__clip);
    await ben.join(link);
    await cleo.join(link);
    await Promise.all([
      ann.seesFace("Ben", "green"),
      ben.seesFace("Cleo", "blue"),
      cleo.seesFace("Ann", "red"),
    ]);
    for (const p of [ann, ben, cleo]) {
      assert.deepEqual([...p.hosts], [new URL(server.url).host]);
      assert.deepEqual(await p.errors(), []);
    }
  });
});
