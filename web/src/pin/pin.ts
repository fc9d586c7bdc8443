/**
 * Keeps the client that this browser loaded first, until a person takes another. What is kept was checked file by file against
 * the manifest that the build wrote; the SHA-256 of the manifest names the version. Kept are files of the client and nothing else:
 * no answer of the API, no address of a meeting.
 */

export const MANIFEST = "/.well-known/incamera/manifest.json";

/** Names of caches: the state has one, each version another. */
const STATE = "incamera-state";
const versionCache = (hash: string): string => `incamera-${hash}`;
/** Where the state lies in its cache. */
const STATE_KEY = "/state";

interface State {
  /** SHA-256 of the manifest, hex. */
  pinned: string;
  /** Unix ms of when it was taken. */
  since: number;
  /** Another version that the person does not want. */
  refused: string;
  /** Its files, as in the manifest. */
  files: Record<string, string>;
}

export interface PinStatus {
  /** "" while none is kept. */
  pinned: string;
  since: number;
  /** The other version that the server has now; "" when it has ours, or does not answer. */
  offered: string;
  /** The person does not want that one. */
  refused: boolean;
  /** The server's files are not those of the version that it names. */
  broken: boolean;
}

export type ToPin =
  | { type: "status" }
  | { type: "take"; hash: string }
  | { type: "refuse"; hash: string };

/** What of the worker's surroundings is used here; tests have their own. */
export interface PinEnv {
  caches: Pick<CacheStorage, "open" | "delete" | "keys">;
  fetch(path: string): Promise<Response>;
  now(): number;
}

interface Manifest {
  hash: string;
  /** Paths without the leading slash, with the SHA-256 of the file, hex. */
  files: ReadonlyMap<string, string>;
}

/** Large, and not everybody needs them: they are kept when they are asked for. */
const onDemand = (path: string): boolean => /\.(wasm|tflite)$/.test(path);

export class BrokenVersion extends Error {}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((b) => b.toString(16).padStart(2, "0")).join("");
}

async function readManifest(response: Response): Promise<Manifest> {
  const bytes = await response.arrayBuffer();
  const { files } = JSON.parse(new TextDecoder().decode(bytes)) as { files: unknown };
  const entries = Object.entries(files as Record<string, unknown>);
  const sound = ([path, hash]: [string, unknown]): boolean =>
    /^[\w./-]+$/.test(path) && typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash);
  if (!entries.every(sound) || !entries.some(([path]) => path === START))
    throw new BrokenVersion("pin: not a manifest");
  return { hash: await sha256(bytes), files: new Map(entries as [string, string][]) };
}

/** The page of the start, which every version has, that of a room, and that of the other screens: the same but for the screen that is in it. */
const START = "index.html";
const ROOM = "room.html";
const BARE = "bare.html";
const isPage = (file: string): boolean => file === START || file === ROOM || file === BARE;

/** The name of the client's file that an address asks for; null: it is none of the client's. */
export function fileOf(path: string): string | null {
  if (path === "/") return START;
  if (/^\/r\/[^/]+$/.test(path)) return ROOM;
  if (path === "/admin" || path === "/test") return BARE;
  if (path.startsWith("/assets/") || /^\/[\w-]+\.(svg|png|webmanifest)$/.test(path))
    return path.slice(1);
  return null;
}

/**
 * What becomes of a request to our origin: a file of the client is answered by what is kept, and what would be shown as a page and
 * is none of the client's is shown as text. A page of the server's would have all that ours has. The rest is the network's.
 */
export function wayOf(r: Pick<Request, "mode" | "method">, path: string): "kept" | "text" | "net" {
  const file = r.method === "GET" ? fileOf(path) : null;
  const shown = r.mode === "navigate";
  if (file !== null && isPage(file) === shown) return "kept";
  return shown ? "text" : "net";
}

/** The server's answer where a page would be shown: where to go (to sign in elsewhere), or words. */
export function asText(r: Response): Response {
  if (r.type === "opaqueredirect") return r;
  const headers = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  };
  return new Response(r.body, { status: r.status, headers });
}

