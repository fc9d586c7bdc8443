/** An audio context for tests, in which each track is as loud as the test says. */
import type { FakeStream, FakeTrack } from "./fake";

export class FakeSound {
  private readonly loudness = new Map<FakeTrack, number>();

  /** amplitude: 0 to 1, of a constant signal. */
  set(track: FakeTrack, amplitude: number): void {
    this.loudness.set(track, amplitude);
  }

  /** Whether the browser lets sound be worked on. */
  running = true;
  private readonly state = (): AudioContextState => (this.running ? "running" : "suspended");

  readonly context = {
    sampleRate: 48_000,
    createMediaStreamSource: (stream: FakeStream) => ({
      connect: (analyser: { track: FakeTrack | undefined }) => {
        analyser.track = stream.tracks[0];
      },
      disconnect() {},
    }),
    createAnalyser: () => {
      const analyser = {
        fftSize: 0,
        track: undefined as FakeTrack | undefined,
        getFloatTimeDomainData: (samples: Float32Array) => {
          samples.fill(analyser.track ? (this.loudness.get(analyser.track) ?? 0) : 0);
        },
      };
      return analyser;
    },
  } as unknown as AudioContext;

  constructor() {
    Object.defineProperty(this.context, "state", { get: this.state });
  }
}
