// What is loaded on click, in one meeting: statistics, noise taken out, a background hidden, the board; and what a crowd needs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import {
  band,
  behind,
  chooseBehind,
  hideBehindBlue,
  loseTheModel,
  near,
  rows,
  seen,
  sheet,
  toggle,
  watch,
} from "./lib/features.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, startPeer, startServer } from "./lib/server.mjs";

const skin = [218, 172, 146]; // of the one who is drawn
const red = [208, 32, 32]; // the wall behind Ann
const violet = [160, 32, 176]; // behind Cleo
const blue = [0, 0, 255]; // of the picture that hides it

describe("features", { timeout: 400_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let ann; // in Chromium: a microphone in a machine room, and somebody before a red wall
  let ben; // in Chromium: the witness
  let cleo; // in Firefox: somebody before a violet wall
  let link;

  before(async () => {
    server = await startServer();
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox()]);
    link = await newRoom(server.url, "Features");
    [ann, ben, cleo] = await Promise.all([
      chromium.person("Ann", "red", { somebody: true, noise: true }),
      chromium.person("Ben", "green"),
      firefox.person("Cleo", "purple", { somebody: true }),
    ]);
    await Promise.all([ben.join(link), ann.goto(server.url), cleo.goto(server.url)]);
    await watch(ben, "Ann", "Cleo");
  });
  after(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  // One after the other: finding people in pictures takes most of a small machine.
  for (const [who, name, wall] of [
    ["ann", "Ann", red],
    ["cleo", "Cleo", violet],
  ]) {
    it(`a background of ${name} is hidden from the first frame on, blurred, and shown`, async () => {
      const person = { ann, cleo }[who];
      await person.evaluate(hideBehindBlue);
      await person.join(link);
      const last = async () => (await seen(ben, name)).at(-1);
      await eventually(
        `Ben sees the face of ${name} before the picture`,
        async () => {
          const one = await last();
          if (one && near(one.face, skin) && near(one.wall, blue)) return true;
          throw new Error(JSON.stringify(one));
        },
        { timeout: 30_000 },
      );
      const walls = (await seen(ben, name)).filter((s) => near(s.wall, wall));
      assert.deepEqual(walls, [], `the wall behind ${name} was seen`);
      await behind(person, "blur");
      // The white bar before the wall is 1/80 of the picture wide: sharp it is white, blurred by 1/32 it never is.
      const bar = async () =>
        Math.max(...(await seen(ben, name)).slice(-8).map(({ bar: [, green] }) => green));
      await eventually(`Ben sees the wall behind ${name} without its bar`, async () => {
        const one = await last();
        const white = await bar();
        if (near(one.face, skin) && near(one.wall, wall) && white < 150) return true;
        throw new Error(JSON.stringify({ ...one, white }));
      });
      await behind(person, "none");
      const sharp = () =>
        eventually(`Ben sees the bar behind ${name}`, async () => {
          const white = await bar();
          if (white > 200) return true;
          throw new Error(String(white));
        });
      await sharp();
      // Where the background cannot be hidden, nothing is shown until one says so.
      await person.evaluate(loseTheModel);
      await chooseBehind(person, "blur");
      await person.sees("Your background can't be hidden here");
      await eventually(
        `${name}'s camera is off`,
        async () => (await ben.tileOf(name)).state === "off",
      );
      await person.evaluate(() =>
        [...document.querySelectorAll("dialog[open] button")]
          .find((b) => b.textContent === "Show my background")
          .click(),
      );
      await person.press("Close settings");
      await eventually(
        `${name}'s camera is on`,
        async () => (await ben.tileOf(name)).state === "on",
      );
      await sharp();
    });
  }

  it("statistics tell of every stream, in both browsers", async () => {
    await Promise.all(
      [
        [ann, "Cleo"],
        [cleo, "Ann"],
      ].map(async ([person, other]) => {
        await sheet(person, "Statistics");
        const camera = await eventually(`${other}'s camera is in the table`, async () =>
          (await rows(person, "Received")).find(
            ([source, codec, , bits]) =>
              source === `Camera · ${other}` && codec === "VP8" && Number.parseInt(bits, 10) > 0,
          ),
        );
        assert.match(camera[2], /^\d+ × \d+, \d+\/s$/);
        await eventually("our own microphone is in the table", async () =>
          (await rows(person, "Sent")).some(
            ([source, codec]) => source === "Microphone" && codec === "opus",
          ),
        );
        const figures = await person.evaluate(() =>
          Object.fromEntries(
            [...document.querySelectorAll(".figures > div")].map((d) => [
              d.querySelector("dt").textContent,
              Number(d.querySelector("dd").textContent.replace(/[^\d.]/g, "")),
            ]),
          ),
        );
        assert.ok(
          figures["Frames opened"] > 0 && figures["Frames sealed"] > 0,
          JSON.stringify(figures),
        );
        assert.equal(figures["Frames dropped: altered, or under a wrong key"], 0);
        await person.press("Close statistics");
      }),
    );
  });

  it("what one draws and writes on the board, all see, and whoever undoes it takes it off", async () => {
    const strokes = (person) =>
      person.evaluate(() =>
        [...document.querySelectorAll(".board-paper svg > *")].map((e) => e.tagName),
      );
    const use = (person, tool) =>
      person.evaluate((wanted) => {
        const all = [...document.querySelectorAll(".board-tools select")];
        const select = all.find((s) => [...s.options].some((o) => o.text === wanted));
        select.selectedIndex = [...select.options].findIndex((o) => o.text === wanted);
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }, tool);
    await sheet(ann, "Board");
    const paper = await ann.page.locator(".board-paper").boundingBox();
    await ann.page.mouse.move(paper.x + 50, paper.y + 50);
    await ann.page.mouse.down();
    await ann.page.mouse.move(paper.x + 150, paper.y + 90, { steps: 4 });
    await ann.page.mouse.up();
    await cleo.sees("draws on the board");
    await cleo.press("Open");
    await eventually("Cleo sees it", async () => (await strokes(cleo)).join() === "polyline");
    // By keyboard alone: the paper is reached, Enter begins and ends.
    await cleo.page.focus(".board-paper");
    for (const key of ["Enter", "ArrowRight", "ArrowDown", "Enter"])
      await cleo.page.keyboard.press(key);
    await eventually("Ann sees both", async () => (await strokes(ann)).length === 2);
    await ann.press("Undo");
    await eventually(
      "hers is gone",
      async () => (await strokes(cleo)).filter((s) => s === "polyline").length === 1,
    );
    for (const shape of ["Line", "Box", "Oval"]) {
      await use(cleo, shape);
      await cleo.page.focus(".board-paper");
      for (const key of ["Enter", "ArrowRight", "ArrowDown", "Enter"])
        await cleo.page.keyboard.press(key);
    }
    await use(cleo, "Text");
    await cleo.type("Text to place", "Minutes by Friday");
    await cleo.page.focus(".board-paper");
    await cleo.page.keyboard.press("Enter");
    await eventually("Ann sees the shapes and the words", async () => {
      const all = (await strokes(ann)).join();
      if (!/rect.*ellipse.*text/.test(all)) throw new Error(all);
      return true;
    });
    assert.match(await ann.text(), /Minutes by Friday/);
    const [saved] = await Promise.all([
      ann.page.waitForEvent("download"),
      ann.press("Save as PNG"),
    ]);
    assert.equal(
      readFileSync(await saved.path())
        .subarray(1, 4)
        .toString(),
      "PNG",
    );
    await ann.press("Close the board");
    await cleo.press("Close the board");
  });

  it("takes noise out of a microphone, loaded when it is switched on", async () => {
    const loaded = () =>
      ann.evaluate(() =>
        performance
          .getEntriesByType("resource")
          .map((e) => e.name)
          .filter((n) => /rnnoise.*\.wasm$/.test(n)),
      );
    assert.deepEqual(await loaded(), []);
    const loud = await eventually("Ben hears noise", async () => {
      const db = await band(ben);
      return db > -90 && db;
    });
    await sheet(ann, "Settings");
    await toggle(ann, "Take noise out");
    await eventually("the noise is gone", async () => {
      const db = await band(ben);
      if (db > loud - 30) throw new Error(`${db} dB after ${loud} dB`);
      return true;
    });
    assert.equal((await loaded()).length, 1, "one file of WebAssembly");
    await toggle(ann, "Take noise out");
    await eventually("Ben hears noise again", async () => (await band(ben)) > loud - 15);
    // Where the browser plays no sound to work on, that is said, and one is heard as before.
    await ann.press("Close settings");
    await sheet(cleo, "Settings");
    await toggle(cleo, "Take noise out");
    await cleo.sees("Noise can't be taken out here");
    assert.equal(await cleo.evaluate(() => localStorage.getItem("suppress-noise")), "off");
    await cleo.press("Close settings");
  });

  it("of many somebody is found by part of a name, and made quieter for oneself alone", async () => {
    const names = ["Zoé Martin", "Ulrike Weiß", "Ole", "Ida", "Kim", "Lea"];
    const peers = names.map((name, i) =>
      startPeer(link, { name, args: i === 0 ? ["--only", "mic"] : ["--no-publish"] }),
    );
    try {
      for (const person of [ann, cleo]) {
        await person.press("People");
        await person.sees("9 people", { timeout: 30_000 });
        const listed = () =>
          person.evaluate(() =>
            [...document.querySelectorAll("ul[aria-label='People in the meeting'] bdi")].map(
              (b) => b.textContent,
            ),
          );
        assert.deepEqual((await listed()).length, 9);
        await person.type("Find somebody", "zoe mar");
        await eventually("one is found", async () => (await listed()).join() === "Zoé Martin");
        await person.evaluate(() => {
          const { set, get } = Object.getOwnPropertyDescriptor(
            HTMLMediaElement.prototype,
            "volume",
          );
          window.__volumes = [];
          Object.defineProperty(HTMLMediaElement.prototype, "volume", {
            configurable: true,
            get,
            set(v) {
              window.__volumes.push(v);
              set.call(this, v);
            },
          });
        });
        await person.press("Menu of Zoé Martin");
        const slide = (to) =>
          person.evaluate((value) => {
            const label = [...document.querySelectorAll("label")].find(
              (l) => l.textContent === "Volume of Zoé Martin",
            );
            const input = label.querySelector("input");
            input.value = value;
            input.dispatchEvent(new Event("input", { bubbles: true }));
            return input.getAttribute("aria-valuetext");
          }, to);
        await slide("6"); // of 20
        await eventually(
          "Zoé is played at 30 %",
          async () => (await person.evaluate(() => window.__volumes.at(-1))) === 0.3,
        );
        assert.equal(await slide("20"), "30 %");
        await person.type("Find somebody", "nobody at all");
        await person.sees("Nobody here is called that.");
        await person.press("Close people");
      }
      assert.deepEqual(await ben.evaluate(() => window.__volumes ?? []), []);
    } finally {
      await Promise.all(peers.map((p) => p.kill()));
    }
  });

  it("met no error", async () => {
    for (const person of [ann, ben, cleo])
      assert.deepEqual(await person.errors(), [], `${person.name} met errors`);
  });
});
