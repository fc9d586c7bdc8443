/** How loud a track is, from decoded sound: the server is told nothing about it. */

export interface Meter {
  /** Loudness of the last moment, 0 to 1. */
  level(): number;
  close(): void;
}

const silent: Meter = { level: () => 0, close() {} };

export function meterOf(context: AudioContext | null, track: MediaStreamTrack): Meter {
  if (!context) return silent;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const s of samples) sum += s * s;
      // -60 dB is silence, -12 dB as loud as people get.
      const db = 10 * Math.log10(sum / samples.length + 1e-9);
      return Math.min(1, Math.max(0, (db + 60) / 48));
    },
    close() {
      source.disconnect();
    },
  };
}
