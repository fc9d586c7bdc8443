/**
 * Which seats show a picture of the one who is on them now. A seat whose owner changed has nothing to show until a frame of the
 * new one is decoded: until then its tile would be black, or show the last picture of somebody else.
 */

const LOOK_EVERY = 100; // ms
/** Looks after which an opened seat is shown in any case: a still screen may send its one frame before it was first counted. */
const LOOKS = 20;

export class Pictures {
  private readonly bases = new Map<number, number>();
  private readonly waiting = new Map<number, number>(); // looks so far
  private readonly here = new Set<number>();
  private cancel: (() => void) | null = null;

  /** decoded returns the number of frames decoded so far, by seat. */
  constructor(
    private readonly after: (ms: number, f: () => void) => () => void,
    private readonly decoded: () => Promise<readonly number[]>,
    private readonly changed: () => void,
  ) {}

  shows(seat: number): boolean {
    return this.here.has(seat);
  }

  /** Somebody else is on these seats, or nobody. */
  reset(seats: readonly number[]): void {
    if (seats.length === 0) return;
    for (const s of seats) {
      this.here.delete(s);
      this.waiting.delete(s);
      this.bases.delete(s);
    }
    this.decoded().then(
      (counts) => {
        for (const s of seats) if (!this.bases.has(s)) this.bases.set(s, counts[s] ?? 0);
      },
      () => {}, // no connection: there will be a new one, and new seats
    );
  }

  /** A frame of the seat's owner was opened. */
  opened(seat: number): void {
    if (this.here.has(seat) || this.waiting.has(seat)) return;
    this.waiting.set(seat, 0);
    this.look();
  }

  private look(): void {
    if (this.waiting.size > 0) this.cancel ??= this.after(LOOK_EVERY, () => void this.lookOnce());
  }

  private async lookOnce(): Promise<void> {
    const counts = await this.decoded().catch((): readonly number[] => []);
    this.cancel = null;
    this.take(counts);
    this.look();
  }

  private take(counts: readonly number[]): void {
    let found = false;
    for (const [seat, looks] of this.waiting) {
      const base = this.bases.get(seat);
      if ((base === undefined || (counts[seat] ?? 0) <= base) && looks + 1 < LOOKS) {
        this.waiting.set(seat, looks + 1);
        continue;
      }
      this.waiting.delete(seat);
      this.here.add(seat);
      found = true;
    }
    if (found) this.changed();
  }

  close(): void {
    this.cancel?.();
    this.waiting.clear();
  }
}
