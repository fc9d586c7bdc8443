import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { asText, fileOf, MANIFEST, Pin, type PinEnv, wayOf } from "./pin";

const hash = (s: string) => createHash("sha256").update(s).digest("hex");

/** A server with a version of the client, and a browser's caches. */
class Place implements PinEnv {
  files: Record<string, string> = {};
  manifest = "";
  offline = false;
  readonly asked: string[] = [];
  readonly all = new Map<string, Map<string, Response>>();

  /** The server has that version from now on. */
  serve(files: Record<string, string>): string {
    this.files = files;
    const hashes = Object.entries(files).map(([path, text]) => [path, hash(text)]);
    this.manifest = JSON.stringify({ files: Object.fromEntries(hashes) });
    return hash(this.manifest);
  }
  async fetch(path: string): Promise<Response> {
    this.asked.push(path);
    if (this.offline) throw new TypeError("no network");
    if (path === MANIFEST) return new Response(this.manifest);
    const text = this.files[path === "/" ? "index.html" : path.slice(1)];
    const headers = { "Content-Security-Policy": "default-src 'none'", "Content-Encoding": "gzip" };
    return text === undefined ? new Response("", { status: 404 }) : new Response(text, { headers });
  }
  now = () => 1_700_000_000_000;
  caches = {
    open: async (name: string) => {
      const kept = this.all.get(name) ?? new Map<string, Response>();
      this.all.set(name, kept);
      return {
        match: async (key: string) => kept.get(key)?.clone(),
        put: async (key: string, r: Response) => void kept.set(key, r),
      } as unknown as Cache;
    },
    delete: async (name: string) => this.all.delete(name),
    keys: async () => [...this.all.keys()],
  };
  readonly pin = new Pin(this);
  async read(path: string): Promise<string | null> {
    return (await (await this.pin.answer(path))?.text()) ?? null;
  }
}

const one = { "index.html": "page one", "assets/main-1.js": "script one", "icon.svg": "icon" };
const two = { "index.html": "page two", "assets/main-2.js": "script two", "icon.svg": "icon" };

