// The first screen is in the page itself: it is seen before the script is there, and stays where it is when that takes it over.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startServer } from "./lib/server.mjs";

/** Where everything is, with what is written on it. */
const look = () =>
  [...document.querySelectorAll("#app *")].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    const own = [...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE);
    const text = own.map((n) => n.data).join("");
    return `${e.localName} ${e.className.baseVal ?? e.className} ${[x, y, width, height].map(Math.round)} ${text}`;
  });
const violations = () => window.__violations;

describe("the first screen", { timeout: 240_000 }, () => {
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

  /** Opens an address; the script arrives when it is let go. */
  async function opened(url) {
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    const person = await chromium.person("Ann", "red", {
      before: async (page) => {
        await page.addInitScript(() => {
          window.__violations = [];
          addEventListener("securitypolicyviolation", (e) =>
            window.__violations.push(e.violatedDirective),
          );
        });
        await page.route(/\/assets\/.*\.js/, async (route) => {
          await held;
          await route.continue();
        });
      },
    });
    await person.page.goto(url, { waitUntil: "commit" });
    return { person, release };
  }

  it("is there without a script, in its style, under the server's policy", async () => {
    for (const [address, heading] of [
      ["/", "Meet behind closed doors."],
      ["/r/abcdefghijklmnopqrstuvwxyz", "Ready to join?"],
    ]) {
      const { person } = await opened(server.url + address);
      await person.sees(heading);
      const weight = await person.evaluate(
        () => getComputedStyle(document.querySelector("h1")).letterSpacing,
      );
      assert.notEqual(weight, "normal", "the style is not in force");
      assert.deepEqual(await person.evaluate(violations), []);
      assert.equal(await person.evaluate(() => document.scripts.length), 1);
      await person.close();
    }
  });

  it("becomes the app's where it stands, and what was typed stays", async () => {
    const { person, release } = await opened(server.url);
    await person.type("Meeting title (optional)", "Board");
    await person.evaluate(() => {
      window.__heading = document.querySelector("h1");
      document.querySelector("summary").click();
      document.querySelector("input[type=checkbox]").click();
    });
    const still = await person.evaluate(look);
    assert.ok(still.length > 30, "there was nothing to look at");
    release();
    await person.press("New meeting");
    await person.sees("Board");
    await person.close();

    const other = await opened(server.url);
    await other.person.sees("Meet behind closed doors.");
    await other.person.evaluate(() => {
      window.__heading = document.querySelector("h1");
    });
    const first = await other.person.evaluate(look);
    other.release();
    await eventually("the app has it", () =>
      other.person.evaluate(() => document.querySelector("#app").__k !== undefined),
    );
    assert.deepEqual(await other.person.evaluate(look), first);
    assert.ok(
      await other.person.evaluate(() => window.__heading === document.querySelector("h1")),
      "the heading was drawn anew",
    );
    await other.person.close();
  });

  it("of a room takes a name before it knows the meeting", async () => {
    const link = await newRoom(server.url, "Early");
    const { person, release } = await opened(link);
    await person.type("Your name", "Early Ann");
    const first = await person.evaluate(look);
    release();
    await person.sees("Early");
    const value = await person.evaluate(() => document.querySelector("input.field").value);
    assert.equal(value, "Early Ann");
    const heading = (lines) =>
      lines
        .find((l) => l.startsWith("h1"))
        .split(" ")
        .slice(0, 3);
    assert.deepEqual(heading(await person.evaluate(look)), heading(first));
    await person.press("Join");
    await eventually("Ann is in the meeting", () => person.has("Leave"));
    await person.close();
  });

  it("is in Firefox under the same policy", async () => {
    const cleo = await firefox.person("Cleo", "blue");
    await cleo.goto(server.url);
    await cleo.sees("Meet behind closed doors.");
    const spacing = await cleo.evaluate(
      () => getComputedStyle(document.querySelector("h1")).letterSpacing,
    );
    assert.notEqual(spacing, "normal", "the style is not in force");
    assert.deepEqual(await cleo.errors(), []);
    await cleo.close();
  });
});
