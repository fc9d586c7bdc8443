// The browser keeps the client that it loaded first: whatever the server has later, and when it does not answer.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startFront } from "./lib/front.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

const context = { serviceWorkers: "allow" };
const kept = (person) =>
  person.evaluate(async () =>
    (await caches.keys()).filter((k) => /^incamera-[0-9a-f]{64}$/.test(k)),
  );
const mark = (person) =>
  person.evaluate(() => document.querySelector('meta[name="mark"]')?.content ?? "none");

describe("the kept client", { timeout: 240_000 }, () => {
  let server;
  let front;
  let chromium;
  let firefox;
  let ann;
  let cleo;
  before(async () => {
    server = await startServer();
    front = await startFront(server);
    [chromium, firefox] = await Promise.all([
      openChromium(),
      openFirefox({ prefs: { "dom.serviceWorkers.enabled": true } }),
    ]);
    ann = await chromium.person("Ann", "red", { context });
    cleo = await firefox.person("Cleo", "blue");
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await front?.close();
    await server?.stop();
  });
  const both = (f) => Promise.all([ann, cleo].map(f));

  it("takes nothing of a server whose files are not those of its version", async () => {
    await front.alter();
    const ben = await chromium.person("Ben", "green", { context });
    await ben.goto(front.url);
    await eventually("the altered page runs", () => ben.evaluate(() => globalThis.altered));
    const settled = () =>
      ben.evaluate(async () => {
        const r = await navigator.serviceWorker.getRegistration();
        return r ? Boolean(r.installing) : globalThis.registered === true;
      });
    await ben.evaluate(() => {
      const register = navigator.serviceWorker.register.bind(navigator.serviceWorker);
      navigator.serviceWorker.register = async (...args) => {
        const r = await register(...args);
        const worker = r.installing ?? r.waiting ?? r.active;
        worker.addEventListener("statechange", () => {
          globalThis.registered = worker.state === "redundant";
        });
        return r;
      };
    });
    await eventually("the worker is refused", settled);
    await eventually("for good", () => ben.evaluate(() => globalThis.registered));
    assert.deepEqual(await kept(ben), []);
    await ben.close();
    front.genuine();
  });

  it("is there without the server, which is said as soon as it is needed", async () => {
    await both(async (p) => {
      await p.goto(front.url);
      await eventually(`${p.name} keeps it`, async () => (await kept(p)).length === 1);
      await eventually(`${p.name} is served by it`, () =>
        p.evaluate(() => navigator.serviceWorker.controller !== null),
      );
    });
    front.setAway(true);
    await both(async (p) => {
      await p.goto(front.url);
      await p.sees("Meet behind closed doors.");
      await p.press("New meeting");
      await p.sees("The server does not answer");
    });
    front.setAway(false);
  });

  it("holds a meeting, under the policy that it came with, and keeps nothing of it", async () => {
    const link = (await newRoom(server.url, "Kept")).replace(server.url, front.url);
    await ann.join(link);
    await cleo.join(link);
    const desk = startPeer(link, { name: "Desk", args: ["--only", "mic"] });
    await Promise.all([ann.seesFace("Cleo", "blue"), cleo.seesFace("Ann", "red")]);
    await both((p) => p.sees("3 people"));
    await desk.report();
    const { pathname, hash } = new URL(link);
    const secrets = [pathname.split("/").at(-1), hash.split(".").at(-1)];
    await both(async (p) => {
      const found = await p.evaluate(async (wanted) => {
        let all = "";
        for (const name of await caches.keys()) {
          const cache = await caches.open(name);
          for (const request of await cache.keys())
            all += `${request.url}\n${await (await cache.match(request)).text()}\n`;
        }
        return {
          size: all.length,
          has: wanted.filter((w) => all.includes(w)),
          api: all.includes("/api/look\n"),
        };
      }, secrets);
      assert.ok(found.size > 100_000, "nothing was searched");
      assert.deepEqual([found.has, found.api], [[], false]);
      assert.deepEqual(await p.errors(), []);
      await p.evaluate(() => fetch("https://other.example/").catch(() => {}));
      const [refused] = await p.errors();
      assert.match(refused ?? "", /CSP: connect-src/, "the policy is not in force");
      await p.press("Leave");
      await p.goto(front.url);
    });
  });

  it("stays when the server has another, until the person takes that", async () => {
    await front.other("two");
    await both(async (p) => {
      await p.goto(front.url);
      await p.sees("This server offers another version of this page");
      assert.equal(await mark(p), "none");
      await p.press("Keep mine");
      await p.goto(front.url);
      const asked = await eventually(`${p.name} asked the server`, () =>
        p.evaluate(async () => {
          const state = await (await (await caches.open("incamera-state")).match("/state")).json();
          return state.refused && state;
        }),
      );
      assert.notEqual(asked.refused, asked.pinned);
    });
    await front.other("three");
    await both(async (p) => {
      await p.goto(front.url);
      await p.sees("This server offers another version of this page");
      await p.press("Take it");
      await eventually(`${p.name} has it`, async () => (await mark(p)) === "three");
      assert.equal((await kept(p)).length, 1);
    });
  });

  it("stays when what is offered is not what it is said to be, which is told", async () => {
    await front.other("four", { altered: true });
    await both(async (p) => {
      await p.goto(front.url);
      await p.sees("This server offers another version of this page");
      await p.press("Take it");
      await p.sees("This server's page is not what the server says it is");
      await p.goto(front.url);
      assert.equal(await mark(p), "three");
    });
  });

  it("shows no page of the server's at any other address, and goes where that leads", async () => {
    front.strange();
    await both(async (p) => {
      await p.goto(`${front.url}/r/x/`);
      const shown = () => p.evaluate(() => [document.contentType, document.body?.textContent]);
      await eventually(`${p.name} is shown text`, async () => {
        const [type, text] = await shown();
        return type === "text/plain" && text.includes("<h1>Mine</h1>");
      });
      await p.goto(`${front.url}/auth/login`);
      await eventually(
        `${p.name} is led to the first page`,
        async () => (await mark(p)) === "three",
      );
    });
  });
});
