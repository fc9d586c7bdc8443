// A lying server and malicious participants against a real page in Chromium. `make attack` runs it after the attacks in Go.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";
import { startTamper } from "./lib/tamper.mjs";
import { summary, Trial } from "./lib/trial.mjs";

const small = { width: 320, height: 180, rate: 12 };
/** How long a page is watched for what must not happen. */
const WATCH = 5_000;

describe("attacks on a page", { timeout: 300_000 }, () => {
  let server;
  let chromium;
  const trials = [];
  let failed = 0;
  before(async () => {
    server = await startServer();
    chromium = await openChromium();
  });
  after(async () => {
    console.log(summary(trials, failed));
    await chromium?.close();
    await server?.stop();
  });

  /** Carries one attack out. lies may be changed while it runs; what opens is closed in the end. */
  function attack(name, told, run) {
    it(name, async () => {
      const t = new Trial(name, told);
      const lies = {};
      const open = [];
      const tamper = await startTamper(server, lies);
      const page = async (who, look, options = {}) => {
        const p = await chromium.person(who, look, { ...small, ...options });
        open.push(() => p.close());
        return p;
      };
      const peer = (link, who, args = []) => {
        const p = startPeer(link, { name: who, args });
        open.push(() => p.kill());
        return p;
      };
      try {
        await run({ t, lies, tamper, page, peer });
        trials.push(t);
      } catch (e) {
        failed++;
        t.failed = String(e.message ?? e).split("\n")[0];
        throw e;
      } finally {
        await Promise.allSettled(open.reverse().map((f) => f()));
        await tamper.stop();
        console.log(t.print());
      }
      assert.ok(!t.bad, `${name}: ${told.claim} does not hold`);
    });
  }

  const decodedOf = async (p) => (await p.decoded()).video.reduce((a, b) => a + b, 0);
  const packetsOf = async (p) =>
    (await p.stats())
      .filter((s) => s.type === "inbound-rtp" && s.kind === "video")
      .reduce((n, s) => n + s.packets, 0);

  attack("title swapped on the wire", { claim: "C10" }, async ({ t, lies, tamper, page }) => {
    t.try("the server shows Ann the card of another meeting");
    const link = await newRoom(server.url, "The real title");
    let other;
    lies.look = (body) => {
      other = body.card;
      return body;
    };
    const first = await page("First", "blue");
    await first.goto(tamper.link(await newRoom(server.url, "The other title")));
    await first.sees("The other title");
    lies.look = (body) => ({ ...body, card: other });
    const ann = await page("Ann", "red");
    await ann.goto(tamper.link(link));
    await delay(WATCH);
    const text = await ann.text();
    const joins = await ann.has("Join");
    t.told("Ann", !joins, `reads: ${text.replace(/\s+/g, " ").slice(0, 160)}`);
    t.goal(text.includes("The other title"), "Ann reads the title of another meeting");
    t.goal(joins, "Ann may join by a card that is not her room's");
  });

  attack("KeyPackage swapped in transit", { claim: "C8" }, async ({ t, lies, tamper, page }) => {
    t.try("the server puts the KeyPackage of Cleo, who has left, in the place of Ben's");
    const link = await newRoom(server.url, "KeyPackage");
    const ann = await page("Ann", "red");
    await ann.join(tamper.link(link));
    let old;
    lies.heard = (m) => {
      if (m.type === "ask") old = m.body;
    };
    const cleo = await page("Cleo", "blue");
    await cleo.join(tamper.link(link));
    await ann.seesFace("Cleo", "blue");
    await cleo.press("Leave");
    await eventually("Cleo is gone", async () => !(await ann.tileOf("Cleo")));
    assert.ok(old, "Cleo asked for nothing");
    let swapped = 0;
    let added = 0;
    lies.heard = (m) => {
      if (m.type === "commit" && m.to.length > 0) added++;
      if (m.type !== "ask") return undefined;
      swapped++;
      return { ...m, body: old };
    };
    const ben = await page("Ben", "green");
    await ben.goto(tamper.link(link));
    await ben.type("Your name", "Ben");
    await ben.press("Join");
    await eventually("Ben has asked", () => swapped > 0);
    await delay(WATCH);
    t.saw(
      "Ann",
      `was shown ${swapped} times what Cleo asked once, and has added ${added} by it; sees ${(await ann.tiles()).map((x) => x.text.replace(/\s+/g, " ")).join(" | ")}`,
    );
    t.goal(added > 0, "a leaf that Cleo did not ask for is added");
    t.goal((await decodedOf(ben)) > 0, "Ben decodes something that he was not let in to");
  });

  attack("streams swapped", { claim: "C4" }, async ({ t, lies, tamper, page, peer }) => {
    t.try("the server says that Ben's pictures are Cleo's and the other way round");
    const link = await newRoom(server.url, "Streams");
    peer(link, "Ben");
    peer(link, "Cleo");
    const honest = await page("Control", "yellow");
    await honest.join(tamper.link(link));
    await eventually("both are decoded when nobody lies", async () => {
      return (await honest.decoded()).video.filter((n) => n > 5).length >= 2;
    });
    await honest.close();
    let lied = 0;
    lies.said = (m) => {
      if (m.type !== "seats") return undefined;
      const owners = [...new Set(m.seats.map((s) => s.session).filter(Boolean))];
      if (owners.length < 2) return { ...m, seats: m.seats.map((s) => ({ ...s, session: "" })) };
      lied++;
      const next = (s) => (s ? owners[(owners.indexOf(s) + 1) % owners.length] : s);
      return { ...m, seats: m.seats.map((s) => ({ ...s, session: next(s.session) })) };
    };
    const ann = await page("Ann", "red");
    await ann.join(tamper.link(link));
    await eventually(
      "pictures arrive at Ann",
      async () => lied > 0 && (await packetsOf(ann)) > 200,
      {
        timeout: 30_000,
      },
    );
    const frames = await decodedOf(ann);
    const states = (await ann.tiles()).map((x) => x.state).join(", ");
    t.told(
      "Ann",
      /waiting/.test(states),
      `${await packetsOf(ann)} packets, ${frames} frames decoded; tiles are ${states}`,
    );
    t.goal(frames > 0, "Ann sees somebody in another's place");
  });

  attack("frame replay", { claim: "C4" }, async ({ t, page, peer }) => {
    t.try("a participant and the forwarder repeat the first second of its camera for ever");
    const link = await newRoom(server.url, "Replay");
    const ann = await page("Ann", "red");
    await ann.join(link);
    peer(link, "Mallory", ["--misbehave", "replay"]);
    await eventually("packets arrive", async () => (await packetsOf(ann)) > 200, {
      timeout: 30_000,
    });
    const frames = await decodedOf(ann);
    t.saw("Ann", `${await packetsOf(ann)} packets, ${frames} frames decoded`);
    t.goal(frames > 40, "more is decoded than the second that was new");
  });

  /** Frames of a person that the peer did not open, by reason, but for what retransmission does. */
  const unopened = (report, name) => {
    const sums = { frames: 0, malformed: 0, badTag: 0, wrongOwner: 0, noKey: 0, replay: 0 };
    for (const r of report.received.filter((x) => x.name === name || x.name === "")) {
      sums.frames += r.frames;
      for (const k of Object.keys(r.dropped)) if (k in sums) sums[k] += r.dropped[k];
    }
    return sums;
  };

  attack("worker killed", { claim: "C3" }, async ({ t, page, peer }) => {
    t.try("Ann's crypto worker ends while she is seen and heard");
    const link = await newRoom(server.url, "Worker");
    const ben = peer(link, "Ben");
    const ann = await page("Ann", "red", {
      before: (p) =>
        p.addInitScript(() => {
          const Native = window.Worker;
          window.__workers = [];
          window.Worker = class extends Native {
            constructor(...args) {
              super(...args);
              window.__workers.push(this);
            }
          };
        }),
    });
    await ann.join(link);
    await eventually("Ann sees Ben", async () => (await decodedOf(ann)) > 10, { timeout: 30_000 });
    const killed = await ann.evaluate(() => {
      for (const w of window.__workers) w.terminate();
      return window.__workers.length;
    });
    assert.ok(killed > 0, "there is no worker to kill");
    const before = await decodedOf(ann);
    await delay(WATCH);
    const later = await decodedOf(ann);
    t.saw("Ann", `${later - before} frames decoded in the ${WATCH / 1000} s after`);
    const seen = unopened(await ben.report(), "Ann");
    t.saw("Ben", JSON.stringify(seen));
    assert.ok(seen.frames > 0, "Ben saw nothing of Ann before");
    // What was on its way when the worker ended is still sealed and counted as opened.
    t.goal(
      seen.malformed + seen.badTag + seen.wrongOwner > 0,
      "a frame leaves Ann's page unsealed",
    );
    t.goal(later - before > 12, "Ann's page decodes what the worker did not open");
  });

  attack(
    "transform set late",
    { admitted: "Compromised computers, browser extensions" },
    async ({ t, page, peer }) => {
      t.try(
        "Ann's browser takes 3 s to set each transform of a sender, and sends meanwhile what it has",
      );
      const link = await newRoom(server.url, "Late");
      const ben = peer(link, "Ben");
      const ann = await page("Ann", "red", {
        before: (p) =>
          p.addInitScript(() => {
            const own = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, "transform");
            Object.defineProperty(RTCRtpSender.prototype, "transform", {
              get() {
                return own.get.call(this);
              },
              set(value) {
                setTimeout(() => own.set.call(this, value), 3_000);
              },
            });
          }),
      });
      await ann.join(link);
      await delay(2 * WATCH);
      const sent = (await ann.stats())
        .filter((s) => s.type === "outbound-rtp")
        .reduce((n, s) => n + s.packets, 0);
      const text = (await ann.text()).replace(/\s+/g, " ");
      const noticed = /unencrypted|not encrypted|encrypt|protect/i.exec(text);
      t.told(
        "Ann",
        Boolean(noticed),
        `has sent ${sent} packets; the page reads: ${text.slice(0, 240)}`,
      );
      const seen = unopened(await ben.report(), "Ann");
      t.saw("Ben", JSON.stringify(seen));
      t.goal(
        seen.malformed + seen.badTag + seen.wrongOwner > 0,
        "frames leave Ann's page unsealed",
      );
      assert.ok(seen.malformed + seen.badTag > 0 || noticed, "the browser was not late");
    },
  );

  attack(
    "counter reuse after a reload",
    { claim: "C5" },
    async ({ t, lies, tamper, page, peer }) => {
      t.try(
        "Ann reloads, and the server gives her the session and the Welcome that she had before",
      );
      const link = await newRoom(server.url, "Reload");
      const ben = peer(link, "Ben");
      let joined;
      let welcome;
      lies.said = (m) => {
        if (m.type === "joined") joined ??= m;
        if (m.type === "welcomed") welcome ??= m;
      };
      const ann = await page("Ann", "red");
      await ann.join(tamper.link(link));
      await eventually("Ann sees Ben", async () => (await decodedOf(ann)) > 10, {
        timeout: 30_000,
      });
      assert.ok(joined && welcome, "Ann was not welcomed");
      let lied = 0;
      lies.said = (m) => {
        if (m.type !== "welcomed") return undefined;
        lied++;
        return lied === 1 ? { ...welcome, n: m.n, ack: m.ack } : undefined;
      };
      let session;
      const said = lies.said;
      lies.said = (m) => {
        if (m.type === "joined") session = m.session;
        return said(m);
      };
      await ann.page.reload({ waitUntil: "domcontentloaded" });
      await eventually("Ann is in again and sees Ben", async () => (await decodedOf(ann)) > 10, {
        timeout: 40_000,
      });
      const report = await ben.report();
      const seen = unopened(report, "Ann");
      const sessions = report.received
        .filter((r) => r.name === "Ann" && r.frames > 0)
        .map((r) => r.session);
      t.told("Ann", lied > 1, `was welcomed ${lied} times, the first time with the old Welcome`);
      t.saw("Ben", `${JSON.stringify(seen)} in ${new Set(sessions).size} sessions of Ann`);
      assert.ok(lied > 0 && session, "the lie was not told");
      t.goal(
        session === joined.session || new Set(sessions).size < 2,
        "Ann goes on with the leaf she had",
      );
      t.goal(seen.replay > 0 || seen.badTag > 0, "a counter comes twice for one key");
    },
  );
});
