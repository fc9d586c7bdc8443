/** Takes noise out of a microphone's track, by RNNoise in an audio worklet. Loaded when it is first switched on. */
import { loadRnnoise, RnnoiseWorkletNode } from "@sapphi-red/web-noise-suppressor";
import plain from "@sapphi-red/web-noise-suppressor/rnnoise.wasm?url";
import simd from "@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url";
import worklet from "@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url";
import type { Treated } from "../call/treatment";

/** RNNoise is trained for this rate (Hz), and hears something else at another. */
const RATE = 48_000;
/** ms; a context that does not run by then would send silence. */
const STARTS_WITHIN = 3_000;

let binary: Promise<ArrayBuffer> | null = null;

/** Rejects when the context does not run in time: there is no sound device, or no click yet. */
function running(context: AudioContext): Promise<void> {
  if (context.state === "running") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("noise: sound does not run")), STARTS_WITHIN);
    context.onstatechange = () => {
      if (context.state !== "running") return;
      clearTimeout(timer);
      resolve();
    };
    context.resume().catch(() => {}); // the timer tells
  });
}

export async function suppressNoise(track: MediaStreamTrack, failed: () => void): Promise<Treated> {
  const context = new AudioContext({ sampleRate: RATE });
  try {
    binary ??= loadRnnoise({ url: plain, simdUrl: simd });
    const [wasmBinary] = await Promise.all([
      binary.catch((e) => {
        binary = null; // the network may be back next time
        throw e;
      }),
      context.audioWorklet.addModule(worklet),
      running(context),
    ]);
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const node = new RnnoiseWorkletNode(context, { maxChannels: 1, wasmBinary });
    const out = context.createMediaStreamDestination();
    out.channelCount = 1;
    source.connect(node).connect(out);
    node.onprocessorerror = failed;
    const [cleaned] = out.stream.getAudioTracks();
    if (!cleaned) throw new Error("noise: the browser gave no track");
    return {
      track: cleaned,
      close() {
        node.onprocessorerror = null;
        node.destroy();
        source.disconnect();
        cleaned.stop();
        void context.close();
      },
    };
  } catch (e) {
    void context.close();
    throw e;
  }
}
