// What people see when something is wrong, and what assistive technology sees at all times.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { violations } from "./lib/axe.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

describe("states", { timeout: 180_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let link;
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "States");
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  it("axe finds nothing on landing, device check and meeting", async () => {
    const ann = await chromium.person("Ann", "red");
    await ann.goto(server.url);
    await eventually("the landing page is there", () => ann.has("New meeting"));
    assert.deepEqual(await violations(ann.page), []);
    await ann.goto(link);
    await ann.type("Your name", "Ann");
    assert.deepEqual(await violations(ann.page), []);
    await ann.press("Join");
    await eventually("Ann is in", () => ann.has("Leave"));
    assert.deepEqual(await violations(ann.page), []);
    for (const panel of ["People", "Chat", "Security"]) {
      await ann.press(panel);
      assert.deepEqual(await violations(ann.page), [], panel);
    }
    assert.deepEqual(await ann.errors(), []);
    await ann.close();
  });

  for (const [what, broken] of [
    ["cut short", (l) => l.slice(0, -9)],
    ["without a secret", (l) => l.split("#")[0]],
    ["with another room", (l) => l.replace(/\/r\/....../, "/r/aaaaaa")],
    ["with another secret", (l) => l.replace(/#1\......./, "#1.AAAAAA")],
  ]) {
    it(`a link ${what} is explained, and nothing is joined`, async () => {
      const ann = await chromium.person("Ann", "red");
      await ann.goto(broken(link));
      await eventually(
        "the problem is explained",
        async () => /link/i.test(await ann.text()) && !(await ann.has("Join")),
      );
      assert.ok(!/undefined|TypeError|at http/.test(await ann.text()));
      await ann.close();
    });
  }

  it("the connection test finds every way to a server that is open, in both browsers", async () => {
    for (const browser of [chromium, firefox]) {
      const ann = await browser.person("Ann", "red");
      await ann.goto(`${server.url}/test`);
      await ann.sees("Everything gets through", { timeout: 40_000 });
      // No relay without TLS; everything else is tried, and nothing stays open.
      const states = await ann.evaluate(() =>
        [...document.querySelectorAll(".hop")].map((e) => e.className.split(" ")[1]).join(" "),
      );
      assert.equal(states, "open open open open absent absent absent", browser.kind);
      if (browser === chromium) assert.deepEqual(await violations(ann.page), []);
      assert.deepEqual(await ann.errors(), []);
      await ann.close();
    }
  });

  it("a denied camera is explained in the browser's own words, and one can join without", async () => {
    const prefs = {
      "permissions.default.camera": 2,
      "permissions.default.microphone": 2,
      "media.navigator.permission.disabled": false,
    };
    const deaf = await Promise.all([openChromium({ permissions: false }), openFirefox({ prefs })]);
    try {
      const people = [];
      for (const [browser, where] of [
        [deaf[0], "Click the symbol beside the address, allow Camera"],
        [deaf[1], "Click the crossed-out camera beside the address"],
      ]) {
        const ann = await browser.person("Ann", "red");
        await ann.goto(link);
        await ann.sees(where);
        await ann.type("Your name", "Ann");
        await ann.press("Join");
        await eventually("Ann is in all the same", () => ann.has("Leave"));
        people.push(ann);
      }
      for (const ann of people) await ann.close();
    } finally {
      await Promise.allSettled(deaf.map((b) => b.close()));
    }
  });

  it("a browser without encoded transforms is refused with an explanation", async () => {
    const old = await chromium.person("Old", "red", {
      before: (page) => page.addInitScript(() => delete window.RTCRtpScriptTransform),
    });
    await old.goto(link);
    await eventually(
      "it is explained",
      async () => /browser/i.test(await old.text()) && !(await old.has("Join")),
    );
    await old.close();
  });

  it("a second tab of the same person is named as such", async () => {
    const ann = await chromium.person("Ann", "red");
    await ann.join(link);
    const page = await ann.context.newPage();
    const twin = Object.assign(Object.create(Object.getPrototypeOf(ann)), ann, {
      page,
      hosts: new Set(),
    });
    await twin.join(link);
    await ann.press("People");
    await eventually("Ann's list tells", async () => /another tab|second/i.test(await ann.text()));
    await ann.close();
  });
});