export class Pin {
  private broken = false;
  /** One change after another. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly env: PinEnv) {}

  private async state(): Promise<State | null> {
    const cache = await this.env.caches.open(STATE);
    return ((await (await cache.match(STATE_KEY))?.json()) as State | undefined) ?? null;
  }

  private async setState(s: State): Promise<void> {
    const cache = await this.env.caches.open(STATE);
    await cache.put(STATE_KEY, new Response(JSON.stringify(s)));
  }

  private async offered(): Promise<Manifest> {
    const response = await this.env.fetch(MANIFEST);
    if (!response.ok) throw new Error("pin: the server has no manifest");
    return readManifest(response);
  }

  /** Keeps what the server has now, unless something is kept already. */
  first(): Promise<void> {
    return this.alone(async () => {
      if (!(await this.state())) await this.keep(await this.offered());
    });
  }

  private alone<T>(f: () => Promise<T>): Promise<T> {
    const next = this.queue.then(f, f);
    this.queue = next.catch(() => {});
    return next;
  }

  /** Loads a file and keeps it when it is what the manifest says. */
  private async load(cache: Cache, path: string, hash: string): Promise<Response> {
    const response = await this.env.fetch(path === START ? "/" : `/${path}`);
    const bytes = await response.arrayBuffer();
    if (!response.ok || (await sha256(bytes)) !== hash)
      throw new BrokenVersion(`pin: ${path} is not what the manifest says`);
    const headers = new Headers(response.headers);
    headers.delete("Content-Encoding"); // it has been undone
    headers.delete("Content-Length");
    await cache.put(`/${path}`, new Response(bytes, { headers }));
    return new Response(bytes, { headers });
  }

  /** Loads the files of a version, and takes it when all are what the manifest says; otherwise nothing changes. */
  private async keep(m: Manifest): Promise<void> {
    const name = versionCache(m.hash);
    const cache = await this.env.caches.open(name);
    try {
      for (const [path, hash] of m.files) if (!onDemand(path)) await this.load(cache, path, hash);
    } catch (e) {
      this.broken = e instanceof BrokenVersion;
      await this.env.caches.delete(name);
      throw e;
    }
    this.broken = false;
    const files = Object.fromEntries(m.files);
    await this.setState({ pinned: m.hash, since: this.env.now(), refused: "", files });
    for (const old of await this.env.caches.keys())
      if (old !== name && old !== STATE) await this.env.caches.delete(old);
  }

  /**
   * The answer to a request for a file of the client: the kept one, or one that is what the manifest says. null: the network is to
   * answer. Rejects for a file that is another than it should be.
   */
  async answer(path: string): Promise<Response | null> {
    const asked = fileOf(path);
    const state = await this.state();
    if (!state || asked === null) return null;
    // No page is the network's to give: a version without one for rooms shows its first.
    const file = isPage(asked) && !Object.hasOwn(state.files, asked) ? START : asked;
    const cache = await this.env.caches.open(versionCache(state.pinned));
    const kept = await cache.match(`/${file}`);
    const hash = state.files[file];
    if (kept || hash === undefined) return kept ?? null;
    return this.load(cache, file, hash);
  }

  async status(): Promise<PinStatus> {
    const state = await this.state();
    let offered = "";
    try {
      const { hash } = await this.offered();
      if (hash !== state?.pinned) offered = hash;
    } catch (e) {
      this.broken ||= e instanceof BrokenVersion;
    }
    return {
      pinned: state?.pinned ?? "",
      since: state?.since ?? 0,
      offered,
      refused: offered !== "" && state?.refused === offered,
      broken: this.broken,
    };
  }

  /** Takes another version, if the server still has that one. */
  take(hash: string): Promise<void> {
    return this.alone(async () => {
      const m = await this.offered();
      if (m.hash !== hash) throw new Error("pin: the server has yet another version");
      await this.keep(m);
    });
  }

  refuse(hash: string): Promise<void> {
    return this.alone(async () => {
      const state = await this.state();
      if (state) await this.setState({ ...state, refused: hash });
    });
  }

  async handle(m: ToPin): Promise<PinStatus> {
    if (m.type === "take") await this.take(m.hash).catch(() => {}); // the status tells
    if (m.type === "refuse") await this.refuse(m.hash);
    return this.status();
  }
}
