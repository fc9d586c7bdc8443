/** What is done to the track of a device before anybody gets it: noise removed from a microphone, the background from a camera. */
import { type ReadonlySignal, signal } from "@preact/signals-core";

export interface Treated {
  readonly track: MediaStreamTrack;
  /** Gives back what the treatment holds, and ends its track; the track that went in stays open. */
  close(): void;
}

/** Rejects when it cannot be done here. failed is called at most once, when it can no longer be done. */
export type Treat = (track: MediaStreamTrack, failed: () => void) => Promise<Treated>;

export class Treatment {
  private readonly out = signal<MediaStreamTrack | null>(null);
  /** What comes out: the treated track, or the untreated one where nothing is to be done. */
  readonly track: ReadonlySignal<MediaStreamTrack | null> = this.out;
  private readonly busy = signal(false);
  /** The treatment is being loaded or has not given its first picture or sound. */
  readonly loading: ReadonlySignal<boolean> = this.busy;
  private source: MediaStreamTrack | null = null;
  private treat: Treat | null = null;
  private running: Treated | null = null;
  private number = 0; // counts attempts: a slow one must not undo a later choice
  /** Called when the treatment could not be done; by then it is undone, or nothing comes out. */
  onFailed: () => void = () => {};

  /**
   * strict: nothing comes out while a treatment is chosen and does not work. Otherwise the untreated track does, and the
   * treatment is no longer chosen once it failed.
   */
  constructor(private readonly strict: boolean) {}

  /** The open device; null: none is. */
  feed(source: MediaStreamTrack | null): void {
    if (source === this.source) return;
    this.source = source;
    this.restart();
  }

  /** Chooses a treatment; null: none. */
  use(treat: Treat | null): void {
    if (treat === this.treat) return;
    this.treat = treat;
    this.restart();
  }

  private restart(): void {
    const number = ++this.number;
    const { source, treat } = this;
    const before = this.running;
    this.running = null;
    this.busy.value = source !== null && treat !== null;
    this.out.value = treat && this.strict ? null : source;
    before?.close();
    if (!source || !treat) return;
    treat(source, () => this.fail(number)).then(
      (treated) => this.take(number, treated),
      () => this.fail(number),
    );
  }

  private take(number: number, treated: Treated): void {
    if (number !== this.number) {
      treated.close();
      return;
    }
    this.running = treated;
    this.busy.value = false;
    this.out.value = treated.track;
  }

  private fail(number: number): void {
    if (number !== this.number) return;
    this.number++;
    const before = this.running;
    this.running = null;
    this.busy.value = false;
    if (!this.strict) this.treat = null;
    this.out.value = this.strict ? null : this.source;
    before?.close();
    this.onFailed();
  }
}
