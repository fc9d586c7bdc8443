/**
 * Writes one recording to this browser's private files, sealed or as it is. A worker, because only there a file can be written in
 * place, so that what was written is there after a crash of the page.
 */
import { FOLDER, Sealing } from "./sealing";

export type ToRecordWorker =
  /** passphrase null: as it is. rate: ticks/s from then on. Answered by ready or failed. */
  | { type: "begin"; name: string; passphrase: string | null; rate: number }
  | { type: "data"; bytes: ArrayBuffer }
  /** Answered by ended. */
  | { type: "end" };

export type FromRecordWorker =
  | { type: "ready" }
  /** Time to draw: the page's own timers sleep while its tab is hidden. */
  | { type: "tick" }
  | { type: "ended" }
  | { type: "failed" };

/** Not in TypeScript's lib for pages. */
interface SyncFile {
  write(data: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

let file: SyncFile | null = null;
let sealing: Sealing | null = null;
let size = 0;

const post = (m: FromRecordWorker): void => postMessage(m);

function append(pieces: readonly Uint8Array[]): void {
  for (const p of pieces) {
    if (file?.write(p, { at: size }) !== p.length) throw new Error("recording: the disk is full");
    size += p.length;
  }
  file?.flush();
}

async function begin(name: string, passphrase: string | null): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  const handle = await folder.getFileHandle(name, { create: true });
  file = await (
    handle as unknown as { createSyncAccessHandle(): Promise<SyncFile> }
  ).createSyncAccessHandle();
  if (passphrase === null) return;
  sealing = await Sealing.begin(passphrase);
  append([sealing.header]);
}

async function take(m: ToRecordWorker): Promise<void> {
  if (m.type === "begin") {
    await begin(m.name, m.passphrase);
    post({ type: "ready" });
    setInterval(() => post({ type: "tick" }), 1000 / m.rate);
  } else if (m.type === "data") {
    const bytes = new Uint8Array(m.bytes);
    append(sealing ? await sealing.seal(bytes) : [bytes]);
  } else {
    if (sealing) append(await sealing.seal(new Uint8Array(), true));
    file?.close();
    file = null;
    post({ type: "ended" });
  }
}

let queue: Promise<void> = Promise.resolve();
addEventListener("message", (e: MessageEvent<ToRecordWorker>) => {
  queue = queue.then(() => take(e.data));
  queue.catch(() => {
    file?.close();
    file = null;
    post({ type: "failed" });
  });
});
