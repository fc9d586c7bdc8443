// Looks at every state of the gallery: pictures into out/shots/, and a failure for what axe finds, for what is wider than the
// screen, for targets too small for a thumb, and for what the server's content security policy forbids.
// node e2e/shots.mjs [--rtl] [part of a state's name]
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serveGallery } from "../gallery.mjs";

const out = fileURLToPath(new URL("out/shots/", import.meta.url));
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);
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
const themes = ["light", "dark"];
/** --rtl looks at every state from the right, with English words: what is placed by left and right shows. */
const rtl = process.argv.includes("--rtl");
const wanted = process.argv.slice(2).find((a) => a !== "--rtl") ?? "";

/** Runs in the page: what lies beyond its edges, and dock buttons below 48 px where thumbs press them. */
function measure(thumb) {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    found.push(`wider than the screen: ${root.scrollWidth} px`);
  const scrolls = (e) => e.closest(".scrolls, textarea, input, select");
  for (const e of document.querySelectorAll("#app *")) {
    const box = e.getBoundingClientRect();
    if (box.width <= 1 || e.closest(".hidden, svg, video") || scrolls(e.parentElement)) continue;
    if (box.left < -0.5 || box.right > root.clientWidth + 0.5)
      found.push(
        `beyond the edge: ${e.tagName.toLowerCase()}.${e.className} "${e.textContent.slice(0, 40)}"`,
      );
  }
  // Where there is little room, notices may lie over a name for their few seconds.
  const lasting = root.clientWidth > 720 ? ".notice, .more, .alone" : ".more, .alone";
  const notices = [...document.querySelectorAll(lasting)];
  for (const name of document.querySelectorAll(".tile .name")) {
    const a = name.getBoundingClientRect();
    for (const over of notices) {
      const b = over.getBoundingClientRect();
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        found.push(`a name is covered: "${name.textContent}" by .${over.className}`);
    }
  }
  const dock = document.querySelector(".dock")?.getBoundingClientRect();
  if (dock && !document.querySelector(".tile")) found.push("nobody is on the stage");
  for (const e of dock ? document.querySelectorAll(".main *") : []) {
    const box = e.getBoundingClientRect();
    if (box.width > 1 && box.bottom > dock.top + 0.5)
      found.push(`under the dock: ${e.tagName.toLowerCase()}.${e.className}`);
  }
  for (const e of thumb ? document.querySelectorAll(".dock button") : []) {
    const { width, height } = e.getBoundingClientRect();
    const shown = width > 0;
    if (shown && (width < 47.5 || height < 47.5))
      found.push(`small target: ${e.getAttribute("aria-label")} ${width}x${height}`);
  }
  return found;
}

async function axe(page, cdp) {
  await cdp.send("Runtime.evaluate", { expression: axeSource });
  const { result } = await cdp.send("Runtime.evaluate", {
    expression:
      "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 200)).join(' | ')))",
    awaitPromise: true,
    returnByValue: true,
  });
  if (!Array.isArray(result.value)) throw new Error(`shots: axe did not run on ${page.url()}`);
  return result.value;
}

/** All videos have shown a picture, and the screen is there. */
const drawn = () =>
  document.querySelector("#app h1") !== null &&
  [...document.querySelectorAll("video")].every(
    (v) => v.getVideoPlaybackQuality().totalVideoFrames > 1,
  );

async function look(page, cdp, url, file, thumb) {
  const problems = [];
  const onError = (e) => problems.push(`error: ${e.message}`);
  const onConsole = (m) => {
    if (m.type() === "error") problems.push(`console: ${m.text()}`);
  };
  page.on("pageerror", onError);
  page.on("console", onConsole);
  await page.goto(url);
  await page.waitForFunction(drawn, undefined, { timeout: 20_000 });
  await page.evaluate(
    () => new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(ok))),
  );
  await page.screenshot({ path: file });
  problems.push(...(await page.evaluate(measure, thumb)));
  problems.push(...(await page.evaluate(() => globalThis.violated)).map((v) => `policy: ${v}`));
  page.off("pageerror", onError);
  page.off("console", onConsole);
  problems.push(...(await axe(page, cdp)).map((v) => `axe: ${v}`));
  return problems;
}

async function lookAtAll(browser, url, names, size, theme) {
  const context = await browser.newContext({
    viewport: size.viewport,
    colorScheme: theme,
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
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  let failed = 0;
  for (const name of names) {
    const file = `${out}${name}-${size.name}-${theme}${rtl ? "-rtl" : ""}.png`;
    const address = `${url}?state=${name}${rtl ? "&dir=rtl" : ""}`;
    const problems = await look(page, cdp, address, file, size.thumb ?? false);
    if (problems.length > 0) failed++;
    for (const p of new Set(problems)) console.log(`${name} ${size.name} ${theme}: ${p}`);
  }
  await context.close();
  return failed;
}

async function stateNames(browser, url) {
  const page = await browser.newPage();
  await page.goto(url);
  const all = await page.$$eval("li a", (links) => links.map((a) => a.textContent));
  await page.close();
  return all.filter((name) => name.includes(wanted));
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
  for (const size of sizes) {
    const runs = themes.map((theme) => lookAtAll(browser, served.url, names, size, theme));
    for (const n of await Promise.all(runs)) failed += n;
    looked += names.length * themes.length;
  }
} finally {
  await browser.close();
  await served.close();
}
console.log(`shots: ${looked} pictures, ${failed} with a problem`);
process.exit(failed > 0 || looked === 0 ? 1 : 0);
