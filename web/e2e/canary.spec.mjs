// What people say, their names and the meeting's title are in no byte that the server received, in its memory or on its disk.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium } from "./lib/people.mjs";
import { find, findInMemory, findOnDisk } from "./lib/search.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";
import { startTap } from "./lib/tap.mjs";

const phrases = {
  chat: "the heron lands at midnight",
  name: "Zebedee Quillfeather",
  title: "Plans for the lighthouse",
};

describe("canary", { timeout: 120_000 }, () => {
  let home;
  let server;
  let tap;
  let chromium;
  let ann;
  let ben;
  let desk;
  let link;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), "incamera-canary-"));
    server = await startServer({
      env: {
        HOME: home,
        TMPDIR: home,
        XDG_DATA_HOME: home,
        XDG_STATE_HOME: home,
        XDG_CACHE_HOME: home,
      },
    });
    tap = await startTap(server);
    chromium = await openChromium();
    link = await newRoom(tap.url, phrases.title);
    ann = await chromium.person(phrases.name, "red");
    ben = await chromium.person("Ben", "green");
    await ann.join(link);
    await ben.join(link);
    await Promise.all([ann.seesFace("Ben", "green"), ben.seesFace(phrases.name, "red")]);
    desk = startPeer(link, { name: "Desk" });
    await ann.sees("3 people");
    await ann.press("Chat");
    await ann.type("Message", phrases.chat);
    await ann.press("Send");
    await ben.press("Chat");
    await ben.sees(phrases.chat);
  });
  after(async () => {
    await desk?.kill();
    await chromium?.close();
    await tap?.stop();
    await server?.stop();
    if (home) rmSync(home, { recursive: true });
  });

  it("is in no byte that the server received", () => {
    const bytes = tap.received();
    assert.ok(bytes.length > 200_000, `the tap saw ${bytes.length} bytes only`);
    assert.ok(bytes.includes('"type":"ask"'), "the tap does not see into the socket");
    assert.deepEqual(find(bytes, { ...phrases, secret: secretOf(link) }), []);
  });

  it("is not in the server's memory while the meeting runs", () => {
    const { hits, total } = findInMemory(server.pid, { ...phrases, secret: secretOf(link) });
    assert.ok(total > 4 << 20, `only ${total} bytes could be read`);
    assert.deepEqual(hits, []);
  });

  it("is not on the server's disk", () => {
    assert.deepEqual(findOnDisk(home, phrases).hits, []);
  });

  it("is found by the same search when it was planted", async () => {
    const planted = { planted: "a marmot sings of spring rain" };
    const key = generateKeyPairSync("ed25519")
      .publicKey.export({ format: "der", type: "spki" })
      .subarray(-32);
    const answer = await fetch(`${tap.url}/api/rooms`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        room: roomOf(key),
        hostKey: key.toString("base64"),
        tokenHash: createHash("sha256").update("planted").digest("base64"),
        card: Buffer.from(planted.planted).toString("base64"),
      }),
    });
    assert.equal(answer.status, 201, await answer.text());
    assert.ok(
      find(tap.received(), planted).some((h) => h.startsWith("planted as base64")),
      "not found on the way",
    );
    await eventually("it is found in memory", () =>
      findInMemory(server.pid, planted).hits.includes("planted as bytes"),
    );
    writeFileSync(join(home, "planted"), planted.planted);
    assert.deepEqual(findOnDisk(home, planted).hits, ["planted as bytes in planted"]);
  });
});

function secretOf(meetingLink) {
  return Buffer.from(meetingLink.split("#1.")[1], "base64url");
}

function roomOf(hostKey) {
  const digest = createHash("sha256").update("incamera room v1").update(hostKey).digest();
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let bits = 0n;
  for (const b of digest) bits = (bits << 8n) | BigInt(b);
  return Array.from(
    { length: 26 },
    (_, i) => alphabet[Number((bits >> BigInt(256 - 5 * (i + 1))) & 31n)],
  ).join("");
}
