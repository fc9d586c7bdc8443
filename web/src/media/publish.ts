/** The publish connection: four sources, negotiated once; each is sealed from its first frame on. */
import type { CryptoClient } from "../e2ee/client";
import type { SourceName } from "../e2ee/protocol";
import type { MidSource } from "../wire/wire.gen";

export type VideoCodec = "vp8" | "vp9" | "av1" | "h264";

const order: SourceName[] = ["mic", "camera", "screen", "screen-audio"];
const isVideo = (s: SourceName): boolean => s === "camera" || s === "screen";

const simulcast: RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];

function encodings(source: SourceName, codec: VideoCodec): RTCRtpEncodingParameters[] {
  if (source === "camera") return codec === "vp8" ? simulcast : [{ maxBitrate: 1_200_000 }];
  if (source === "screen") return [{ maxBitrate: 2_500_000 }];
  return [{ maxBitrate: source === "mic" ? 40_000 : 96_000 }];
}

/** Puts the wanted codec first; no RED, which not every browser has and which the server could not undo. */
export function preferCodec(t: RTCRtpTransceiver, kind: "audio" | "video", codec: VideoCodec): void {
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = kind === "audio" ? "audio/opus" : `video/${codec}`;
  const is = (c: { mimeType: string }, mime: string): boolean => c.mimeType.toLowerCase() === mime;
  const first = all.filter((c) => is(c, wanted));
  const rest = kind === "audio" ? [] : all.filter((c) => !is(c, wanted) && !/red|ulpfec|flexfec/i.test(c.mimeType));
  if (first.length > 0) t.setCodecPreferences([...first, ...rest]);
}

/** Constant bit rate and no pauses: sizes and silence say nothing. No audio level header: the server would read it. */
export function quietOffer(sdp: string): string {
  return sdp
    .replace(/^a=extmap:\d+(\/\w+)? urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n/gm, "")
    .replace(/^(a=fmtp:\d+ (?=.*useinbandfec=1))(.*)$/gm, "$1$2;cbr=1;usedtx=0");
}

export interface PublishEvents {
  offer(sdp: string, mids: MidSource[]): void;
  lost(): void;
}

export class PublishConnection {
  private readonly pc: RTCPeerConnection;
  private readonly transceivers = new Map<SourceName, RTCRtpTransceiver>();

  constructor(
    make: () => RTCPeerConnection,
    client: CryptoClient,
    connection: number,
    private readonly codec: VideoCodec,
    private readonly events: PublishEvents,
  ) {
    this.pc = make();
    for (const source of order) {
      const kind = isVideo(source) ? "video" : "audio";
      const t = this.pc.addTransceiver(kind, { direction: "sendonly", sendEncodings: encodings(source, codec) });
      client.attach(t.sender, { op: "seal", source, connection });
      preferCodec(t, kind, codec);
      this.transceivers.set(source, t);
    }
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === "failed") events.lost();
    };
  }

  async negotiate(): Promise<void> {
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription({ type: "offer", sdp: quietOffer(offer.sdp ?? "") });
    const mids = [...this.transceivers].map(([source, t]) => ({ mid: t.mid ?? "", source }));
    this.events.offer(this.pc.localDescription?.sdp ?? "", mids);
  }

  async answered(sdp: string): Promise<void> {
    if (this.pc.signalingState !== "have-local-offer") return;
    const opus = "stereo=0;maxaveragebitrate=32000";
    const quiet = sdp.replace(/^(a=fmtp:\d+ (?=.*useinbandfec=1))(.*)$/gm, `$1$2;${opus}`);
    await this.pc.setRemoteDescription({ type: "answer", sdp: quiet });
  }

  /** Switches a source on or off, without renegotiation. */
  async set(source: SourceName, track: MediaStreamTrack | null): Promise<void> {
    const sender = this.transceivers.get(source)?.sender;
    if (sender && sender.track !== track) await sender.replaceTrack(track);
  }

  track(source: SourceName): MediaStreamTrack | null {
    return this.transceivers.get(source)?.sender.track ?? null;
  }

  /** Frames that left per source, as the browser counts them, and the codec of the camera. */
  async frames(): Promise<{ sent: Record<SourceName, number>; codec: string }> {
    const sent: Record<SourceName, number> = { mic: 0, camera: 0, screen: 0, "screen-audio": 0 };
    let codec = "";
    const byMid = new Map([...this.transceivers].map(([source, t]) => [t.mid, source]));
    const report = await this.pc.getStats();
    for (const s of report.values()) {
      if (s.type !== "outbound-rtp") continue;
      const source = byMid.get(s.mid);
      if (!source) continue;
      sent[source] += isVideo(source) ? (s.framesSent ?? 0) : (s.packetsSent ?? 0);
      if (source === "camera" && s.codecId) codec = report.get(s.codecId)?.mimeType ?? codec;
    }
    return { sent, codec };
  }

  close(): void {
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }
}
