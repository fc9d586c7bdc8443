/** The seats of the subscribe connection: who is on each according to the server, and what the worker and the decoder make of it. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { FromWorker, SeatOwner, ToWorker } from "../e2ee/protocol";
import { Pictures } from "./pictures";
import type { SeatView } from "./tiles";

/** What of the subscribe connection is used here. */
export interface SeatSource {
  readonly streams: readonly MediaStream[];
  decoded(): Promise<readonly number[]>;
}

export class Seats {
  private readonly all = signal<SeatView[]>([]);
  readonly list: ReadonlySignal<SeatView[]> = this.all;
  private readonly pictures: Pictures;

  constructor(
    after: (ms: number, f: () => void) => () => void,
    private readonly post: (m: ToWorker) => void,
    private readonly source: () => SeatSource | null,
  ) {
    const decoded = async (): Promise<readonly number[]> => source()?.decoded() ?? [];
    this.pictures = new Pictures(after, decoded, () => {
      this.all.value = this.all.value.map((s) => ({ ...s, shown: this.pictures.shows(s.index) }));
    });
  }

  /** The server's map, whole. What it says counts for nothing until the worker has opened a frame of that owner there. */
  set(seats: readonly (SeatOwner & { paused: boolean })[]): void {
    const old = new Map(this.all.value.map((s) => [s.index, s]));
    const streams = this.source()?.streams ?? [];
    const changed: number[] = [];
    this.all.value = seats.map((s): SeatView => {
      const was = old.get(s.index);
      const stream = streams[s.index] ?? null;
      if (was && was.session === s.session && was.source === s.source)
        return { ...was, paused: s.paused, stream };
      changed.push(s.index);
      return { ...s, state: s.session ? "waiting" : "empty", shown: false, stream };
    });
    this.pictures.reset(changed);
    this.post({
      type: "seats",
      seats: seats.map(({ index, source, session }) => ({ index, source, session })),
    });
  }

  /** Nobody is on any seat, in the worker's eyes as well: new connections begin anew. */
  clear(): void {
    const seats = this.all.value.map(({ index, source }) => ({ index, source, session: "" }));
    this.all.value = [];
    this.pictures.reset(seats.map((s) => s.index));
    if (seats.length > 0) this.post({ type: "seats", seats });
  }

  /** News of the worker about a seat; outdated ones, of an earlier owner, are dropped. */
  take(m: FromWorker & { type: "seat" }): void {
    const seat = this.all.value.find((s) => s.index === m.index);
    if (seat?.session !== m.session) return;
    if (m.state === "open" && (seat.source === "camera" || seat.source === "screen"))
      this.pictures.opened(m.index);
    this.all.value = this.all.value.map((s) => (s === seat ? { ...s, state: m.state } : s));
  }

  close(): void {
    this.pictures.close();
  }
}
