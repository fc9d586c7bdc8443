/** Who of a group's members went the way that we went, as far as their beats say (PROTOCOL.md 2.9). Decisions only: what it is told was checked. */
import type { Beat } from "./beat";
import { type Bytes, eq, hex } from "./bytes";

/** Each member hears at most so many, whatever the size of the meeting: about 2 kB/s. */
const BEATS_PER_SECOND = 5;
const BEAT_EVERY = 10_000; // ms
/** How many intervals a member may be silent. Beats are up to one and a half intervals apart. */
const MISSED_BEATS = 3;
/** What somebody without a socket has beyond that: the time after which the server ends its session. */
const AWAY_GRACE = 30_000; // ms

/** The mean time between two beats of one member, in ms. */
export const beatInterval = (members: number): number =>
  Math.max(BEAT_EVERY, (members * 1000) / BEATS_PER_SECOND);

/** How long to wait for the next beat of our own: half to one and a half intervals, by a random r of 0 to 1. */
export const beatAfter = (members: number, r: number): number => beatInterval(members) * (0.5 + r);

interface Lived {
  history: Bytes;
  /** null: not yet. */
  ended: number | null;
}

interface Beating {
  session: string;
  /** Of the last beat. */
  number: number;
  /** When a beat last said what we know; before that, when we met. */
  agreed: number;
  /** The last beat named an epoch of ours with another history. */
  differs: boolean;
}

export class Pulse {
  private readonly epochs = new Map<number, Lived>();
  private members = new Map<string, Beating>(); // by member id in hex
  private now = -1; // the epoch

  /** How long a member may go without a beat that agrees, in ms. */
  private get silence(): number {
    return MISSED_BEATS * beatInterval(this.members.size);
  }

  /** An epoch has begun. members: member id in hex → session. */
  entered(epoch: number, history: Bytes, members: ReadonlyMap<string, string>, at: number): void {
    const old = this.epochs.get(this.now);
    if (old && this.now !== epoch) old.ended = at;
    this.now = epoch;
    this.epochs.set(epoch, { history, ended: null });
    const before = this.members;
    this.members = new Map(
      [...members].map(([id, session]) => [
        id,
        before.get(id) ?? { session, number: 0, agreed: at, differs: false },
      ]),
    );
    for (const [e, { ended }] of this.epochs)
      if (ended !== null && at - ended > this.silence) this.epochs.delete(e);
  }

  /** Where we stand. */
  get stand(): { epoch: number; history: Bytes } {
    return { epoch: this.now, history: this.epochs.get(this.now)!.history };
  }

  /** Whether a beat is one that was not heard before, of a member. */
  fresh(b: Beat): boolean {
    const m = this.members.get(hex(b.member));
    return m !== undefined && b.number > m.number;
  }

  /**
   * Takes a fresh beat. One of an epoch that has been over for long agrees with nothing: who is still there does not follow us.
   * Nor does one of an epoch that we have not reached.
   */
  heard(b: Beat, at: number): void {
    const m = this.members.get(hex(b.member));
    if (!m) return;
    m.number = b.number;
    const l = this.epochs.get(b.epoch);
    if (!l) return;
    m.differs = !eq(l.history, b.history);
    if (!m.differs && (l.ended === null || at - l.ended <= this.silence)) m.agreed = at;
  }

  /**
   * The sessions of the members, but for me, that are not in sync with us, sorted. What the server says of who is away buys no more
   * than the time after which it would have ended their sessions.
   */
  apart(me: string, present: ReadonlyMap<string, boolean>, at: number): string[] {
    const out: string[] = [];
    for (const [id, m] of this.members) {
      const limit = this.silence + (present.get(m.session) === false ? 0 : AWAY_GRACE);
      if (id !== me && (m.differs || at - m.agreed > limit)) out.push(m.session);
    }
    return out.sort();
  }
}
