// Builds the client into dist/: node build.mjs [--watch]. The same sources give the same bytes: minified, without times, each asset
// named by its hash, with a .gz beside it. A join page above the budget fails.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const web = fileURLToPath(new URL(".", import.meta.url));
const dist = `${web}dist/`;
/** Bytes of page, style, script and worker as they travel. */
const BUDGET = 120_000;

function gzip(bytes) {
  const zipped = gzipSync(bytes, { level: 9 });
  zipped[9] = 255; // the operating system: unknown, so that all write the same
  return zipped;
}

/** What the service worker keeps, by path. */
const hashes = {};

/** Writes a file and its compressed twin, and returns how many bytes travel. */
function write(name, bytes) {
  const zipped = gzip(bytes);
  hashes[name] = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(dist + name, bytes);
  writeFileSync(`${dist}${name}.gz`, zipped);
  const sizes = `${String(bytes.length).padStart(8)} ${String(zipped.length).padStart(7)} gz`;
  console.log(`${sizes}  ${name}`);
  return zipped.length;
}

const options = {
  absWorkingDir: web,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  logLevel: "warning",
};

/** import address from "file?url": the file is served beside the scripts, named by its hash. */
const files = {
  name: "files",
  setup(b) {
    b.onResolve({ filter: /\?url$/ }, async ({ path, ...from }) => {
      const { kind, importer, resolveDir } = from;
      const found = await b.resolve(path.replace(/\?url$/, ""), { kind, importer, resolveDir });
      return found.errors.length > 0 ? found : { path: found.path, namespace: "url" };
    });
    b.onLoad({ filter: /./, namespace: "url" }, ({ path }) => ({
      contents: readFileSync(path),
      loader: "file",
    }));
  },
};

async function bytesOf(entry, more = {}) {
  const made = await build({ ...options, entryPoints: [entry], ...more });
  return Buffer.from(made.outputFiles[0].contents);
}

async function bundle(entry, name, ext, plugins = []) {
  const bytes = await bytesOf(entry, { plugins });
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  return { path: `assets/${name}-${hash}.${ext}`, bytes };
}

/**
 * Lets a script fetch what it imports on demand from a bundle of its own. That has its own copy of what both use: split into
 * common pieces, the join page would carry all of each library that either needs a part of.
 */
const apart = (module, path) => ({
  name: "apart",
  setup(b) {
    b.onResolve({ filter: new RegExp(`/${module}$`) }, (a) =>
      a.kind === "dynamic-import" ? { path: `./${path.split("/").pop()}`, external: true } : null,
    );
  },
});

/** The page's script in pieces: what is imported on demand is no part of the join page. */
async function bundlePage(entry) {
  const made = await build({
    ...options,
    entryPoints: { main: entry },
    outdir: dist,
    splitting: true,
    metafile: true,
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    assetNames: "assets/[name]-[hash]",
    publicPath: "/",
    plugins: [files],
  });
  const pieces = new Map(
    made.outputFiles.map((f) => [f.path.slice(dist.length), Buffer.from(f.contents)]),
  );
  const about = (path) => made.metafile.outputs[`dist/${path}`];
  const main = [...pieces.keys()].find((path) => about(path)?.entryPoint === entry);
  if (!main) throw new Error(`build: nothing was made of ${entry}`);
  const atOnce = new Set([main]);
  for (const path of atOnce)
    for (const i of about(path).imports)
      if (i.kind === "import-statement") atOnce.add(i.path.slice("dist/".length));
  return { path: main, pieces, atOnce };
}

/** What this version consists of; its hash names it. */
function writeManifest() {
  const files = Object.fromEntries(Object.entries(hashes).sort(([a], [b]) => (a < b ? -1 : 1)));
  mkdirSync(`${dist}.well-known/incamera`, { recursive: true });
  write(".well-known/incamera/manifest.json", Buffer.from(`${JSON.stringify({ files })}\n`));
}

async function buildAll() {
  for (const name of Object.keys(hashes)) delete hashes[name];
  const xwing = await bundle("src/e2ee/mls/xwing.ts", "xwing", "js");
  const worker = await bundle("src/e2ee/worker.ts", "worker", "js", [apart("xwing", xwing.path)]);
  const blur = await bundle("src/blur/worker.ts", "blur", "js");
  const record = await bundle("src/media/recordworker.ts", "record", "js");
  const main = await bundlePage("src/main.tsx");
  const style = await bundle("src/ui/app.css", "main", "css");
  const places = { worker, record, blur, main, style };
  let page = readFileSync(`${web}index.html`, "utf8").replace(/\{\{(\w+)\}\}/g, (_, place) => {
    if (!places[place]) throw new Error(`build: index.html asks for ${place}, which nobody makes`);
    return `/${places[place].path}`;
  });
  const early = [...main.atOnce].filter((path) => path !== main.path);
  const preload = early.map((path) => `<link rel="modulepreload" href="/${path}">\n    `).join("");
  page = page.replace('<script type="module"', (script) => preload + script);
  mkdirSync(dist, { recursive: true });
  for (const old of readdirSync(dist))
    if (old !== ".gitkeep") rmSync(dist + old, { recursive: true });
  mkdirSync(`${dist}assets`);
  write(xwing.path, xwing.bytes);
  let joinPage = 0;
  for (const { path, bytes } of [worker, style]) joinPage += write(path, bytes);
  for (const { path, bytes } of [record, blur]) write(path, bytes);
  for (const [path, bytes] of main.pieces) {
    const size = write(path, bytes);
    if (main.atOnce.has(path)) joinPage += size;
  }
  for (const name of ["icon.svg", "icon-180.png", "manifest.webmanifest"])
    write(name, readFileSync(`${web}src/ui/${name}`));
  joinPage += write("index.html", Buffer.from(page));
  writeManifest();
  write("sw.js", await bytesOf("src/pin/worker.ts", { format: "iife" }));
  console.log(`${" ".repeat(9)}${String(joinPage).padStart(7)} gz  join page in all`);
  if (joinPage > BUDGET) throw new Error(`build: the join page may have ${BUDGET} bytes`);
}

await buildAll();
if (process.argv.includes("--watch")) {
  let soon;
  watch(`${web}src`, { recursive: true }, () => {
    clearTimeout(soon);
    soon = setTimeout(() => buildAll().catch((e) => console.error(e.message)), 100);
  });
}
