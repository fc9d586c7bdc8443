/** The two media connections of a meeting, made anew when one is lost, and the check that nothing leaves unsealed. */
import type { CryptoClient } from "../e2ee/client";
import type { SourceName } from "../e2ee/protocol";
import { PublishConnection, type VideoCodec } from "../media/publish";
import { LARGE, SMALL, SubscribeConnection } from "../media/subscribe";
import type { ClientMessage } from "../wire/wire.gen";
import type { Env } from "./env";

/** Frames that may be counted as sent before the worker's count of them arrives, without anything being wrong. */
const SLACK = 30;
const CHECK_EVERY = 2_000;
const REBUILD_AFTER = 500;

const none = (): Record<SourceName, number> => ({ mic: 0, camera: 0, screen: 0, "screen-audio": 0 });

export interface ConnectionEvents {
  send(m: ClientMessage): void;
  /** More frames of a source left than the worker sealed: the source must stop. */
  unsealed(source: SourceName): void;
  /** Seats have changed their streams. */
  rebuilt(): void;
  codec(mime: string): void;
}

export class Connections {
  subscribe: SubscribeConnection | null = null;
  private publish: PublishConnection | null = null;
  private number = 0;
  private tracks = new Map<SourceName, MediaStreamTrack>();
  private base = none();
  private large = false;
  private closed = false;
  private cancelRebuild: (() => void) | null = null;

  constructor(
    private readonly env: Env,
    private readonly client: CryptoClient,
    private readonly codec: VideoCodec,
    private readonly events: ConnectionEvents,
  ) {
    const check = (): void => {
      if (this.closed) return;
      void this.selfTest().finally(() => env.after(CHECK_EVERY, check));
    };
    env.after(CHECK_EVERY, check);
  }

  /** Makes both connections, in place of those that were. */
  async build(): Promise<void> {
    this.cancelRebuild?.();
    this.cancelRebuild = null;
    this.publish?.close();
    this.subscribe?.close();
    const make = () => this.env.makePeerConnection();
    const lost = () => this.rebuildSoon();
    const number = ++this.number;
    const publish = new PublishConnection(make, this.client, number, this.codec, {
      offer: (sdp, mids) => this.events.send({ type: "publish", sdp, mids }),
      lost,
    });
    const subscribe = new SubscribeConnection(make, this.client, number, {
      offer: (sdp, seats) => this.events.send({ type: "subscribe", sdp, seats }),
      lost,
    });
    this.publish = publish;
    this.subscribe = subscribe;
    subscribe.grow(this.large ? LARGE : SMALL);
    const counted = this.client.count().then((c) => {
      if (number === this.number) this.base = c.sealed;
    });
    await Promise.all([publish.negotiate(), counted, ...[...this.tracks].map(([source, t]) => publish.set(source, t))]);
    this.events.rebuilt();
  }

  rebuildSoon(): void {
    if (this.closed || this.cancelRebuild) return;
    this.cancelRebuild = this.env.after(REBUILD_AFTER, () => {
      this.cancelRebuild = null;
      if (!this.closed) void this.build();
    });
  }

  /** A meeting that outgrew its seats gets more, once. */
  growTo(cameras: number, mics: number): void {
    if (this.large || (cameras <= SMALL.camera && mics <= SMALL.mic)) return;
    this.large = true;
    this.subscribe?.grow(LARGE);
  }

  get cameraSeats(): number {
    return this.large ? LARGE.camera : SMALL.camera;
  }

  async set(source: SourceName, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.tracks.set(source, track);
    else this.tracks.delete(source);
    await this.publish?.set(source, track);
  }

  published(sdp: string): void {
    this.publish?.answered(sdp).catch(() => this.rebuildSoon());
  }

  subscribed(sdp: string): void {
    this.subscribe?.answered(sdp).catch(() => this.rebuildSoon());
  }

  private async selfTest(): Promise<void> {
    const publish = this.publish;
    const number = this.number;
    if (!publish) return;
    // Sent is read first: what is sealed meanwhile only makes the comparison milder.
    const { sent, codec } = await publish.frames();
    const { sealed } = await this.client.count();
    if (this.closed || number !== this.number) return;
    if (codec) this.events.codec(codec);
    for (const source of ["mic", "camera", "screen", "screen-audio"] as const) {
      if (sent[source] > sealed[source] - this.base[source] + SLACK) {
        await this.set(source, null);
        this.events.unsealed(source);
      }
    }
  }

  close(): void {
    this.closed = true;
    this.cancelRebuild?.();
    this.publish?.close();
    this.subscribe?.close();
  }
}
