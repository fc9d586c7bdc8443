// Bundles every *.test.ts under src and runs them with node's test runner: node test/run.mjs [name]. No test at all is a failure.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL("..", import.meta.url));
const out = `${web}.test/unit`;
const wanted = process.argv[2] ?? "";
const tests = readdirSync(`${web}src`, { recursive: true })
  .filter((f) => /\.test\.tsx?$/.test(f) && f.includes(wanted))
  .sort();
if (tests.length === 0) {
  console.error(`test: no test matches "${wanted}"`);
  process.exit(1);
}
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: tests.map((t) => `${web}src/${t}`),
  outdir: out,
  outbase: `${web}src`,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  jsx: "automatic",
  jsxImportSource: "preact",
  external: ["ts-mls"],
});
const files = tests.map((t) => `${out}/${t.replace(/\.tsx?$/, ".mjs")}`);
const run = spawnSync(
  process.execPath,
  ["--test", "--enable-source-maps", "--test-reporter=spec", ...files],
  {
    stdio: "inherit",
    env: { ...process.env, INCAMERA_ROOT: fileURLToPath(new URL("../..", import.meta.url)) },
  },
);
process.exit(run.status ?? 1);
