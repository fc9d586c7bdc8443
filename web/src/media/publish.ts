/**
 * The publish connection: four sources, negotiated once, and again when pictures can come in AV1 alone, or cannot any more; each is
 * sealed from its first frame on.
 */

import type { CryptoClient } from "../e2ee/client";
import type { SourceName } from "../e2ee/protocol";
import type { MidSource, VideoCodec } from "../wire/wire.gen";
import { canDescribe, describe, isDescribed } from "./described";
import {
  canLayer,
  codecFor,
  type Encoding,
  encodeWith,
  encodingsOf,
  inAV1,
  inOneLayer,
  inOneStream,
  inThree,
  inTime,
} from "./encodings";
import type { Lines, Report } from "./figures";
import { quietOffer, quietOpus } from "./sdp";
import { sentFrames } from "./stats";
import { watch } from "./watch";

/** The sources in the order of their m-lines (PROTOCOL.md 1.4). */
export const sources = [
  "mic",
  "camera",
  "screen",
  "screen-audio",
] as const satisfies readonly SourceName[];
export const isVideo = (s: SourceName): boolean => s === "camera" || s === "screen";

type Codec =
  ReturnType<typeof RTCRtpReceiver.getCapabilities> extends infer C
    ? NonNullable<C> extends { codecs: (infer T)[] }
      ? T
      : never
    : never;

/** The wanted codec first. No RED, which not every browser has and which the server could not undo; no forward error correction apart. */
export function preferred(
  all: readonly Codec[],
  kind: "audio" | "video",
  codec: VideoCodec,
): Codec[] {
  const wanted = kind === "audio" ? "audio/opus" : `video/${codec}`;
  const is = (c: Codec): boolean => c.mimeType.toLowerCase() === wanted;
  const first = all.filter(is);
  if (first.length === 0) return []; // this browser lacks it: its own order stays
  const rest =
    kind === "audio" ? [] : all.filter((c) => !is(c) && !/red|ulpfec|flexfec/i.test(c.mimeType));
  return [...first, ...rest];
}

/** Of the codecs in that order the first, and how it is sent again. */
export const alone = (order: readonly Codec[]): Codec[] =>
  order.filter((c) => c.mimeType === order[0]?.mimeType || /rtx/i.test(c.mimeType));

export interface PublishEvents {
  after(ms: number, f: () => void): () => void;
  offer(sdp: string, mids: MidSource[]): void;
  connected(): void;
  lost(): void;
}

export class PublishConnection {
  private readonly pc: RTCPeerConnection;
  private readonly transceivers = new Map<SourceName, RTCRtpTransceiver>();
  private readonly unwatch: () => void;
  private closed = false;
  /** How many layers of a source are sent, from the lowest; all, while it is not here. */
  private readonly demand = new Map<SourceName, number>();
  /** The codecs that all take; null before that is known. */
  private codecs: readonly VideoCodec[] | null = null;
  /** All take dependency descriptors. */
  private described = false;
  private answers = false;
  /** An offer is under way: another one waits until it is answered. */
  private offering = true;
  /** Pictures are offered in AV1 alone, with descriptors: then a session that takes no AV1 needs another offer. */
  private alone = false;
  /** Parameters are read, changed and written back one source after another: two at once would undo each other. */
  private queue: Promise<void> = Promise.resolve();

  /**
   * All transforms are set in the task in which their transceivers are made: no frame can leave before. spatial: the camera may go
   * in spatial layers of one stream.
   */
  constructor(
    make: () => RTCPeerConnection,
    client: CryptoClient,
    connection: number,
    private readonly codec: VideoCodec,
    private spatial: boolean,
    private readonly events: PublishEvents,
  ) {
    this.pc = make();
    for (const source of sources) {
      const kind = isVideo(source) ? "video" : "audio";
      const t = this.pc.addTransceiver(kind, {
        direction: "sendonly",
        sendEncodings: encodingsOf(source, codec),
      });
      client.attach(t.sender, { op: "seal", source, connection });
      const order = this.order(kind);
      if (order.length > 0) t.setCodecPreferences(order);
      this.transceivers.set(source, t);
    }
    this.unwatch = watch(this.pc, events.after, events.lost, events.connected);
  }

  private order(kind: "audio" | "video"): Codec[] {
    return preferred(RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [], kind, this.codec);
  }

  async negotiate(): Promise<void> {
    this.offering = true;
    const offer = await this.pc.createOffer();
    if (this.closed) return;
    await this.pc.setLocalDescription({ type: "offer", sdp: quietOffer(offer.sdp ?? "") });
    if (this.closed) return;
    const mids = [...this.transceivers].map(([source, t]) => ({ mid: t.mid ?? "", source }));
    this.events.offer(this.pc.localDescription?.sdp ?? "", mids);
  }

