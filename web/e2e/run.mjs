// Runs the browser specs one after the other: node e2e/run.mjs [name]. No spec at all is a failure.
// Browsers on a machine that others use, too, are late now and then. A spec file that fails is run once more, alone, and named at the
// end; more than two are a failure in any case, and so is one that fails twice.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const MOST_UNSTEADY = 2;

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

/** Whether all of that file passes. A browser that outlives its spec, as when the other one did not start, keeps nobody waiting. */
function passes(spec) {
  const flags = ["--test", "--test-force-exit", "--test-reporter=spec"];
  const run = spawnSync(process.execPath, [...flags, here + spec], {
    stdio: "inherit",
    env: process.env,
  });
  return run.status === 0;
}

const failed = specs.filter((spec) => !passes(spec));
const again = failed.length <= MOST_UNSTEADY;
const broken = again ? failed.filter((spec) => !passes(spec)) : failed;
const unsteady = failed.filter((spec) => !broken.includes(spec));
for (const spec of unsteady) console.error(`e2e: UNSTEADY ${spec} failed once, and passed alone`);
for (const spec of broken) console.error(`e2e: FAILED ${spec}${again ? ", twice" : ""}`);
console.error(
  `e2e: ${specs.length} files, ${broken.length} failed, ${unsteady.length} unsteady of at most ${MOST_UNSTEADY}`,
);
process.exit(broken.length === 0 ? 0 : 1);
