/** For tests: time that goes by only when told to. */
import type { Clock } from "./clock";

export class FakeClock implements Clock {
  private time = 1_000_000;
  private timers: { at: number; f: () => void }[] = [];

  now(): number {
    return this.time;
  }

  wall(): number {
    return 1_795_000_000_000 + this.time;
  }

  after(ms: number, f: () => void): () => void {
    const timer = { at: this.time + ms, f };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  }

  /** Lets time go by. What a timer began is done, as far as settle waits for it, before the next one fires. */
  async advance(ms: number, settle: () => Promise<void> = async () => {}): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const due = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers = this.timers.filter((t) => t !== due);
      this.time = Math.max(this.time, due.at);
      due.f();
      await settle();
    }
    this.time = end;
  }

  get waiting(): number {
    return this.timers.length;
  }
}

/** Waits for promises that need no timer, those of WebCrypto among them. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
