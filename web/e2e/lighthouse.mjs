// Lighthouse on the landing page and the device check, as a phone and as a desktop: prints one line per page, and fails below
// 100 for accessibility and best practices and below 95 for performance. The tool is installed by make lighthouse only. It takes times
// by the clock, to which whatever else runs on the machine adds and never takes away: the best of RUNS looks counts, and once one is
// good there is no other.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { newRoom, startServer } from "./lib/server.mjs";

const out = fileURLToPath(new URL("out/lighthouse/", import.meta.url));
const tool = fileURLToPath(
  new URL("../tools/lighthouse/node_modules/lighthouse/cli/index.js", import.meta.url),
);
const least = { performance: 95, accessibility: 100, "best-practices": 100 };
const runs = Number(process.env.RUNS ?? 5);
const flags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

function measure(url, name, device) {
  const file = `${out}${name}-${device}.json`;
  const args = [
    tool,
    url,
    "--quiet",
    "--output=json",
    `--output-path=${file}`,
    `--only-categories=${Object.keys(least).join()}`,
    `--chrome-flags=${flags.join(" ")}`,
    ...(device === "desktop" ? ["--preset=desktop"] : []),
  ];
  const env = { ...process.env, CHROME_PATH: "/usr/bin/chromium", NO_ERROR_REPORTING: "1" };
  const run = spawnSync(process.execPath, args, { env, encoding: "utf8", timeout: 240_000 });
  if (run.status !== 0) throw new Error(`lighthouse: ${run.stderr}`);
  return JSON.parse(readFileSync(file, "utf8"));
}

/** What cost points, worst first. */
const faults = (report) =>
  Object.keys(least).flatMap((c) =>
    report.categories[c].auditRefs
      .filter((r) => r.weight > 0)
      .map((r) => report.audits[r.id])
      .filter((a) => a.score !== null && a.score < 0.9)
      .map((a) => `    ${c}: ${a.title}${a.displayValue ? ` (${a.displayValue})` : ""}`),
  );

const scoresOf = (report) =>
  Object.keys(least).map((c) => [c, Math.round(report.categories[c].score * 100)]);
const good = (scores) => scores.every(([c, n]) => n >= least[c]);

/** The best look at a page. What is no matter of time is bad if it is so once. */
async function best(address, name, device) {
  let found = null;
  for (let i = 1; i <= runs; i++) {
    const report = measure(await address(), name, device);
    const scores = scoresOf(report);
    const wrong = !good(scores.slice(1)); // the first is performance
    if (!found || wrong || scores[0][1] > found.scores[0][1]) found = { report, scores, looks: i };
    if (wrong || good(scores)) break;
  }
  return found;
}

mkdirSync(out, { recursive: true });
const server = await startServer();
let failed = false;
try {
  // A room that nobody is in is gone after a minute or two: each look has its own.
  const pages = {
    landing: () => `${server.url}/`,
    check: () => newRoom(server.url, "Lighthouse"),
  };
  for (const [name, address] of Object.entries(pages))
    for (const device of ["phone", "desktop"]) {
      const { report, scores, looks } = await best(address, name, device);
      const bad = !good(scores);
      const written = scores.map((s) => s.join(" ")).join(", ");
      console.log(`${name} (${device}): ${written}${looks > 1 ? ` (look ${looks})` : ""}`);
      if (bad) console.log(faults(report).join("\n"));
      failed ||= bad;
    }
} finally {
  await server.stop();
}
process.exit(failed ? 1 : 0);
