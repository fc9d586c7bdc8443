// A front before the real server, which can answer in its place: with files of another version, or not at all.
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import { connect } from "node:net";

export async function startFront(target) {
  const to = { host: "127.0.0.1", port: target.port };
  /** By path: what is served instead: a body, or an answer with status and headers of its own. */
  let own = new Map();
  let away = false;
  const server = createServer((req, res) => {
    if (away) return req.socket.destroy();
    const mine = own.get(req.url);
    const forward = request({ ...to, method: req.method, path: req.url, headers: req.headers });
    forward.on("error", () => res.destroy());
    forward.on("response", (up) => {
      if (mine === undefined) {
        res.writeHead(up.statusCode, up.headers);
        up.pipe(res);
        return;
      }
      up.resume();
      const { status = 200, more = {}, body = mine } = mine;
      const headers = { ...up.headers, ...more, "content-length": Buffer.byteLength(body) };
      delete headers["content-encoding"];
      res.writeHead(status, headers);
      res.end(body);
    });
    req.pipe(forward);
  });
  server.on("upgrade", (req, socket) => {
    if (away) return socket.destroy();
    const up = connect(to, () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2)
        lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      up.write(`${lines.join("\r\n")}\r\n\r\n`);
      up.pipe(socket).pipe(up);
    });
    const end = () => {
      up.destroy();
      socket.destroy();
    };
    up.on("error", end);
    socket.on("error", end);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const get = async (path) => (await fetch(`${target.url}${path}`)).text();
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    setAway: (on) => {
      away = on;
      if (on) server.closeAllConnections();
    },
    /** Serves the real files again. */
    genuine: () => {
      own = new Map();
    },
    /** Serves a page with that mark in it, and a list that fits; alters one of its scripts, too, without saying so, if asked. */
    async other(mark, { altered = false } = {}) {
      const page = (await get("/")).replace("<head>", `<head><meta name="mark" content="${mark}">`);
      const list = JSON.parse(await get("/.well-known/incamera/manifest.json"));
      list.files["index.html"] = createHash("sha256").update(page).digest("hex");
      own = new Map([
        ["/", page],
        ["/.well-known/incamera/manifest.json", JSON.stringify(list)],
      ]);
      if (altered) await this.alter();
    },
    /** One script is another than the list says. */
    async alter() {
      const [, path] = (await get("/")).match(/<script type="module"[^>]* src="([^"]+)"/);
      own.set(path, `${await get(path)}\n;globalThis.altered = true;`);
    },
    /** Shows a page where the client has none, and leads from another to the first page. */
    strange() {
      own = new Map([
        ["/r/x/", { more: { "content-type": "text/html" }, body: "<h1>Mine</h1>" }],
        ["/auth/login", { status: 303, more: { location: "/" }, body: "" }],
      ]);
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