describe("the kept client", () => {
  it("is the one that was loaded first, whatever the server has later, and without a network", async () => {
    const p = new Place();
    p.serve(one);
    await p.pin.first();
    p.serve(two);
    await p.pin.first(); // another worker is installed
    assert.equal(await p.read("/"), "page one");
    assert.equal(await p.read("/r/abcdefghijklmnopqrstuvwxyz"), "page one");
    assert.equal(await p.read("/assets/main-1.js"), "script one");
    assert.equal(await p.read("/assets/main-2.js"), null);
    p.offline = true;
    assert.equal(await p.read("/"), "page one");
  });

  it("shows a page of its own for rooms, and its first where it has none, never the server's", async () => {
    const p = new Place();
    p.serve({ ...one, "room.html": "room one" });
    await p.pin.first();
    assert.equal(await p.read("/r/abc"), "room one");
    assert.equal(await p.read("/"), "page one");
    const bare = new Place();
    bare.serve(one);
    await bare.pin.first();
    bare.serve({ ...one, "room.html": "another's" });
    assert.equal(await bare.read("/r/abc"), "page one");
  });

  it("has the headers that it came with", async () => {
    const p = new Place();
    p.serve(one);
    await p.pin.first();
    const headers = (await p.pin.answer("/"))?.headers;
    assert.equal(headers?.get("Content-Security-Policy"), "default-src 'none'");
    assert.equal(headers?.get("Content-Encoding"), null);
  });

  it("says when the server has another, which is taken or refused by the person", async () => {
    const p = new Place();
    const first = p.serve(one);
    await p.pin.first();
    assert.deepEqual(await p.pin.handle({ type: "status" }), {
      pinned: first,
      since: p.now(),
      offered: "",
      refused: false,
      broken: false,
    });
    const second = p.serve(two);
    assert.equal((await p.pin.status()).offered, second);
    const refused = await p.pin.handle({ type: "refuse", hash: second });
    assert.deepEqual([refused.pinned, refused.refused], [first, true]);
    assert.equal(await p.read("/"), "page one");
    const third = p.serve({ ...two, "icon.svg": "another" });
    assert.equal(
      (await p.pin.status()).refused,
      false,
      "a third version was refused with the second",
    );
    const wrong = await p.pin.handle({ type: "take", hash: second });
    assert.equal(wrong.pinned, first, "another version was taken than the one that was shown");
    const taken = await p.pin.handle({ type: "take", hash: third });
    assert.deepEqual([taken.pinned, taken.offered], [third, ""]);
    assert.equal(await p.read("/"), "page two");
    assert.deepEqual([...p.all.keys()].sort(), [`incamera-${third}`, "incamera-state"].sort());
  });

  it("takes no file that is not what the version says, at first or later", async () => {
    const p = new Place();
    p.serve(one);
    p.files = { ...one, "assets/main-1.js": "script one, and a little more" };
    await assert.rejects(p.pin.first());
    assert.deepEqual((await p.pin.status()).broken, true);
    assert.equal(await p.read("/"), null);
    const first = p.serve(one);
    await p.pin.first();
    const second = p.serve(two);
    p.files = { ...two, "index.html": "something else" };
    const status = await p.pin.handle({ type: "take", hash: second });
    assert.deepEqual([status.pinned, status.broken], [first, true]);
    assert.equal(await p.read("/"), "page one");
    assert.deepEqual([...p.all.keys()].sort(), [`incamera-${first}`, "incamera-state"].sort());
  });

  it("has large files when they are asked for, and only as they should be", async () => {
    const p = new Place();
    p.serve({ ...one, "assets/big-1.wasm": "big" });
    await p.pin.first();
    assert.ok(!p.asked.includes("/assets/big-1.wasm"));
    p.files = { ...one, "assets/big-1.wasm": "another" };
    await assert.rejects(p.pin.answer("/assets/big-1.wasm"));
    p.files = { ...one, "assets/big-1.wasm": "big" };
    assert.equal(await p.read("/assets/big-1.wasm"), "big");
    p.offline = true;
    assert.equal(await p.read("/assets/big-1.wasm"), "big");
  });

  it("is not touched by a server that does not answer, or by what is no manifest", async () => {
    const p = new Place();
    const first = p.serve(one);
    await p.pin.first();
    p.offline = true;
    assert.deepEqual((await p.pin.status()).offered, "");
    p.offline = false;
    for (const m of [
      "{}",
      "[]",
      "no",
      '{"files":{"../index.html":"x"}}',
      `{"files":{"a b":"${hash("")}","index.html":"${hash("")}"}}`,
      `{"files":{"main.js":"${hash("")}"}}`,
    ]) {
      p.manifest = m;
      const status = await p.pin.status();
      assert.deepEqual([status.pinned, status.offered], [first, ""], m);
    }
  });

  it("is the client's files and nothing else", () => {
    for (const path of [
      "/api/look",
      "/ws",
      "/healthz",
      "/sw.js",
      MANIFEST,
      "/r/a/b",
      "/x.html",
      "/assets",
    ])
      assert.equal(fileOf(path), null, path);
    assert.equal(fileOf("/assets/main-1.js"), "assets/main-1.js");
    assert.equal(fileOf("/icon.svg"), "icon.svg");
    assert.equal(fileOf("/r/abc"), "room.html");
    for (const path of ["/admin", "/test"]) assert.equal(fileOf(path), "bare.html");
  });

  it("lets the server show no page of its own at any other address, by a link or a form", async () => {
    for (const path of ["/", "/r/abc", "/admin", "/test"]) {
      assert.equal(wayOf({ mode: "navigate", method: "GET" }, path), "kept", path);
      assert.equal(wayOf({ mode: "navigate", method: "POST" }, path), "text", path);
      assert.equal(wayOf({ mode: "cors", method: "GET" }, path), "net", path);
    }
    for (const path of ["/r/abc/", "/R/abc", "/auth/login", "/x.html", "/assets/a.js", "/icon.svg"])
      assert.equal(wayOf({ mode: "navigate", method: "GET" }, path), "text", path);
    assert.equal(wayOf({ mode: "no-cors", method: "GET" }, "/assets/a.js"), "kept");
    assert.equal(wayOf({ mode: "cors", method: "POST" }, "/api/look"), "net");
    const html = { headers: { "Content-Type": "text/html" }, status: 404 };
    const shown = asText(new Response("<script>", html));
    assert.equal(shown.headers.get("Content-Type"), "text/plain; charset=utf-8");
    assert.deepEqual([shown.status, await shown.text()], [404, "<script>"]);
    const elsewhere = { type: "opaqueredirect" } as Response;
    assert.equal(asText(elsewhere), elsewhere, "to sign in");
  });
});
