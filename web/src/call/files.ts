/** Files on their way: what we send, and what of others we fetch. Sealed and opened by the worker, kept sealed by the server. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { CryptoClient } from "../e2ee/client";
import { CHUNK, largestFile, OVERHEAD, sealedSize } from "../e2ee/file";
import { Refusal } from "../wire/http";
import type { Env } from "./env";
import { cleanName, sizeWords, typeOf } from "./filenames";
import type { FileInfo, FilesModel, Incoming, Outgoing } from "./model";
import { t } from "./words";

const SEALED = CHUNK + OVERHEAD; // bytes of a sealed chunk
/** Chunks of one request, at least and at most: the first so that a slow line makes progress, the other so that a break costs little. */
const PIECE = { first: 4, least: 1, most: 32 };
const QUICK = 1_000; // ms that a request may take for the next to be larger
const SLOW = 8_000; // ms, for the next to be smaller
/** ms between attempts when the server does not answer; after the last one a person decides. */
const AGAIN = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** Of these a browser shows pictures without running anything that is in them. */
export const PICTURES: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
]);
const MOST_AT_ONCE = 10; // files under way that a person may choose

type Door = Env["files"];

export interface FilesContext {
  room: string;
  /** Of the link that holds now. */
  token(): Uint8Array;
  client: CryptoClient;
  door: Door;
  now(): number;
  after(ms: number, f: () => void): () => void;
  /** Hands a file to the browser, under that name and as nothing that it would open itself. */
  save(blob: Blob, name: string): void;
  url: { create(blob: Blob): string; revoke(url: string): void };
  warn(text: string): void;
}

interface Upload {
  file: File;
  stop: AbortController;
}

interface Download {
  info: FileInfo;
  stop: AbortController | null;
  parts: Blob[];
  chunks: number; // opened so far
  whole: Blob | null;
}

/** How many chunks the next request may have. */
export function nextPiece(now: number, took: number): number {
  if (took < QUICK) return Math.min(PIECE.most, now * 2);
  if (took > SLOW) return Math.max(PIECE.least, Math.floor(now / 2));
  return now;
}

export class Files implements FilesModel {
  private readonly limit = signal(0);
  private readonly sending = signal<readonly Outgoing[]>([]);
  private readonly fetching = signal<ReadonlyMap<string, Incoming>>(new Map());
  readonly max: ReadonlySignal<number> = this.limit;
  readonly outgoing: ReadonlySignal<readonly Outgoing[]> = this.sending;
  readonly incoming: ReadonlySignal<ReadonlyMap<string, Incoming>> = this.fetching;
  private session: { id: string; secret: Uint8Array } | null = null;
  private readonly uploads = new Map<number, Upload>();
  private readonly downloads = new Map<string, Download>();
  private last = 0;
  private closed = false;

  constructor(private readonly context: FilesContext) {}

  /** A session of ours begins; what was under way in the one before cannot go on in it. maxFile: sealed, in bytes. */
  restart(id: string, secret: Uint8Array, maxFile: number): void {
    this.session = { id, secret };
    this.limit.value = Math.max(0, largestFile(maxFile));
    for (const number of this.uploads.keys()) {
      this.uploads.get(number)?.stop.abort();
      this.change(number, { state: "failed", problem: lostText() });
    }
  }

  // What we send.

  send(files: readonly File[], to: string): void {
    for (const file of files) {
      const name = cleanName(file.name);
      if (this.limit.value === 0) return;
      if (file.size > this.limit.value) {
        this.context.warn(
          t("“{name}” is too large: this server takes files of up to {size}.", {
            name,
            size: sizeWords(this.limit.value),
          }),
        );
        continue;
      }
      if (this.uploads.size >= MOST_AT_ONCE) {
        this.context.warn(t("Too many files at once. Wait until some of them are sent."));
        return;
      }
      const id = ++this.last;
      this.uploads.set(id, { file, stop: new AbortController() });
      const item: Outgoing = {
        id,
        name,
        size: file.size,
        to,
        sent: 0,
        state: "sending",
        problem: "",
      };
      this.sending.value = [...this.sending.value, item];
      void this.upload(id, name, to);
    }
  }

