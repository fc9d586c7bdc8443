/** What the screens see of files that are sent and fetched. */
import type { ReadonlySignal } from "@preact/signals-core";

export interface FileInfo {
  /** session + id. */
  key: string;
  session: string;
  id: string;
  /** As the sender says. */
  name: string;
  size: number; // bytes
  type: string;
}

/** A file that we send. */
export interface Outgoing {
  id: number;
  name: string;
  size: number; // bytes
  /** The session that it is for alone; "" for everybody. */
  to: string;
  /** How much is at the server, 0 to 1. */
  sent: number;
  /** waiting: the server does not answer; it is tried again. */
  state: "sending" | "waiting" | "failed";
  /** Why it failed, and what to do. */
  problem: string;
}

/** A file that we fetch. */
export interface Incoming {
  received: number; // 0 to 1
  state: "fetching" | "waiting" | "ready" | "failed";
  problem: string;
  /** Where its picture is to be had by this page; "": it is not shown. */
  preview: string;
}

export interface FilesModel {
  /** How large a file may be, in bytes; 0: this server takes none. */
  max: ReadonlySignal<number>;
  outgoing: ReadonlySignal<readonly Outgoing[]>;
  /** By key of the FileInfo. */
  incoming: ReadonlySignal<ReadonlyMap<string, Incoming>>;
  /** to: the session that they are for alone; "" for everybody. */
  send(files: readonly File[], to: string): void;
  cancel(id: number): void;
  retry(id: number): void;
  fetch(file: FileInfo): void;
  stop(key: string): void;
  save(key: string): void;
  /** Shows the picture that was fetched, or hides it. */
  preview(key: string): void;
}
