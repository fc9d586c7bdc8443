/** The subscribe connection: a fixed set of seats, negotiated once. Each opens frames from its first one on. */
import type { CryptoClient } from "../e2ee/client";
import type { SourceName } from "../e2ee/protocol";
import { canDescribe, describe } from "./described";
import type { Lines, Report } from "./figures";
import { isVideo } from "./publish";
import { withoutAudioLevel } from "./sdp";
import { decodedFrames } from "./stats";
import { watch } from "./watch";

export const SMALL = { camera: 9, mic: 9, screen: 2, "screen-audio": 2 } as const;
export const LARGE = { camera: 25, mic: 16, screen: 2, "screen-audio": 2 } as const;

/** The seats to add so that there are as many as wanted, in the order of the m-lines. */
export function seatsToAdd(
  have: readonly SourceName[],
  want: Record<SourceName, number>,
): SourceName[] {
  const out: SourceName[] = [];
  for (const kind of ["camera", "mic", "screen", "screen-audio"] as const) {
    const missing = want[kind] - have.filter((s) => s === kind).length;
    for (let i = 0; i < missing; i++) out.push(kind);
  }
  return out;
}

export interface SubscribeEvents {
  after(ms: number, f: () => void): () => void;
  offer(sdp: string, seats: SourceName[]): void;
  connected(): void;
  lost(): void;
}

export class SubscribeConnection {
  /** The kind of each seat, in m-line order. */
  readonly seats: SourceName[] = [];
  /** The stream of each seat: it stays the same whoever is on it. */
  readonly streams: MediaStream[] = [];
  private readonly pc: RTCPeerConnection;
  private readonly transceivers: RTCRtpTransceiver[] = [];
  private readonly unwatch: () => void;
  private queue: Promise<void> = Promise.resolve();
  private done: (() => void) | null = null;
  private closed = false;

  constructor(
    make: () => RTCPeerConnection,
    private readonly client: CryptoClient,
    private readonly connection: number,
    private readonly events: SubscribeEvents,
  ) {
    this.pc = make();
    this.unwatch = watch(this.pc, events.after, events.lost, events.connected);
  }

  /** Offers with at least that many seats; an offer waits for the answer to the one before. */
  grow(want: Record<SourceName, number>): void {
    this.queue = this.queue
      .then(() => this.offer(want))
      .catch(() => {
        if (!this.closed) this.events.lost();
      });
  }

  private async offer(want: Record<SourceName, number>): Promise<void> {
    const added = seatsToAdd(this.seats, want);
    if (added.length === 0 || this.closed) return;
    for (const source of added) this.addSeat(source);
    const answered = new Promise<void>((resolve) => {
      this.done = resolve;
    });
    const offer = await this.pc.createOffer();
    if (this.closed) return;
    await this.pc.setLocalDescription({ type: "offer", sdp: withoutAudioLevel(offer.sdp ?? "") });
    if (this.closed) return;
    this.events.offer(this.pc.localDescription?.sdp ?? "", [...this.seats]);
    await answered;
  }

  /** The transform is set in the task in which the transceiver is made: nothing is decoded that was not opened. */
  private addSeat(source: SourceName): void {
    const seat = this.seats.length;
    const t = this.pc.addTransceiver(isVideo(source) ? "video" : "audio", {
      direction: "recvonly",
    });
    if (isVideo(source) && canDescribe(t)) describe(t, true);
    this.client.attach(t.receiver, { op: "open", seat, source, connection: this.connection });
    this.seats.push(source);
    this.transceivers.push(t);
    this.streams.push(new MediaStream([t.receiver.track]));
  }

  async answered(sdp: string): Promise<void> {
    if (this.closed) return;
    if (this.pc.signalingState === "have-local-offer")
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    this.done?.();
    this.done = null;
  }

  async report(): Promise<{ report: Report; lines: Lines }> {
    const lines = this.transceivers.map(
      (t, seat) => [t.mid ?? "", { source: this.seats[seat] ?? "camera", seat }] as const,
    );
    return { report: (await this.pc.getStats()) as Report, lines: new Map(lines) };
  }

  /** Frames decoded so far, by seat. */
  async decoded(): Promise<number[]> {
    const byMid = decodedFrames((await this.pc.getStats()) as ReadonlyMap<string, unknown>);
    return this.transceivers.map((t) => byMid.get(t.mid ?? "") ?? 0);
  }

  close(): void {
    this.closed = true;
    this.unwatch();
    this.done?.();
    this.pc.close();
  }
}
