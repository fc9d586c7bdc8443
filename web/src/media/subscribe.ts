/** The subscribe connection: a fixed set of seats, negotiated once. Each opens frames from its first one on. */
import type { CryptoClient } from "../e2ee/client";
import type { SourceName } from "../e2ee/protocol";

export const SMALL = { camera: 9, mic: 9, screen: 2, "screen-audio": 2 } as const;
export const LARGE = { camera: 25, mic: 16, screen: 2, "screen-audio": 2 } as const;

/** The seats to add so that there are as many as wanted, in the order of the m-lines. */
export function seatsToAdd(have: readonly SourceName[], want: Record<SourceName, number>): SourceName[] {
  const out: SourceName[] = [];
  for (const kind of ["mic", "camera", "screen-audio", "screen"] as const) {
    const missing = want[kind] - have.filter((s) => s === kind).length;
    for (let i = 0; i < missing; i++) out.push(kind);
  }
  return out;
}

export interface SubscribeEvents {
  offer(sdp: string, seats: SourceName[]): void;
  lost(): void;
}

export class SubscribeConnection {
  /** The kind of each seat, in m-line order. */
  readonly seats: SourceName[] = [];
  /** The stream of each seat: it stays the same whoever is on it. */
  readonly streams: MediaStream[] = [];
  private readonly pc: RTCPeerConnection;
  private readonly transceivers: RTCRtpTransceiver[] = [];
  private queue: Promise<void> = Promise.resolve();
  private done: (() => void) | null = null;

  constructor(
    make: () => RTCPeerConnection,
    private readonly client: CryptoClient,
    private readonly connection: number,
    private readonly events: SubscribeEvents,
  ) {
    this.pc = make();
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === "failed") events.lost();
    };
  }

  /** Offers with at least that many seats; offers follow one another. */
  grow(want: Record<SourceName, number>): void {
    this.queue = this.queue.then(async () => {
      const added = seatsToAdd(this.seats, want);
      if (added.length === 0 || this.pc.signalingState === "closed") return;
      for (const source of added) this.addSeat(source);
      const answered = new Promise<void>((resolve) => {
        this.done = resolve;
      });
      const offer = await this.pc.createOffer();
      const sdp = (offer.sdp ?? "").replace(/^a=extmap:\d+(\/\w+)? urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n/gm, "");
      await this.pc.setLocalDescription({ type: "offer", sdp });
      this.events.offer(this.pc.localDescription?.sdp ?? "", [...this.seats]);
      await answered;
    });
  }

  private addSeat(source: SourceName): void {
    const video = source === "camera" || source === "screen";
    const seat = this.seats.length;
    const t = this.pc.addTransceiver(video ? "video" : "audio", { direction: "recvonly" });
    this.client.attach(t.receiver, { op: "open", seat, source, connection: this.connection });
    this.seats.push(source);
    this.transceivers.push(t);
    this.streams.push(new MediaStream([t.receiver.track]));
  }

  async answered(sdp: string): Promise<void> {
    if (this.pc.signalingState === "have-local-offer") await this.pc.setRemoteDescription({ type: "answer", sdp });
    this.done?.();
    this.done = null;
  }

  /** Frames decoded per seat so far. */
  async decoded(): Promise<Map<number, number>> {
    const byMid = new Map(this.transceivers.map((t, i) => [t.mid, i]));
    const out = new Map<number, number>();
    for (const s of (await this.pc.getStats()).values()) {
      const seat = s.type === "inbound-rtp" ? byMid.get(s.mid) : undefined;
      if (seat !== undefined) out.set(seat, s.framesDecoded ?? 0);
    }
    return out;
  }

  close(): void {
    this.pc.onconnectionstatechange = null;
    this.done?.();
    this.pc.close();
  }
}
