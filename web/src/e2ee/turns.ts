/** When a commit of ours is due, over the epochs of one leaf (PROTOCOL.md 2.4). Decisions only: no clock, no keys. */
import { commitAt, type Due, due, refreshAt, type Situation, warmAt } from "./committing";

export class Turns {
  /** An epoch that the delivery service has reached, maybe before us. */
  behind = 0;
  /** When the last commit took effect, or one of ours was made or refused: not at once again. */
  lastCommit = 0;
  private joined = 0;
  private dueSince = 0;
  private path = 0;

  forget(): void {
    this.behind = 0;
    this.dueSince = 0;
  }

  /** An epoch has begun; first: it is the first of ours. */
  entered(first: boolean, now: number): void {
    if (first) this.joined = this.path = now;
    this.lastCommit = now;
    this.dueSince = 0;
  }

  /** A path of ours has taken effect. */
  refreshed(now: number): void {
    this.path = now;
  }

  /**
   * What we are to commit, and when. Nothing due means a path for its own sake. wish: a policy of ours is to be put in force;
   * onlyOurs: whether something of what is due would be committed by nobody else.
   */
  next(
    s: Situation,
    now: number,
    wish: boolean,
    onlyOurs: (d: Due) => boolean,
  ): { at: number; due: Due } | null {
    if (s.epoch < this.behind) return null;
    const d = due(s);
    const something = d.removes.length + d.adds.length > 0 || wish;
    if (!something) this.dueSince = 0;
    else if (this.dueSince === 0) this.dueSince = now;
    const { lastCommit, joined, dueSince, path } = this;
    const times = { now, lastCommit, joined, dueSince, path };
    const at = something
      ? commitAt(s, d, times, onlyOurs(d))
      : (warmAt(s, times) ?? refreshAt(s, times));
    return at === null ? null : { at, due: d };
  }
}
