// Runs the browser specs one after the other: node e2e/run.mjs [name]. No spec at all is a failure.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv[2] ?? "";
const specs = readdirSync(here)
  .filter((f) => f.endsWith(".spec.mjs") && f.includes(wanted))
  .sort();
if (specs.length === 0) {
  console.error(`e2e: no spec matches "${wanted}"`);
  process.exit(1);
}
for (const needed of ["../../bin/incamera", "../../bin/incamera-peer"]) {
  if (!existsSync(`${here}${needed}`)) {
    console.error(`e2e: ${needed} is missing; run make build first`);
    process.exit(1);
  }
}
const run = spawnSync(
  process.execPath,
  ["--test", "--test-concurrency=1", "--test-reporter=spec", ...specs.map((s) => here + s)],
  {
    stdio: "inherit",
    env: process.env,
  },
);
process.exit(run.status ?? 1);
