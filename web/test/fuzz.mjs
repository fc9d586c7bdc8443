// Fuzzes the client's parsers: node test/fuzz.mjs SECONDS [target]. Each target for so long; the first finding ends it with its input.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL("..", import.meta.url));
const out = `${web}.test/fuzz/`;
mkdirSync(out, { recursive: true });
await build({
  entryPoints: [`${web}test/fuzz/main.ts`],
  outfile: `${out}main.mjs`,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
const run = spawnSync(
  process.execPath,
  ["--enable-source-maps", `${out}main.mjs`, ...process.argv.slice(2)],
  { stdio: "inherit", env: { ...process.env, INCAMERA_ROOT: `${web}../` } },
);
process.exit(run.status ?? 1);
