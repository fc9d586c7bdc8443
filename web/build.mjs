// Builds the client into dist/: node build.mjs [--watch]. The same sources give the same bytes: minified, without times, each asset
// named by its hash, with a .br and a .gz beside it. A join page above the budget fails.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
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

/** As dense as it gets; no time and no system is in it. */
const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

/** What the service worker keeps, by path. */
const hashes = {};

/** Writes a file and its compressed twins, and returns how many bytes of it travel by gzip. */
function write(name, bytes) {
  const zipped = gzip(bytes);
  const dense = brotli(bytes);
  hashes[name] = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(dist + name, bytes);
  writeFileSync(`${dist}${name}.gz`, zipped);
  writeFileSync(`${dist}${name}.br`, dense);
  const padded = (b) => String(b.length).padStart(7);
  console.log(` ${padded(bytes)} ${padded(zipped)} gz ${padded(dense)} br  ${name}`);
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

/**
 * Has each piece import the whole of what the page loads at once. Otherwise there would be a file for every set of pieces that
 * share something, and the page would begin with a dozen of them.
 */
const onTop = (entry, pieces) => ({
  name: "on top",
  setup(b) {
    b.onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
      if (!pieces.has(path)) return null;
      const contents = `${readFileSync(path, "utf8")}\nimport "${web}${entry}";`;
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
});

/** The page's script in pieces: what is imported on demand is no part of the join page. */
async function bundlePage(entry) {
  const inPieces = (plugins) =>
    build({
      ...options,
      entryPoints: { main: entry },
      outdir: dist,
      splitting: true,
      metafile: true,
      entryNames: "assets/[name]-[hash]",
      chunkNames: "assets/[name]-[hash]",
      assetNames: "assets/[name]-[hash]",
      publicPath: "/",
      plugins: [files, ...plugins],
    });
  const outputs = Object.values((await inPieces([])).metafile.outputs);
  const onDemand = outputs.map((o) => o.entryPoint).filter((path) => path && path !== entry);
  const made = await inPieces([onTop(entry, new Set(onDemand.map((path) => web + path)))]);
  const pieces = new Map(
    made.outputFiles.map((f) => [f.path.slice(dist.length), Buffer.from(f.contents)]),
  );
  const about = (path) => made.metafile.outputs[`dist/${path}`];
  const main = [...pieces.keys()].find((path) => about(path)?.entryPoint === entry);
  const [own, ...others] = main ? about(main).imports : [];
  // What the entry consists of is shared with the pieces, so that of itself it is one import.
  if (!own || others.length > 0) throw new Error(`build: ${entry} did not become one file`);
  const path = own.path.slice("dist/".length);
  if (about(path).imports.some((i) => i.kind === "import-statement"))
    throw new Error(`build: ${entry} begins with more than one file`);
  pieces.delete(main);
  /** What is loaded for a piece, beside what the page begins with. */
  const neededBy = (source) => {
    const first = [...pieces.keys()].find((p) => about(p)?.entryPoint === source);
    if (!first) throw new Error(`build: ${source} is no piece of its own`);
    const needed = new Set([first]);
    for (const p of needed)
      for (const i of about(p).imports)
        if (i.kind === "import-statement" && i.path !== `dist/${path}`)
          needed.add(i.path.slice("dist/".length));
    return needed;
  };
  return { path, pieces, meeting: neededBy("src/call/meeting.ts") };
}

/** The first screens, by page. */
async function drawShells() {
  const platform = { platform: "node", target: "node20", minify: false };
  const script = await bytesOf("src/ui/shell.tsx", { ...platform, plugins: [files] });
  const hash = createHash("sha256").update(script).digest("hex");
  const path = `${web}.test/shell-${hash}.mjs`;
  mkdirSync(`${web}.test`, { recursive: true });
  writeFileSync(path, script);
  try {
    return (await import(path)).shells;
  } finally {
    rmSync(path);
  }
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
  const inside = await bundle("src/ui/inside.css", "inside", "css");
  const places = { worker, record, blur, main, inside };
  const page = readFileSync(`${web}index.html`, "utf8").replace(/\{\{(\w+)\}\}/g, (all, place) => {
    if (place === "style") return style.bytes.toString().trim();
    if (place === "shell") return all;
    if (!places[place]) throw new Error(`build: index.html asks for ${place}, which nobody makes`);
    return `/${places[place].path}`;
  });
  const shells = await drawShells();
  mkdirSync(dist, { recursive: true });
  for (const old of readdirSync(dist))
    if (old !== ".gitkeep") rmSync(dist + old, { recursive: true });
  mkdirSync(`${dist}assets`);
  write(xwing.path, xwing.bytes);
  let joinPage = 0;
  joinPage += write(worker.path, worker.bytes);
  for (const { path, bytes } of [record, blur, inside]) write(path, bytes);
  for (const [path, bytes] of main.pieces) {
    const size = write(path, bytes);
    if (path === main.path || main.meeting.has(path)) joinPage += size;
  }
  for (const name of ["icon.svg", "icon-180.png", "manifest.webmanifest"])
    write(name, readFileSync(`${web}src/ui/${name}`));
  // Who opens a room's page is about to join.
  const soon = [...main.meeting].map(
    (path) => `<link rel="modulepreload" fetchpriority="low" href="/${path}">\n    `,
  );
  for (const [name, shell] of Object.entries(shells)) {
    const filled = page
      .replace("{{shell}}", () => shell)
      .replace("</head>", (end) => (name === "room" ? `${soon.join("").trim()}\n  ${end}` : end));
    const size = write(`${name}.html`, Buffer.from(filled));
    if (name === "room") joinPage += size;
  }
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
