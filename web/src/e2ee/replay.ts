/** Which counters were seen (PROTOCOL.md 3.4), after the sliding bitmap of RFC 6479. */

const WORD = 32;

/**
 * A sliding window over the counters of one key. fresh asks, mark notes; mark only what was authenticated, or an
 * attacker could push the window past what is still to come. Counters are integers from 0 below 2^53.
 */
export class ReplayWindow {
  private highest = -1;
  /** A ring of words, one more than the window, so that a new word never wipes a bit in the window. */
  private readonly words: Uint32Array;

  /** size counters up to the highest are told apart, a multiple of 32; older ones are never fresh. */
  constructor(readonly size: number) {
    if (size <= 0 || size % WORD !== 0) throw new Error("replay: not a size for a window");
    this.words = new Uint32Array(size / WORD + 1);
  }

  /** Reports whether a counter was not seen and is not too old. */
  fresh(ctr: number): boolean {
    if (!Number.isSafeInteger(ctr) || ctr < 0) return false;
    if (ctr > this.highest) return true;
    if (this.highest - ctr >= this.size) return false;
    return (this.words[this.slot(ctr)]! & this.bit(ctr)) === 0;
  }

  /** Notes a counter that fresh let pass. */
  mark(ctr: number): void {
    if (!this.fresh(ctr)) return;
    if (ctr > this.highest) {
      const from = Math.floor(this.highest / WORD);
      const to = Math.floor(ctr / WORD);
      const n = Math.min(to - from, this.words.length);
      for (let i = 0; i < n; i++) this.words[(to - i) % this.words.length] = 0;
      this.highest = ctr;
    }
    this.words[this.slot(ctr)]! |= this.bit(ctr);
  }

  private slot(ctr: number): number {
    return Math.floor(ctr / WORD) % this.words.length;
  }

  private bit(ctr: number): number {
    return 1 << (ctr % WORD);
  }
}
