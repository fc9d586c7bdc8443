// Builds the client into dist/: deterministic, minified, each asset named by its hash, with a .gz beside it.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const web = fileURLToPath(new URL(".", import.meta.url));
const dist = `${web}dist/`;
mkdirSync(dist, { recursive: true });
for (const old of readdirSync(dist))
  if (old !== ".gitkeep") rmSync(dist + old, { recursive: true });
mkdirSync(`${dist}assets`);

let total = 0;
function write(name, bytes) {
  const zipped = gzipSync(bytes, { level: 9 });
  writeFileSync(dist + name, bytes);
  writeFileSync(`${dist}${name}.gz`, zipped);
  total += zipped.length;
  console.log(
    `${String(bytes.length).padStart(8)} ${String(zipped.length).padStart(7)} gz  ${name}`,
  );
}

async function bundle(entry, name, ext, options = {}) {
  const made = await build({
    entryPoints: [web + entry],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
    ...options,
  });
  const bytes = Buffer.from(made.outputFiles[0].contents);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const path = `assets/${name}-${hash}.${ext}`;
  write(path, bytes);
  return `/${path}`;
}

const worker = await bundle("src/e2ee/worker.ts", "worker", "js");
const main = await bundle("src/main.tsx", "main", "js");
const style = await bundle("src/ui/app.css", "style", "css");
const icon = readFileSync(`${web}src/ui/icon.svg`);
write("icon.svg", icon);
const page = readFileSync(`${web}index.html`, "utf8")
  .replace("{{worker}}", worker)
  .replace("{{main}}", main)
  .replace("{{style}}", style);
if (page.includes("{{")) throw new Error("build: index.html has a place that was not filled");
write("index.html", Buffer.from(page));
console.log(`${" ".repeat(9)}${String(total).padStart(7)} gz  in all`);
