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

/** The newest first; those that a tab is writing only by name. */
export async function listKept(): Promise<{ kept: Kept[]; written: string[] }> {
  const kept: Kept[] = [];
  const written: string[] = [];
  const where = await folder();
  if (!where) return { kept, written };
  const { held } = await navigator.locks.query();
  const busy = new Set(held?.map((l) => l.name));
  for await (const [name, handle] of where) {
    if (handle.kind !== "file") continue;
    if (busy.has(lockOf(name))) {
      written.push(name);
      continue;
    }
    const file = await (handle as FileSystemFileHandle).getFile();
    kept.push({ name, size: file.size, at: file.lastModified, sealed: name.endsWith(".sealed") });
  }
  kept.sort((a, b) => b.at - a.at);
  return { kept, written };
}

/** Resolves when no tab writes it any more: it is finished, or the tab is gone. */
export async function whenWritten(name: string): Promise<void> {
  await navigator.locks.request(lockOf(name), { mode: "shared" }, () => {});
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
