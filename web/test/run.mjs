// Bundles every src/**/*.test.ts, and the interop test, and runs them with node's test runner: node test/run.mjs [name].
// Ends with 0 only when everything passed; no test at all is a failure.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { patchTsMls } from "./interop/patch.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const web = `${root}web/`;
const out = `${web}.test/`;
const wanted = process.argv[2] ?? "";

function find(folder) {
  return readdirSync(web + folder, { recursive: true })
    .map((f) => `${folder}/${f}`)
    .filter((f) => /\.test\.tsx?$/.test(f) && f.includes(wanted))
    .sort();
}

const unit = find("src");
const interop = find("test");
if (unit.length + interop.length === 0) {
  console.error(`test: no test matches "${wanted}"`);
  process.exit(1);
}
if (!wanted && (unit.length === 0 || interop.length === 0)) {
  console.error("test: a folder of tests is empty");
  process.exit(1);
}
const dir = `${out}${wanted.replaceAll(/[^\w-]/g, "_") || "all"}/`;
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir, { recursive: true });

async function bundle(entries, plugins, external) {
  await build({
    entryPoints: entries.map((t) => web + t),
    outdir: dir,
    outbase: web,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
    plugins,
    external,
  });
}

const env = { ...process.env, INCAMERA_ROOT: root };
if (unit.length > 0) await bundle(unit, [], []);
if (interop.length > 0) {
  // Optional parts of ts-mls that are not of our suites.
  await bundle(
    interop,
    [patchTsMls()],
    [
      "@noble/curves/ed448.js",
      "@noble/curves/nist.js",
      "@noble/curves/ed25519.js",
      "@noble/post-quantum/ml-dsa.js",
      "@hpke/*",
    ],
  );
  env.INCAMERA_MLSRPC = `${dir}mlsrpc`;
  const args = ["build", "-o", env.INCAMERA_MLSRPC, "./e2ee/mls/mlsrpc"];
  const go = spawnSync("go", args, { cwd: root, stdio: "inherit" });
  if (go.status !== 0) {
    console.error("test: the Go driver for the interop test was not built");
    process.exit(1);
  }
}
const files = [...unit, ...interop].map((t) => dir + t.replace(/\.tsx?$/, ".mjs"));
const args = ["--test", "--enable-source-maps", "--test-reporter=spec", ...files];
const run = spawnSync(process.execPath, args, { stdio: "inherit", env });
process.exit(run.status ?? 1);
