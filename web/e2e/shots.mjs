// Looks at every state of the gallery: pictures into out/shots/, and a failure for what axe finds, for what is wider than the
// screen, for targets too small for a thumb, for what the server's content security policy forbids, and, when all states are looked at,
// for parts of the screens that are in none of them.
// node e2e/shots.mjs [--rtl] [--lang=de] [--size=phone,zoom] [--theme=light] [parts of states' names, with commas]
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serveGallery } from "../gallery.mjs";
import { violations } from "./lib/axe.mjs";
import { measure } from "./lib/measure.mjs";

const out = fileURLToPath(new URL("out/shots/", import.meta.url));
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--autoplay-policy=no-user-gesture-required",
];
const sizes = [
  { name: "desktop", viewport: { width: 1280, height: 800 } },
  { name: "tablet", viewport: { width: 820, height: 1180 } },
  { name: "phone", viewport: { width: 390, height: 844 }, thumb: true },
  { name: "small", viewport: { width: 360, height: 640 }, thumb: true },
  { name: "zoom", viewport: { width: 640, height: 400 } }, // a desktop at 200 %
];
/** --rtl looks at every state from the right, with English words: what is placed by left and right shows. */
const rtl = process.argv.includes("--rtl");
const wanted = process.argv.slice(2).find((a) => !a.startsWith("--")) ?? "";
const asked = (name) => process.argv.find((a) => a.startsWith(`--${name}=`))?.split("=")[1];
const [only, lang] = [asked("size")?.split(","), asked("lang")];
const themes = ["light", "dark"].filter((t) => t === (asked("theme") ?? t));

/** All is pressed that was to be, all videos have shown a picture, and the screen is there. */
const drawn = () =>
  document.querySelector("#app h1") !== null &&
  document.documentElement.dataset.pressed === "all" &&
  [...document.querySelectorAll("video")].every(
    (v) => v.getVideoPlaybackQuality().totalVideoFrames > 1,
  );

const frames = () =>
  new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(() => ok())));

/** Loads a state, and calls shoot when all of it is there. Returns what is wrong with it in any theme. */
async function look(page, url, shoot) {
  const problems = [];
  const onError = (e) => problems.push(`error: ${e.message}`);
  const onConsole = (m) => {
    if (m.type() === "error") problems.push(`console: ${m.text()}`);
  };
  page.on("pageerror", onError);
  page.on("console", onConsole);
  try {
    await page.goto(url);
    await page.waitForFunction(drawn, undefined, { timeout: 40_000 });
    await shoot();
    const missing = await page.evaluate(() => document.documentElement.dataset.missing);
    if (missing) problems.push(`nothing to press: ${missing}`);
    problems.push(...(await page.evaluate(() => globalThis.violated)).map((v) => `policy: ${v}`));
  } catch (e) {
    problems.push(`not there: ${e.message.split("\n")[0]}`);
  }
  page.off("pageerror", onError);
  page.off("console", onConsole);
  return problems;
}

const ui = fileURLToPath(new URL("../src/ui/", import.meta.url));
/** Components that have been drawn, by the place in the scripts where they stand. */
const parts = new Map();

/** Components have capitals; the bundler puts a number behind a name that another file has, too. */
async function drawnParts(cdp) {
  const { result } = await cdp.send("Profiler.takePreciseCoverage");
  for (const { url, functions } of result)
    for (const { functionName, ranges } of functions) {
      const name = functionName.match(/^([A-Z]\w*?)\d*$/)?.[1];
      if (name && ranges[0].count > 0) parts.set(`${url} ${ranges[0].startOffset}`, name);
    }
}

/** How often each name is there. */
function count(names) {
  const times = new Map();
  for (const n of names) times.set(n, (times.get(n) ?? 0) + 1);
  return times;
}

/** The components of the screens that are in no state that was looked at. */
function neverDrawn() {
  const files = readdirSync(ui).filter((f) => /\.tsx$/.test(f) && !/gallery|test/.test(f));
  const own = files.flatMap((f) => {
    const source = readFileSync(ui + f, "utf8");
    return [...source.matchAll(/^(?:export )?function ([A-Z]\w*)\(/gm)].map((m) => m[1]);
  });
  if (own.length < 100) throw new Error(`shots: only ${own.length} components were found`);
  const seen = count(parts.values());
  return [...count(own)].filter(([name, n]) => (seen.get(name) ?? 0) < n).map(([name]) => name);
}

const ending = `${rtl ? "-rtl" : ""}${lang ? `-${lang}` : ""}`;
const address = (url, name) =>
  `${url}?state=${name}${rtl ? "&dir=rtl" : ""}${lang ? `&lang=${lang}` : ""}`;

/** Returns how many states have a problem in that size. */
async function lookAtAll(browser, url, names, size) {
  const context = await browser.newContext({
    viewport: size.viewport,
    hasTouch: size.thumb ?? false,
    isMobile: size.thumb ?? false,
    reducedMotion: "reduce",
    timezoneId: "UTC",
    locale: "en-GB",
  });
  await context.addInitScript(() => {
    globalThis.violated = [];
    addEventListener("securitypolicyviolation", (e) =>
      globalThis.violated.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`),
    );
  });
  let failed = 0;
  for (const name of names) {
    // A page of its own: what the profiler counts in one keeps all scripts of before.
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send("Profiler.enable");
    await cdp.send("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    const found = new Set();
    const tell = (problem) => void found.add(`${name} ${size.name} ${problem}`);
    const shoot = async () => {
      for (const colorScheme of themes) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(frames);
        await page.screenshot({ path: `${out}${name}-${size.name}-${colorScheme}${ending}.png` });
        for (const p of await page.evaluate(measure, size.thumb ?? false)) tell(p);
        for (const v of await violations(page)) tell(`${colorScheme} axe: ${v}`);
      }
    };
    for (const p of await look(page, address(url, name), shoot)) tell(p);
    await drawnParts(cdp);
    await page.close();
    if (found.size > 0) failed++;
    for (const line of found) console.log(line);
  }
  await context.close();
  return failed;
}

async function stateNames(browser, url) {
  const page = await browser.newPage();
  await page.goto(url);
  const all = await page.$$eval("li a", (links) => links.map((a) => a.textContent));
  await page.close();
  return all.filter((name) => wanted.split(",").some((part) => name.includes(part)));
}

mkdirSync(out, { recursive: true });
const served = await serveGallery();
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  headless: true,
  args,
});
let failed = 0;
let looked = 0;
try {
  const names = await stateNames(browser, served.url);
  const looks = sizes.filter((s) => !only || only.includes(s.name));
  // Two at a time: one draws while the other is loaded.
  const next = async () => {
    for (let size = looks.shift(); size; size = looks.shift()) {
      const found = await lookAtAll(browser, served.url, names, size); // the other adds meanwhile
      failed += found;
      looked += names.length * themes.length;
    }
  };
  await Promise.all([next(), next()]);
} finally {
  await browser.close();
  await served.close();
}
const missing = wanted ? [] : neverDrawn();
for (const name of missing) console.log(`${name} is in no state`);
console.log(`shots: ${looked} pictures, ${failed} states with a problem`);
process.exit(failed > 0 || looked === 0 || missing.length > 0 ? 1 : 0);
