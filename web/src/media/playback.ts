/** Plays what comes on the seats of sound. */

export class Playback {
  private readonly elements = new Map<number, HTMLAudioElement>();
  private sink = "";

  /** blocked is called when the browser wants a click before it plays. */
  constructor(
    private readonly make: () => HTMLAudioElement,
    private readonly blocked: () => void,
  ) {}

  /** Plays a seat while somebody is on it. */
  set(seat: number, stream: MediaStream | null): void {
    const old = this.elements.get(seat);
    if (!stream) {
      if (old) old.srcObject = null;
      this.elements.delete(seat);
      return;
    }
    if (old?.srcObject === stream) return;
    const element = old ?? this.make();
    this.elements.set(seat, element);
    element.srcObject = stream;
    void this.route(element);
    this.play(element);
  }

  /** volume: 0 to 1. A seat changes its owner, so it is set with each. */
  setVolume(seat: number, volume: number): void {
    const e = this.elements.get(seat);
    if (e) e.volume = volume;
  }

  chooseSpeaker(id: string): void {
    this.sink = id;
    for (const e of this.elements.values()) void this.route(e);
  }

  /** Tries again, in answer to a click. */
  resume(): void {
    for (const e of this.elements.values()) this.play(e);
  }

  private async route(e: HTMLAudioElement): Promise<void> {
    if (this.sink && "setSinkId" in e) await e.setSinkId(this.sink).catch(() => {}); // gone: the default plays on
  }

  private play(e: HTMLAudioElement): void {
    e.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") this.blocked();
    });
  }

  close(): void {
    for (const seat of [...this.elements.keys()]) this.set(seat, null);
  }
}

const NOTES = [523, 659, 784]; // Hz: one after the other, so that nobody takes them for a fault
const NOTE = 0.22; // s

/** Plays a few notes on that speaker; "" is the browser's own choice. */
export function playTest(
  context: AudioContext | null,
  make: () => HTMLAudioElement,
  sink: string,
  after: (ms: number, f: () => void) => void,
): void {
  if (!context) return;
  const out = context.createMediaStreamDestination();
  const gain = context.createGain();
  gain.gain.value = 0.2;
  gain.connect(out);
  NOTES.forEach((hertz, i) => {
    const note = context.createOscillator();
    note.frequency.value = hertz;
    note.connect(gain);
    note.start(context.currentTime + i * NOTE);
    note.stop(context.currentTime + (i + 1) * NOTE);
  });
  const element = make();
  element.srcObject = out.stream;
  const routed = sink && "setSinkId" in element ? element.setSinkId(sink) : Promise.resolve();
  routed.catch(() => {}).then(() => element.play().catch(() => {})); // gone: the default plays it
  after(2_000, () => {
    element.srcObject = null;
    gain.disconnect();
  });
}
