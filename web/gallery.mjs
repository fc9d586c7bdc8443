// A page that shows every state of the screens with nobody behind them: node gallery.mjs [port] serves it, under the server's headers.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL(".", import.meta.url));
const out = `${web}.test/gallery/`;
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** The policy that the server sends with the page, read from where it is written, so that a violation shows here first. */
function policy() {
  const source = readFileSync(`${web}../cmd/incamera/http.go`, "utf8");
  const part = (name) => {
    const found = source.match(new RegExp(`const ${name} = ((?:"[^"]*"[\\s+]*)+)`));
    if (!found) throw new Error(`gallery: the server's ${name} was not found`);
    return [...found[1].matchAll(/"([^"]*)"/g)].map((m) => m[1]).join("");
  };
  if (!/return policyOfScripts \+ " 'wasm-unsafe-eval'" \+ policyOfTheRest/.test(source))
    throw new Error("gallery: the server puts the page's policy together in another way");
  return `${part("policyOfScripts")} 'wasm-unsafe-eval'${part("policyOfTheRest")}`;
}

async function buildGallery() {
  mkdirSync(out, { recursive: true });
  await build({
    absWorkingDir: web,
    entryPoints: {
      gallery: "src/ui/gallery.tsx",
      style: "src/ui/app.css",
      inside: "src/ui/inside.css",
    },
    outdir: out,
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  const page = readFileSync(`${web}index.html`, "utf8")
    .replace("{{main}}", "/gallery.js")
    .replace("<style>{{style}}</style>", '<link rel="stylesheet" href="/style.css">')
    .replace("{{shell}}", "")
    .replace("{{inside}}", "/inside.css")
    .replace("{{worker}}", "")
    .replace(/\s*<link rel="(manifest|apple-touch-icon)".*>/g, "");
  writeFileSync(`${out}index.html`, page);
  writeFileSync(`${out}icon.svg`, readFileSync(`${web}src/ui/icon.svg`));
}

/** Builds and serves the gallery; port 0 is any. Resolves to its address and a way to end it. */
export async function serveGallery(port = 0) {
  await buildGallery();
  const csp = policy();
  const server = createServer((req, res) => {
    const path = new URL(req.url, "http://gallery").pathname;
    const name = path === "/" ? "index.html" : path.slice(1);
    const type = types[extname(name)];
    if (!type || name.includes("/")) return res.writeHead(404).end();
    res.writeHead(200, {
      "Content-Type": `${type}; charset=utf-8`,
      "Content-Security-Policy": csp,
      "Cache-Control": "no-store",
    });
    return res.end(readFileSync(out + name));
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log((await serveGallery(Number(process.argv[2] ?? 0))).url);
