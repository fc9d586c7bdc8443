/** The streams of encoded frames: from the encoder sealed to the packetiser, from the network opened to the decoder. */
import type { Bytes } from "./bytes";
import { type Frames, isPicture, type Opened } from "./frames";
import type {
  CodecName,
  Counters,
  FromWorker,
  SeatOwner,
  SourceName,
  TransformOptions,
} from "./protocol";

/** What of RTCEncodedVideoFrame and RTCEncodedAudioFrame is used. */
export interface EncodedFrame {
  /** "key" or "delta" on the sending side. On the receiving side it is a guess from our wrapper, and is not read. */
  readonly type?: string;
  data: ArrayBuffer;
  getMetadata(): { mimeType?: string };
}

export interface Transformer {
  readable: ReadableStream<EncodedFrame>;
  writable: WritableStream<EncodedFrame>;
  options: TransformOptions;
  sendKeyFrameRequest?(): Promise<unknown>;
}

export interface TransformEvent {
  transformer: Transformer;
}

/** Hands a frame on to the packetiser or the decoder. */
export type Enqueue = (frame: EncodedFrame) => void;
export type Step = (frame: EncodedFrame, enqueue: Enqueue) => Promise<void>;

/** RED is not among them: one browser lacks it, and it would carry more than one frame. */
const codecs: ReadonlyMap<string, CodecName> = new Map([
  ["audio/opus", "opus"],
  ["video/vp8", "vp8"],
  ["video/vp9", "vp9"],
  ["video/av1", "av1"],
  ["video/h264", "h264"],
]);

/** More often, and one bad receiver takes the sender's bandwidth; less, and a picture stands still for longer. */
const KEY_FRAME_EVERY = 500; // ms
/** Shorter, and one lost key shows as a fault; longer, and a fault shows late. */
const WAITING_AFTER = 400; // ms without an opened frame
const SMOOTHING = 64; // frames

const zero = (): Record<SourceName, number> => ({
  mic: 0,
  camera: 0,
  screen: 0,
  "screen-audio": 0,
});

interface Seat {
  session: string;
  state: "empty" | "waiting" | "open";
  openedAt: number;
}

/** All transforms of the page. No branch enqueues a frame that was not sealed, or not opened. */
export class Transforms {
  readonly counters: Counters = {
    sealed: zero(),
    unsealed: zero(),
    opened: 0,
    dropped: { noKey: 0, wrongOwner: 0, withheld: 0, badTag: 0, replay: 0, malformed: 0, empty: 0 },
    sealMicros: 0,
    openMicros: 0,
  };
  private seats = new Map<number, Seat>();
  private newest = { seal: 0, open: 0 };

  constructor(
    private readonly frames: () => Frames | null,
    private readonly tell: (m: FromWorker & { type: "seat" }) => void,
    private readonly now: () => number,
  ) {}

  attach(t: Transformer): void {
    const step = this.stepFor(t);
    const transform = (
      f: EncodedFrame,
      c: TransformStreamDefaultController<EncodedFrame>,
    ): Promise<void> => step(f, (out) => c.enqueue(out));
    t.readable
      .pipeThrough(new TransformStream({ transform }))
      .pipeTo(t.writable)
      .catch(() => {}); // the track or the connection ended
  }

  /** What is done with each frame of a transformer. It never rejects, so that one frame does not end the stream. */
  stepFor(t: Pick<Transformer, "options" | "sendKeyFrameRequest">): Step {
    const o = t.options;
    this.newest[o.op] = Math.max(this.newest[o.op], o.connection);
    return o.op === "seal" ? this.sealer(o) : this.opener(o, () => t.sendKeyFrameRequest?.());
  }

  private sealer({ source, connection }: TransformOptions & { op: "seal" }): Step {
    return async (frame, enqueue) => {
      const started = this.now();
      const sealed =
        connection === this.newest.seal
          ? await this.sealOne(source, frame).catch(() => null)
          : null;
      if (!sealed) {
        this.counters.unsealed[source]++;
        return;
      }
      frame.data = exact(sealed);
      this.counters.sealed[source]++;
      this.counters.sealMicros +=
        ((this.now() - started) * 1000 - this.counters.sealMicros) / SMOOTHING;
      enqueue(frame);
    };
  }

  private async sealOne(source: SourceName, frame: EncodedFrame): Promise<Bytes | null> {
    const codec = codecOf(frame);
    if (!codec) return null;
    return (
      (await this.frames()?.seal(
        source,
        codec,
        frame.type === "key",
        new Uint8Array(frame.data),
      )) ?? null
    );
  }

  private opener(
    o: TransformOptions & { op: "open" },
    requestKeyFrame: () => Promise<unknown> | undefined,
  ): Step {
    let asked = Number.NEGATIVE_INFINITY;
    return async (frame, enqueue) => {
      const started = this.now();
      if (o.connection !== this.newest.open) return; // its seats are others now
      const result = await this.openOne(o, frame).catch((): Opened => ({ drop: "malformed" }));
      if ("payload" in result) {
        frame.data = exact(result.payload);
        this.counters.opened++;
        this.counters.openMicros +=
          ((this.now() - started) * 1000 - this.counters.openMicros) / SMOOTHING;
        this.seatHas(o.seat, "open");
        enqueue(frame);
        return;
      }
      this.counters.dropped[result.drop]++;
      if (result.drop === "empty" || result.drop === "replay") return; // retransmission does that; nothing is missing
      this.seatHas(o.seat, "waiting");
      if (!isPicture(o.source) || started - asked < KEY_FRAME_EVERY) return;
      asked = started;
      requestKeyFrame()?.catch(() => {}); // no longer receiving
    };
  }

  private async openOne(
    o: TransformOptions & { op: "open" },
    frame: EncodedFrame,
  ): Promise<Opened> {
    const frames = this.frames();
    if (frame.data.byteLength === 0) return { drop: "empty" };
    if (!frames) return { drop: "noKey" };
    const codec = codecOf(frame);
    return codec
      ? frames.open(o.seat, o.source, codec, new Uint8Array(frame.data))
      : { drop: "malformed" };
  }

  /** Takes the whole map of who is where. Whoever comes to a seat is waited for: what it shows is not theirs yet. */
  setSeats(owners: readonly SeatOwner[]): void {
    const now = new Map(owners.map((s) => [s.index, s.session]));
    for (const index of this.seats.keys()) if (!now.has(index)) now.set(index, "");
    for (const [index, session] of now) {
      if ((this.seats.get(index)?.session ?? "") === session) continue;
      const state = session ? "waiting" : "empty";
      this.seats.set(index, { session, state, openedAt: Number.NEGATIVE_INFINITY });
      this.tell({ type: "seat", index, session, state });
    }
  }

  private seatHas(index: number, state: "waiting" | "open"): void {
    const seat = this.seats.get(index);
    if (!seat || seat.state === "empty") return;
    const now = this.now();
    if (state === "open") seat.openedAt = now;
    // One bad frame among good ones is a hiccup, not a lost key.
    if (seat.state === state || (state === "waiting" && now - seat.openedAt < WAITING_AFTER))
      return;
    seat.state = state;
    this.tell({ type: "seat", index, session: seat.session, state });
  }
}

const codecOf = (frame: EncodedFrame): CodecName | undefined =>
  codecs.get(frame.getMetadata().mimeType?.toLowerCase() ?? "");

/** A buffer of exactly those bytes, as a frame's data has to be. */
function exact(b: Bytes): ArrayBuffer {
  return b.byteLength === b.buffer.byteLength ? b.buffer : b.slice().buffer;
}
