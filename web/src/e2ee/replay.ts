/**
 * A sliding window over counters. fresh() asks, mark() notes; mark only what was authenticated, or an attacker could
 * push the window past what is still to come.
 */
export class ReplayWindow {
  private highest = -1;
  private readonly seen: Uint8Array;

  /** size counters below the highest are told apart; older ones are never fresh. */
  constructor(readonly size: number) {
    this.seen = new Uint8Array(size);
  }

  fresh(ctr: number): boolean {
    if (ctr > this.highest) return true;
    return this.highest - ctr < this.size && this.seen[ctr % this.size] === 0;
  }

  mark(ctr: number): void {
    if (ctr > this.highest) {
      if (ctr - this.highest >= this.size) this.seen.fill(0);
      else for (let i = this.highest + 1; i <= ctr; i++) this.seen[i % this.size] = 0;
      this.highest = ctr;
    }
    if (this.highest - ctr < this.size) this.seen[ctr % this.size] = 1;
  }
}