  /** Gives up what is under way, and takes back what is at the server of it. */
  cancel(id: number): void {
    this.uploads.get(id)?.stop.abort();
    this.uploads.delete(id);
    this.sending.value = this.sending.value.filter((o) => o.id !== id);
  }

  retry(id: number): void {
    const upload = this.uploads.get(id);
    const item = this.sending.value.find((o) => o.id === id);
    if (!upload || item?.state !== "failed") return;
    upload.stop = new AbortController();
    this.change(id, { state: "sending", problem: "", sent: 0 });
    void this.upload(id, item.name, item.to);
  }

  private change(id: number, part: Partial<Outgoing>): void {
    this.sending.value = this.sending.value.map((o) => (o.id === id ? { ...o, ...part } : o));
  }

  private async upload(number: number, name: string, to: string): Promise<void> {
    const { file, stop } = this.uploads.get(number)!;
    const { client, door, room } = this.context;
    const { signal } = stop;
    let made = "";
    let grant: Uint8Array | null = null;
    try {
      const { id, sealed } = await client.file({ op: "make", file });
      made = id;
      const open = async (): Promise<number> => {
        const { id: session, secret } = this.session!;
        const opened = await door.open({ room, session, secret, id: unhex(id), size: sealed });
        grant = opened.grant;
        return opened.received;
      };
      let offset = await this.patiently(number, signal, open);
      for (let count = PIECE.first; offset < sealed; ) {
        this.change(number, { state: "sending", sent: offset / sealed });
        const index = Math.floor(offset / SEALED);
        const { data } = await client.file({ op: "seal", id, index, count });
        const rest = data.slice(offset - index * SEALED);
        const began = this.context.now();
        let attempts = 0;
        offset = await this.patiently(
          number,
          signal,
          () =>
            attempts++ === 0 ? door.put({ room, id, grant: grant!, offset }, rest, signal) : open(), // how much has come is known to the server alone
        );
        count = attempts === 1 ? nextPiece(count, this.context.now() - began) : PIECE.first;
      }
      if (signal.aborted) throw new DOMException("", "AbortError");
      await client.file({ op: "say", id, name, mime: typeOf(file.type), to });
      this.uploads.delete(number);
      this.sending.value = this.sending.value.filter((o) => o.id !== number);
    } catch (e) {
      if (made) client.file({ op: "drop", id: made }).catch(() => {});
      if (made && grant) door.remove(room, made, grant).catch(() => {}); // it expires by itself
      if (!signal.aborted && !this.closed)
        this.change(number, { state: "failed", problem: problemOf(e) });
    }
  }

  /** Tries again while the server does not answer, or says that it is too much at once. */
  private async patiently<T>(
    upload: number | null,
    signal: AbortSignal,
    attempt: () => Promise<T>,
    waiting: () => void = () => this.change(upload!, { state: "waiting" }),
  ): Promise<T> {
    for (let n = 0; ; n++) {
      try {
        signal.throwIfAborted();
        return await attempt();
      } catch (e) {
        const passing =
          e instanceof Refusal &&
          (e.code === "unreachable" || e.code === "rate" || e.status === 409 || e.status === 408);
        const wait = AGAIN[n];
        if (!passing || wait === undefined) throw e;
        waiting();
        await new Promise<void>((resolve) => {
          const cancel = this.context.after(wait, resolve);
          signal.addEventListener(
            "abort",
            () => {
              cancel();
              resolve();
            },
            { once: true },
          );
        });
      }
    }
  }

  // What we fetch.

  fetch(info: FileInfo): void {
    const download = this.downloads.get(info.key) ?? {
      info,
      stop: null,
      parts: [],
      chunks: 0,
      whole: null,
    };
    if (download.stop || download.whole) return;
    download.stop = new AbortController();
    this.downloads.set(info.key, download);
    void this.download(download);
  }

