// What people see when something is wrong, and what assistive technology, small screens and eyes of all kinds see at all times.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { violations, violationsInFirefox } from "./lib/axe.mjs";
import { measure } from "./lib/measure.mjs";
import { eventually, openChromium, openFirefox } from "./lib/people.mjs";
import { newRoom, root, startPeer, startServer } from "./lib/server.mjs";

/** In CSS pixels: 1280 by 800 at 200 %, and a phone, where thumbs press. */
const sizes = [
  [640, 400, false],
  [390, 844, true],
];

/** Waits until all that is there has a place on every screen, from either side. */
async function fits(person, what) {
  for (const dir of ["ltr", "rtl"]) {
    await person.evaluate((d) => {
      document.documentElement.dir = d;
    }, dir);
    for (const [width, height, thumb] of sizes) {
      await person.resize(width, height);
      await eventually(`${what} fits on ${width} by ${height}, ${dir}`, async () => {
        const found = await person.evaluate(measure, thumb);
        if (found.length > 0) throw new Error(found.join("; "));
        return true;
      });
    }
    await person.resize(1280, 800);
    const turned = await person.evaluate(() => {
      const buttons = [...document.querySelectorAll(".dock button")];
      const [first, last] = [buttons[0], buttons.at(-1)].map((b) => b?.getBoundingClientRect().x);
      return first === undefined ? null : first > last;
    });
    assert.ok(turned === null || turned === (dir === "rtl"), `${what} is not turned, ${dir}`);
  }
  await person.evaluate(() => document.documentElement.removeAttribute("dir"));
}

/** Runs in a page: what moves by its style. */
function moving() {
  const long = (style) =>
    `${style.transitionDuration},${style.animationDuration}`
      .split(",")
      .some((d) => Number.parseFloat(d) > 0);
  return [...document.querySelectorAll("*")]
    .filter((e) => [null, "::before", "::after"].some((part) => long(getComputedStyle(e, part))))
    .map((e) => `${e.localName}.${e.className.baseVal ?? e.className}`);
}

describe("states", { timeout: 180_000 }, () => {
  let server;
  let chromium;
  let firefox;
  let link;
  let field; // is in the meeting all the time
  before(async () => {
    const logo = `${root}web/src/ui/icon-180.png`;
    server = await startServer({ args: ["--brand-name", "Example Trust", "--brand-logo", logo] });
    // What Chromium is asked on the way.
    const prefs = {
      "ui.prefersReducedMotion": 1,
      "layout.css.prefers-color-scheme.content-override": 0, // dark
    };
    [chromium, firefox] = await Promise.all([openChromium(), openFirefox({ prefs })]);
    link = await newRoom(server.url, "States");
    field = startPeer(link, { name: "Field office" });
  });
  after(async () => {
    await Promise.allSettled([field?.kill(), chromium?.close(), firefox?.close()]);
    await server?.stop();
  });

  it("axe finds nothing on landing, device check and meeting, by day and by night, and all of it fits, from either side", async () => {
    const ann = await chromium.person("Ann", "red");
    const cleo = await firefox.person("Cleo", "blue");
    const dark = (p) => p.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
    assert.deepEqual([await dark(ann), await dark(cleo)], [false, true]);
    const look = async (p, what) => {
      const found = await (p === ann ? violations(p.page) : violationsInFirefox(p.page));
      assert.deepEqual(found, [], `${p.name}, ${what}`);
      await fits(p, what);
    };
    const both = (f) => Promise.all([ann, cleo].map(f));
    await both(async (p) => {
      await p.resize(1280, 800);
      await p.goto(server.url);
      await eventually("the landing page is there", () => p.has("New meeting"));
      await eventually(`${p.name} sees whose server it is`, () =>
        p.evaluate(() => {
          const brand = document.querySelector(".own-brand");
          const { width = 0, naturalWidth = 0 } = brand?.querySelector("img") ?? {};
          return brand?.textContent === "Example Trust" && width > 0 && naturalWidth === 180;
        }),
      );
      await look(p, "landing");
      await p.goto(link);
      await p.type("Your name", p.name);
      await p.sees("Example Trust");
      await look(p, "check");
      await p.press("Join");
      await eventually(`${p.name} is in`, () => p.has("Leave"));
    });
    await both(async (p) => {
      const other = p === ann ? cleo : ann;
      await p.seesFace(other.name, other.look);
      await eventually(
        `${p.name} sees the third`,
        async () => (await p.tileOf("Field office"))?.rgb,
      );
      await look(p, "meeting");
      for (const panel of ["People", "Chat", "Security"]) {
        await p.press(panel);
        await look(p, panel);
      }
      await p.press("Security");
    });
    // Who asks for less motion gets none; others do.
    for (const p of [ann, cleo]) assert.deepEqual(await p.evaluate(moving), [], p.name);
    await ann.page.emulateMedia({ reducedMotion: "no-preference" });
    assert.ok((await ann.evaluate(moving)).length > 10, "nothing was to move");
    for (const p of [ann, cleo]) assert.deepEqual(await p.errors(), []);
    await Promise.all([ann.close(), cleo.close()]);
  });

  it("nothing lies under the notch of a phone, upright or turned", async () => {
    const ann = await chromium.person("Ann", "red");
    const cdp = await ann.context.newCDPSession(ann.page);
    const clear = async (what, top, side, bottom) => {
      await cdp.send("Emulation.setSafeAreaInsetsOverride", {
        insets: { top, left: side, right: side, bottom },
      });
      await eventually(`${what} is clear of the notch`, async () => {
        const under = await ann.evaluate(
          ([t, s, b]) => {
            const { clientWidth: w, clientHeight: h } = document.documentElement;
            const low = document.querySelector(".dock") ? h - b : Number.POSITIVE_INFINITY;
            const boxes = [...document.querySelectorAll("button, input, .tile, .mark, h1")]
              .filter((e) => !e.closest(".hidden") && e.checkVisibility())
              .map((e) => [e, e.getBoundingClientRect()]);
            if (boxes.length < 5) return ["nothing was looked at"];
            return boxes
              .filter(([, r]) => r.left < s || r.right > w - s || r.top < t || r.bottom > low)
              .map(([e, r]) => `${e.className} ${[r.left, r.right, r.top, r.bottom]}`);
          },
          [top, side, bottom],
        );
        if (under.length > 0) throw new Error(under.join("; "));
        return true;
      });
    };
    const both = async (what) => {
      await ann.resize(390, 844);
      await clear(what, 47, 0, 34);
      await ann.resize(844, 390);
      await clear(what, 0, 47, 21);
      await cdp.send("Emulation.setSafeAreaInsetsOverride", { insets: {} });
    };
    await ann.goto(server.url);
    await eventually("the landing page is there", () => ann.has("New meeting"));
    await both("the landing page");
    await ann.join(link);
    await eventually("the third is there", async () => (await ann.tileOf("Field office"))?.rgb);
    await both("the meeting");
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
