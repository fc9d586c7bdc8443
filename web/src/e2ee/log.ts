/** The delivery service's log as one member reads it: in order, without gaps (PROTOCOL.md 1.3). */
import type { GroupIn } from "./protocol";

export type Entry = GroupIn & ({ type: "committed" } | { type: "said" });

/** As many as the answer to one since may hold. */
const MAX_AHEAD = 512;

export class LogReader {
  private ahead = new Map<number, Entry>();
  private asking = false;

  /** seq is that of the last entry taken. */
  constructor(private at = 0) {}

  get seq(): number {
    return this.at;
  }

  /** Reports whether entries are to be asked for: once per gap. */
  keep(e: Entry): boolean {
    if (e.seq <= this.at || this.ahead.size >= MAX_AHEAD) return false;
    this.ahead.set(e.seq, e);
    return e.seq > this.at + 1 && this.ask();
  }

  /** Reports whether a question may be sent; there is one under way at most. */
  ask(): boolean {
    if (this.asking) return false;
    this.asking = true;
    return true;
  }

  /** Takes the next entry, if it is there. */
  next(): Entry | undefined {
    const e = this.ahead.get(this.at + 1);
    if (!e) return undefined;
    this.ahead.delete(++this.at);
    return e;
  }

  /** Takes the end of an answer, which goes up to seq; reports whether the log is whole up to there. */
  caughtUp(seq: number): boolean {
    this.asking = false;
    return seq <= this.at && this.ahead.size === 0;
  }
}