  /** What has come is kept, and the next attempt goes on from there. */
  stop(key: string): void {
    const download = this.downloads.get(key);
    download?.stop?.abort();
    if (download) download.stop = null;
    this.show(key, null);
  }

  private show(key: string, item: Incoming | null): void {
    const all = new Map(this.fetching.value);
    const preview = all.get(key)?.preview;
    if (preview && preview !== item?.preview) this.context.url.revoke(preview);
    if (item) all.set(key, item);
    else all.delete(key);
    this.fetching.value = all;
  }

  private async download(d: Download): Promise<void> {
    const { key, session, id, size } = d.info;
    const { client, door, room } = this.context;
    const stop = d.stop!;
    const total = sealedSize(size);
    const tell = (state: "fetching" | "waiting"): void => {
      const received = Math.min(1, (d.chunks * SEALED) / total);
      if (!stop.signal.aborted) this.show(key, { received, state, problem: "", preview: "" });
    };
    try {
      for (let count = PIECE.first, done = false; !done; ) {
        tell("fetching");
        const begin = d.chunks * SEALED;
        const end = Math.min(total, begin + count * SEALED);
        const began = this.context.now();
        const data = await this.patiently(
          null,
          stop.signal,
          () =>
            door.get(
              { room, id, token: this.context.token(), size: total },
              begin,
              end,
              stop.signal,
            ),
          () => tell("waiting"),
        );
        count = nextPiece(count, this.context.now() - began);
        const opened = await client.file({ op: "open", session, id, index: d.chunks, data });
        stop.signal.throwIfAborted();
        d.parts.push(new Blob([opened.data]));
        d.chunks += Math.ceil(data.length / SEALED);
        done = opened.done;
      }
      d.whole = new Blob(d.parts, { type: "application/octet-stream" });
      d.parts = [];
      d.stop = null;
      this.show(key, { received: 1, state: "ready", problem: "", preview: "" });
    } catch (e) {
      if (stop.signal.aborted || this.closed) return;
      d.stop = null;
      const final = !(e instanceof Refusal) || e.code === "invalid";
      if (final) this.downloads.delete(key); // nothing of it is worth keeping
      this.show(key, { received: 0, state: "failed", problem: fetchProblem(e), preview: "" });
    }
  }

  save(key: string): void {
    const d = this.downloads.get(key);
    if (d?.whole) this.context.save(d.whole, cleanName(d.info.name));
  }

  /** Shows a picture that was fetched, or hides it again. */
  preview(key: string): void {
    const d = this.downloads.get(key);
    const item = this.fetching.value.get(key);
    if (!d?.whole || !item || !PICTURES.has(d.info.type)) return;
    const blob = item.preview ? null : new Blob([d.whole], { type: d.info.type });
    this.show(key, { ...item, preview: blob ? this.context.url.create(blob) : "" });
  }

  close(): void {
    this.closed = true;
    for (const u of this.uploads.values()) u.stop.abort();
    for (const [key, d] of this.downloads) {
      d.stop?.abort();
      this.show(key, null);
    }
    this.uploads.clear();
    this.downloads.clear();
  }
}

const unhex = (s: string): Uint8Array =>
  Uint8Array.from({ length: s.length / 2 }, (_, i) =>
    Number.parseInt(s.slice(2 * i, 2 * i + 2), 16),
  );

const lostText = (): string => t("The connection was lost while it was sent. Try again.");

function problemOf(e: unknown): string {
  if (!(e instanceof Refusal))
    return t("It could not be read to the end. It may have changed meanwhile: choose it again.");
  if (e.code === "full")
    return t("The server has no more room for files of this meeting. Try again later.");
  if (e.code === "unreachable" || e.code === "rate")
    return t("The server does not answer. Try again when you are connected.");
  return lostText();
}

function fetchProblem(e: unknown): string {
  if (!(e instanceof Refusal) || e.code === "invalid")
    return t(
      "What the server has is not the file that was sent. It was thrown away: ask for it again.",
    );
  if (e.code === "refused")
    return t("It is no longer on the server. Ask the sender to send it again.");
  return t("The server does not answer. Try again when you are connected.");
}
