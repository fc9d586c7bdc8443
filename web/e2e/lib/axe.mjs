// What axe finds wrong with a page.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** In the page: when nothing of it has been on its way for five frames. Colours between one and another are nobody's choice. */
async function stillness() {
  const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
  const end = performance.now() + 5000;
  for (let still = 0; still < 5 && performance.now() < end; ) {
    await frame();
    const moving = document
      .getAnimations()
      .filter((a) => a.effect?.getComputedTiming().endTime < 1000);
    still = moving.length === 0 ? still + 1 : 0;
    await Promise.all(moving.map((a) => a.finished.catch(() => undefined)));
  }
}

const broken = () =>
  globalThis.axe
    .run(document, { resultTypes: ["violations"] })
    .then((r) =>
      r.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 200)).join(" | ")}`),
    );

/** The same as violations for a Firefox page; whether it is to move nothing is said when the browser is opened. */
export async function violationsInFirefox(page) {
  await page.evaluate(stillness);
  await page.evaluate(source);
  const lines = await page.evaluate(broken);
  if (!Array.isArray(lines)) throw new Error(`axe did not run on ${page.url()}`);
  return lines;
}

/**
 * One line for each rule that a Chromium page breaks, once it is drawn and nothing moves. axe comes in by the debugger, which the
 * content security policy does not bind; that it did not run is an error. From then on the page is asked to move nothing.
 */
export async function violations(page) {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(stillness);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Runtime.evaluate", { expression: source });
  const { result } = await cdp.send("Runtime.evaluate", {
    expression: `(${broken})()`,
    awaitPromise: true,
    returnByValue: true,
  });
  await cdp.detach();
  if (!Array.isArray(result.value)) throw new Error(`axe did not run on ${page.url()}`);
  return result.value;
}
