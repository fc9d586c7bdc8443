// Lighthouse on the landing page and the device check, as a phone and as a desktop: prints one line per page, and fails below
// 100 for accessibility and best practices and below 95 for performance. The tool is installed by make lighthouse only.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { newRoom, startServer } from "./lib/server.mjs";

const out = fileURLToPath(new URL("out/lighthouse/", import.meta.url));
const tool = fileURLToPath(
  new URL("../tools/lighthouse/node_modules/lighthouse/cli/index.js", import.meta.url),
);
const least = { performance: 95, accessibility: 100, "best-practices": 100 };
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

mkdirSync(out, { recursive: true });
const server = await startServer();
let failed = false;
try {
  const link = await newRoom(server.url, "Lighthouse");
  for (const [name, url] of [
    ["landing", `${server.url}/`],
    ["check", link],
  ])
    for (const device of ["phone", "desktop"]) {
      const report = measure(url, name, device);
      const scores = Object.keys(least).map((c) => [
        c,
        Math.round(report.categories[c].score * 100),
      ]);
      const bad = scores.some(([c, n]) => n < least[c]);
      console.log(`${name} (${device}): ${scores.map((s) => s.join(" ")).join(", ")}`);
      if (bad) console.log(faults(report).join("\n"));
      failed ||= bad;
    }
} finally {
  await server.stop();
}
process.exit(failed ? 1 : 0);
