/** How loud a track is, from decoded sound: the server is told nothing about it. */

export interface Meter {
  /** Loudness of the loudest moment since about the last look, 0 to 1. */
  level(): number;
  /** The browser lets nothing be heard, however loud it is: not yet, or not here. */
  deaf(): boolean;
  close(): void;
}

const silent: Meter = { level: () => 0, deaf: () => true, close() {} };

/** s: nobody looks less often while the page runs as it should. Shorter, and a word between two looks is not heard; longer, and the bar lags. */
const WINDOW = 0.16;
/** s: a moment. Shorter, and a deep voice trembles; longer, and a click is not heard. */
const MOMENT = 0.02;

/** -60 dB is silence, -12 dB as loud as people get. */
const loudness = (power: number): number =>
  Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 48));

export function meterOf(context: AudioContext | null, track: MediaStreamTrack): Meter {
  if (!context) return silent;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 2 ** Math.ceil(Math.log2(WINDOW * context.sampleRate)); // of 32 to 32768, the browser takes powers of 2
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const moment = Math.round(MOMENT * context.sampleRate);
  return {
    level() {
      analyser.getFloatTimeDomainData(samples);
      let loudest = 0;
      for (let end = samples.length; end >= moment; end -= moment) {
        let sum = 0;
        for (let i = end - moment; i < end; i++) sum += (samples[i] as number) ** 2;
        loudest = Math.max(loudest, sum / moment);
      }
      return loudness(loudest);
    },
    deaf: () => context.state !== "running",
    close() {
      source.disconnect();
    },
  };
}
