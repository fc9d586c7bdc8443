/** Statistics for the curious: read while somebody looks at them, made on this machine, told to nobody. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Counters } from "../e2ee/protocol";
import type { Before, Figures } from "../media/figures";
import type { Connections } from "./connections";
import type { StatisticsModel, StreamRow } from "./model";
import type { SeatView } from "./tiles";

const EVERY = 1_000; // ms

export interface StatisticsSources {
  after(ms: number, f: () => void): () => void;
  media: Pick<Connections, "figures">;
  count(): Promise<Counters>;
  seats(): readonly SeatView[];
  /** "" for a session that is not in the group. */
  nameOf(session: string): string;
}

export class Statistics implements StatisticsModel {
  private readonly all = signal<readonly StreamRow[]>([]);
  private readonly counted = signal<Counters | null>(null);
  readonly rows: ReadonlySignal<readonly StreamRow[]> = this.all;
  readonly counters: ReadonlySignal<Counters | null> = this.counted;
  private watchers = 0;
  private before: Before = new Map();
  private cancel: () => void = () => {};

  constructor(private readonly from: StatisticsSources) {}

  /** Reads until what it returns is called. */
  watch(): () => void {
    if (this.watchers++ === 0) this.look();
    let over = false;
    return () => {
      if (over) return;
      over = true;
      if (--this.watchers === 0) this.close();
    };
  }

  private look(): void {
    const again = (): void => {
      if (this.watchers > 0) this.cancel = this.from.after(EVERY, () => this.look());
    };
    this.read().then(again, again); // a connection that is being made anew has none
  }

  private async read(): Promise<void> {
    const [{ figures, next }, counters] = await Promise.all([
      this.from.media.figures(this.before),
      this.from.count(),
    ]);
    this.before = next;
    if (this.watchers === 0) return;
    this.all.value = figures.map((f) => ({ ...f, name: this.nameOf(f) }));
    this.counted.value = counters;
  }

  private nameOf(f: Figures): string {
    const session = this.from.seats().find((s) => s.index === f.seat)?.session;
    return session ? this.from.nameOf(session) : "";
  }

  close(): void {
    this.cancel();
    this.watchers = 0;
    this.before = new Map();
  }
}
