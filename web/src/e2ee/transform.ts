/** The streams of encoded frames: from the encoder sealed to the packetiser, from the network opened to the decoder. */
import type { Bytes } from "./bytes";
import type { Frames } from "./frames";
import type { CodecName, Counters, FromWorker, SourceName, TransformOptions } from "./protocol";

interface EncodedFrame {
  type?: string;
  data: ArrayBuffer;
  getMetadata(): { mimeType?: string };
}

interface Transformer {
  readable: ReadableStream<EncodedFrame>;
  writable: WritableStream<EncodedFrame>;
  options: TransformOptions;
  sendKeyFrameRequest?(): Promise<unknown>;
}

export interface TransformEvent {
  transformer: Transformer;
}

const codecs: Record<string, CodecName> = {
  "audio/opus": "opus",
  "video/vp8": "vp8",
  "video/vp9": "vp9",
  "video/av1": "av1",
  "video/h264": "h264",
};

const KEY_FRAME_EVERY = 500; // ms between requests
const WAITING_AFTER = 400; // ms without an opened frame until a seat counts as waiting

const zero = (): Record<SourceName, number> => ({ mic: 0, camera: 0, screen: 0, "screen-audio": 0 });

/** All transforms of the page. No branch enqueues a frame that was not sealed, or not opened. */
export class Transforms {
  readonly counters: Counters = {
    sealed: zero(),
    unsealed: zero(),
    opened: 0,
    dropped: { noKey: 0, wrongOwner: 0, badTag: 0, replay: 0, malformed: 0, empty: 0 },
    sealMicros: 0,
    openMicros: 0,
  };
  private states = new Map<number, { session: string; state: "empty" | "waiting" | "open"; openedAt: number }>();

  constructor(
    private readonly frames: () => Frames | null,
    private readonly tell: (m: FromWorker) => void,
    private readonly now: () => number,
  ) {}

  attach(t: Transformer): void {
    const o = t.options;
    const step = o.op === "seal" ? this.sealer(o.source) : this.opener(t, o.seat, o.source);
    t.readable
      .pipeThrough(new TransformStream({ transform: step }))
      .pipeTo(t.writable)
      .catch(() => {}); // the track or the connection ended
  }

  private sealer(source: SourceName) {
    return async (frame: EncodedFrame, out: TransformStreamDefaultController<EncodedFrame>): Promise<void> => {
      const started = this.now();
      const sealed = await this.sealOne(source, frame);
      if (!sealed) {
        this.counters.unsealed[source]++;
        return;
      }
      frame.data = sealed.buffer;
      this.counters.sealed[source]++;
      this.counters.sealMicros += ((this.now() - started) * 1000 - this.counters.sealMicros) / 64;
      out.enqueue(frame);
    };
  }

  private async sealOne(source: SourceName, frame: EncodedFrame): Promise<Bytes | null> {
    const frames = this.frames();
    const codec = codecs[frame.getMetadata().mimeType?.toLowerCase() ?? ""];
    const picture = source === "camera" || source === "screen";
    if (!frames || !codec || (codec === "opus") === picture || frame.data.byteLength === 0) return null;
    try {
      const sealed = await frames.seal(source, codec, frame.type === "key", new Uint8Array(frame.data));
      return sealed && exact(sealed);
    } catch {
      return null;
    }
  }

  private opener(t: Transformer, seat: number, source: SourceName) {
    let asked = Number.NEGATIVE_INFINITY;
    return async (frame: EncodedFrame, out: TransformStreamDefaultController<EncodedFrame>): Promise<void> => {
      const started = this.now();
      const codec = codecs[frame.getMetadata().mimeType?.toLowerCase() ?? ""];
      const frames = this.frames();
      const result =
        frames && codec ? await frames.open(seat, source, codec, new Uint8Array(frame.data)) : { drop: "noKey" as const };
      if ("payload" in result && result.payload.length > 0) {
        frame.data = exact(result.payload).buffer;
        this.counters.opened++;
        this.counters.openMicros += ((this.now() - started) * 1000 - this.counters.openMicros) / 64;
        this.state(seat, "open");
        out.enqueue(frame);
        return;
      }
      const reason = "drop" in result ? result.drop : "empty";
      this.counters.dropped[reason]++;
      if (reason === "empty" || reason === "replay") return; // a repeated frame is no news
      this.state(seat, "waiting");
      if (codec !== "opus" && t.sendKeyFrameRequest && started - asked >= KEY_FRAME_EVERY) {
        asked = started;
        t.sendKeyFrameRequest().catch(() => {}); // not receiving any more
      }
    };
  }

  /** A seat has another owner: what it shows is not theirs yet. */
  seatChanged(seat: number, session: string): void {
    const old = this.states.get(seat);
    if (old && old.session === session) return;
    const state = session ? "waiting" : "empty";
    this.states.set(seat, { session, state, openedAt: Number.NEGATIVE_INFINITY });
    this.tell({ type: "seat", index: seat, session, state });
  }

  private state(seat: number, state: "waiting" | "open"): void {
    const s = this.states.get(seat);
    if (!s || s.state === "empty") return;
    const now = this.now();
    if (state === "open") s.openedAt = now;
    // One bad frame among good ones is a hiccup, not a lost key.
    if (s.state === state || (state === "waiting" && now - s.openedAt < WAITING_AFTER)) return;
    s.state = state;
    this.tell({ type: "seat", index: seat, session: s.session, state });
  }
}

/** The same bytes in a buffer of exactly their size, which the frame's data has to be. */
function exact(b: Bytes): Bytes {
  return b.byteOffset === 0 && b.byteLength === b.buffer.byteLength ? b : b.slice();
}
