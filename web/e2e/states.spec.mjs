// What people see when something is wrong, and what assistive technology sees at all times.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** Runs axe in the page by the debugger, which the content security policy does not bind. */
async function violations(person) {
  // Colours on their way from one to another are nobody's choice.
  await person.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((a) => a.effect?.getComputedTiming().endTime < 1000)
        .map((a) => a.finished.catch(() => undefined)),
    ),
  );
  const session = await person.context.newCDPSession(person.page);
  await session.send("Runtime.evaluate", { expression: axeSource });
  const { result } = await session.send("Runtime.evaluate", {
    expression:
      "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | ')))",
    awaitPromise: true,
    returnByValue: true,
  });
  return result.value;
}

describe("states", { timeout: 180_000 }, () => {
  let server;
  let chromium;
  let link;
  before(async () => {
    server = await startServer();
    chromium = await openChromium();
    link = await newRoom(server.url, "States");
  });
  after(async () => {
    await chromium?.close();
    await server?.stop();
  });

  it("axe finds nothing on landing, device check and meeting", async () => {
    const ann = await chromium.person("Ann", "red");
    await ann.goto(server.url);
    await eventually("the landing page is there", () => ann.has("New meeting"));
    assert.deepEqual(await violations(ann), []);
    await ann.goto(link);
    await ann.type("Your name", "Ann");
    assert.deepEqual(await violations(ann), []);
    await ann.press("Join");
    await eventually("Ann is in", () => ann.has("Leave"));
    assert.deepEqual(await violations(ann), []);
    for (const panel of ["People", "Chat", "Security"]) {
      await ann.press(panel);
      assert.deepEqual(await violations(ann), [], panel);
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

  it("a denied camera is explained, and one can join without", async () => {
    const deaf = await openChromium({ permissions: false });
    try {
      const ann = await deaf.person("Ann", "red");
      await ann.goto(link);
      await eventually("the denial is explained", async () =>
        /block|allow|permission/i.test(await ann.text()),
      );
      await ann.type("Your name", "Ann");
      await ann.press("Join");
      await eventually("Ann is in all the same", () => ann.has("Leave"));
    } finally {
      await deaf.close();
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
