// A whole meeting by keyboard alone, in both browsers, with one more person and one without a browser.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { startPeer, startServer } from "./lib/server.mjs";

/** The accessible name of what has the focus, roughly. */
const focused = (person) =>
  person.evaluate(() => {
    const e = document.activeElement;
    const label = e?.labels?.[0]?.textContent;
    return (e?.getAttribute("aria-label") ?? label ?? e?.textContent ?? "").trim();
  });

/** Goes there with the tab key, as far as from one end of the page to the other. */
async function tabTo(person, name) {
  const passed = [];
  for (let i = 0; i < 80; i++) {
    if ((await focused(person)) === name) return;
    await person.page.keyboard.press("Tab");
    passed.push(await focused(person));
  }
  throw new Error(`${person.name} does not reach “${name}” by keyboard, but ${passed.join(", ")}`);
}
const key = (person, ...keys) =>
  keys.reduce((before, k) => before.then(() => person.page.keyboard.press(k)), Promise.resolve());
const write = (person, text) => person.page.keyboard.type(text);
async function chord(person, letter) {
  await person.page.keyboard.down("Control");
  await person.page.keyboard.press(letter);
  await person.page.keyboard.up("Control");
}

describe("by keyboard alone", { timeout: 240_000 }, () => {
  let server;
  let chromium;
  let firefox;
  const peers = [];
  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close(), ...peers.map((p) => p.kill())]);
    await server?.stop();
  });

  for (const kind of ["chromium", "firefox"]) {
    it(`one makes a meeting, invites, talks, looks and leaves (${kind})`, async () => {
      const ann = await { chromium, firefox }[kind].person("Ann", "red");
      await ann.goto(server.url);
      await eventually("the page is there", () => ann.has("New meeting"));
      await ann.evaluate(() => {
        window.__clip = new Promise((resolve) => {
          navigator.clipboard.writeText = async (text) => resolve(text);
        });
      });
      await tabTo(ann, "Meeting title (optional)");
      await write(ann, "Keys");
      await key(ann, "Enter");
      await eventually("the device check", () => ann.has("Join"));
      await tabTo(ann, "Your name");
      await write(ann, "Ann");
      // Two keys at once work in the field, too.
      await chord(ann, "e");
      await eventually("the camera is off", () => ann.has("Turn camera on"));
      await chord(ann, "e");
      await eventually("the camera is on", () => ann.has("Turn camera off"));
      await eventually("the form can be sent", () =>
        ann.evaluate(() => {
          const join = [...document.querySelectorAll("button")].find(
            (b) => b.textContent.trim() === "Join",
          );
          return join && !join.disabled && document.activeElement?.tagName === "INPUT";
        }),
      );
      await key(ann, "Enter");
      await eventually("Ann is in", () => ann.has("Leave"));
      await ann.sees("Sealed");
      await key(ann, "p");
      await tabTo(ann, "Copy invitation link");
      await key(ann, "Enter");
      const link = await ann.evaluate(() => window.__clip);
      const ben = await chromium.person("Ben", "green");
      await ben.join(link);
      const peer = startPeer(link);
      peers.push(peer);
      await ann.seesFace("Ben", "green");
      await eventually("the third is there", () => ann.tileOf("Field office"));
      await key(ann, "Escape");

      await key(ann, "c");
      await tabTo(ann, "Message");
      await write(ann, "m is a letter here");
      await key(ann, "Enter", "Escape");
      await ben.press("Chat");
      await ben.sees("m is a letter here");

      const muted = async () => /muted/.test((await ben.tileOf("Ann"))?.text ?? "");
      await key(ann, "m");
      await eventually("Ann is muted", muted);
      await chord(ann, "d");
      await eventually("Ann is heard", async () => !(await muted()));

      const pinned = () =>
        ann.evaluate(() => {
          const pin = document.querySelector(".tile-pin[aria-pressed=true]");
          return pin?.closest("[data-session]").innerText ?? "";
        });
      await key(ann, "2");
      await eventually("Ben is pinned", async () => (await pinned()).includes("Ben"));
      await key(ann, "2");
      await eventually("nobody is pinned", async () => (await pinned()) === "");

      await key(ann, "?");
      await eventually("the list of keys", () => ann.has("Close keyboard help"));
      await tabTo(ann, "Use single keys");
      await key(ann, " ", "Escape");
      await key(ann, "m");
      await chord(ann, "e");
      await eventually("the camera is off", () => ann.has("Turn camera on"));
      assert.ok(!(await muted()), "a single key was taken after they were switched off");

      await tabTo(ann, "Leave");
      await key(ann, "Enter");
      await ann.sees("You left the meeting.");
      await tabTo(ann, "Back to the start");
      await key(ann, "Enter");
      await eventually("the landing page", () => ann.has("New meeting"));
      assert.deepEqual(await ann.errors(), []);
      assert.deepEqual(await ben.errors(), []);
      await Promise.all([ann.close(), ben.close(), peer.kill()]);
    });
  }
});
