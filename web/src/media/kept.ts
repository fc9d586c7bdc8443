/** Recordings that lie in this browser's private files: finished ones that were not saved yet, and what a crash left. */
import type { Kept } from "../call/model";
import { FOLDER } from "./sealing";

export const lockOf = (name: string): string => `recording ${name}`;

type Folder = FileSystemDirectoryHandle & AsyncIterable<[string, FileSystemHandle]>;

async function folder(): Promise<Folder | null> {
  const root = await navigator.storage.getDirectory();
  // There is none until something was recorded.
  return root.getDirectoryHandle(FOLDER).catch(() => null) as Promise<Folder | null>;
}

/** The newest first, without those that are being written in another tab. */
export async function listKept(): Promise<Kept[]> {
  const where = await folder();
  if (!where) return [];
  const { held } = await navigator.locks.query();
  const busy = new Set(held?.map((l) => l.name));
  const out: Kept[] = [];
  for await (const [name, handle] of where) {
    if (handle.kind !== "file" || busy.has(lockOf(name))) continue;
    const file = await (handle as FileSystemFileHandle).getFile();
    out.push({ name, size: file.size, at: file.lastModified, sealed: name.endsWith(".sealed") });
  }
  return out.sort((a, b) => b.at - a.at);
}

/** Has the browser save it where it saves downloads. */
export async function saveKept(name: string): Promise<void> {
  const file = await (await (await folder())?.getFileHandle(name))?.getFile();
  if (!file) throw new Error("recording: it is not here any more");
  const address = URL.createObjectURL(file);
  const a = document.createElement("a");
  a.href = address;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it meanwhile
}

export async function removeKept(name: string): Promise<void> {
  await (await folder())?.removeEntry(name);
}