  async answered(sdp: string): Promise<void> {
    if (this.closed || this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setRemoteDescription({ type: "answer", sdp: quietOpus(sdp) });
    this.answers = true;
    this.offering = false;
    for (const source of this.demand.keys()) this.apply(source);
    await this.agree();
  }

  /** Offers again where pictures are to come in AV1 alone, with descriptors, from now on, or not any more. */
  private async agree(): Promise<void> {
    if (this.closed || this.offering) return; // the answer comes here
    const pictures = sources.filter(isVideo).flatMap((s) => this.transceivers.get(s) ?? []);
    const order = this.order("video");
    const able = this.codec === "av1" && order.length > 0 && pictures.every(canDescribe);
    const wanted = able && this.codecs?.includes("av1") === true;
    if (this.alone === wanted) return;
    this.alone = wanted;
    for (const t of pictures) {
      describe(t, wanted);
      t.setCodecPreferences(wanted ? alone(order) : order);
    }
    await this.negotiate();
  }

  /** Has the encoders work for as many layers of a source as somebody watches; 0 stops them. */
  limit(source: SourceName, layers: number): void {
    if (this.demand.get(source) === layers) return;
    this.demand.set(source, layers);
    if (this.answers) this.apply(source); // before, the browser's own parameters are on the move
  }

  /** The codecs that all take, from now on, and whether they take dependency descriptors. */
  takes(codecs: readonly VideoCodec[], described: boolean): void {
    if (String(this.codecs) === String(codecs) && this.described === described) return;
    this.codecs = codecs;
    this.described = described;
    if (this.answers) for (const source of this.demand.keys()) this.apply(source);
    this.agree().catch(this.events.lost);
  }

  private apply(source: SourceName): void {
    this.queue = this.queue.then(async () => {
      const transceiver = this.transceivers.get(source);
      const layers = this.demand.get(source);
      if (this.closed || !transceiver || layers === undefined) return;
      const { sender } = transceiver;
      const parameters = sender.getParameters();
      const { encodings } = parameters;
      const size = sender.track?.getSettings();
      const spatial = source === "camera" && this.spatially(parameters);
      if (spatial) inOneStream(encodings, parameters.codecs, layers, size);
      else if (source === "camera") {
        inThree(encodings);
        inOneLayer(encodings);
      }
      if (!spatial) {
        for (const [i, e] of encodings.entries())
          e.active = encodings.length === 1 ? layers > 0 : i < layers;
        if (this.codecs && isVideo(source)) {
          const codec = codecFor(source, this.codec, this.codecs);
          for (const e of encodings) {
            encodeWith(e, parameters.codecs, codec);
            if (codec !== "av1") continue;
            const described = this.alone && isDescribed(transceiver);
            if (source === "camera") inAV1(e, described, this.layered() ? layers : null, size);
            else inTime(e, described);
          }
        }
      }
      // What the browser refuses stays as it is: it sends more than it must, and the next demand tries again.
      const several = /^L[23]/.test((encodings[0] as Encoding | undefined)?.scalabilityMode ?? "");
      await sender.setParameters(parameters).catch(() => {
        if (!spatial && !several) return;
        this.spatial = false; // it cannot, whatever it said
        this.apply(source);
      });
    });
  }

  /** Reports whether the camera goes in spatial layers of one stream: everybody takes VP9, and the browser knows of such layers. */
  private spatially({ encodings, codecs }: RTCRtpSendParameters): boolean {
    const all = this.codecs?.includes("vp9") && this.codec === "vp8";
    return this.spatial && all === true && canLayer(encodings, codecs);
  }

  /** Reports whether a camera in AV1 may go in spatial layers. */
  private layered(): boolean {
    return this.spatial && this.described && this.codec === "av1";
  }

  /** Switches a source on or off, without renegotiation. Calls take effect in their order. */
  async set(source: SourceName, track: MediaStreamTrack | null): Promise<void> {
    if (this.closed) return;
    await this.transceivers.get(source)?.sender.replaceTrack(track);
    // How many layers there are follows from its size.
    if (this.spatial && source === "camera" && track && this.answers) this.apply(source);
  }

  async report(): Promise<{ report: Report; lines: Lines }> {
    const lines = [...this.transceivers].map(
      ([source, t]) => [t.mid ?? "", { source, seat: -1 }] as const,
    );
    return { report: (await this.pc.getStats()) as Report, lines: new Map(lines) };
  }

  /** Frames per source that the browser says it has sent, and the codec of the camera ("" while unknown). */
  async frames(): Promise<{ sent: Record<SourceName, number>; codec: string }> {
    const byMid = new Map([...this.transceivers].map(([source, t]) => [t.mid ?? "", source]));
    return sentFrames((await this.pc.getStats()) as ReadonlyMap<string, unknown>, byMid);
  }

  close(): void {
    this.closed = true;
    this.unwatch();
    this.pc.close();
  }
}
