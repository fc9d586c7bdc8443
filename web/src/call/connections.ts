/** The two media connections of a meeting, made anew when one is lost, and the check that nothing leaves unsealed. */
import type { CryptoClient } from "../e2ee/client";
import type { Counters, SourceName } from "../e2ee/protocol";
import { FAST } from "../media/encodings";
import { type Before, type Figures, read } from "../media/figures";
import { PublishConnection } from "../media/publish";
import { bypassed } from "../media/stats";
import { LARGE, SMALL, SubscribeConnection } from "../media/subscribe";
import type { ClientMessage, Relay, ServerMessage, VideoCodec } from "../wire/wire.gen";
import type { Env } from "./env";

const CHECK_EVERY = 2_000;
/** Ms until lost connections are made again: the pause doubles each time until both are up. */
const FIRST_PAUSE = 500;
const LAST_PAUSE = 8_000;
/** Layers of our camera that are sent where data is saved: all but the largest. */
const SAVING = 2;
/** After so many attempts in a row it is no hiccup, and people are told. */
const TOLD_AFTER = 3;

type Side = "publish" | "subscribe";

/** Whether the machine has processors to spare. ?processors=8 has it taken for one with as many: a means to find faults, not a setting. */
const isFast = (env: Env): boolean =>
  Number(new URLSearchParams(env.location().search).get("processors") ?? env.processors) >= FAST;

export interface ConnectionEvents {
  send(m: ClientMessage): void;
  /** More frames of a source left than the worker took: the source has been stopped. */
  unsealed(source: SourceName): void;
  /** New connections are about to be made: nobody is on any seat. */
  rebuilding(): void;
  /** Media does not get through, attempt after attempt. */
  blocked(): void;
  codec(mime: string): void;
}

export class Connections {
  subscribe: SubscribeConnection | null = null;
  private publish: PublishConnection | null = null;
  private number = 0; // counts pairs of connections
  private relay: Relay | null = null; // this session's
  private readonly tracks = new Map<SourceName, MediaStreamTrack>();
  /** Layers that are watched, as the server said last; it says so again for each new connection. */
  private readonly demand = new Map<SourceName, number>();
  private base: Counters | null = null; // the worker's counters when the connections were made
  private readonly unanswered = { publish: 0, subscribe: 0 };
  private readonly up = new Set<Side>();
  private attempts = 0;
  private large = false;
  private saving = false;
  private closed = false;
  private cancelRebuild: (() => void) | null = null;
  private cancelCheck: (() => void) | null = null;

  constructor(
    private readonly env: Env,
    private readonly client: CryptoClient,
    private readonly codec: VideoCodec,
    private readonly events: ConnectionEvents,
  ) {
    this.checkSoon();
  }

  /** Makes both connections for a fresh session: answers to earlier offers will not come. */
  begin(relay: Relay | null): void {
    this.relay = relay;
    this.unanswered.publish = 0;
    this.unanswered.subscribe = 0;
    this.attempts = 0;
    this.build();
  }

  private build(): void {
    this.cancelRebuild?.();
    this.cancelRebuild = null;
    this.publish?.close();
    this.subscribe?.close();
    this.up.clear();
    this.base = null;
    this.events.rebuilding();
    const number = ++this.number;
    const make = () => this.env.makePeerConnection(this.relay);
    const publish = new PublishConnection(make, this.client, number, this.codec, isFast(this.env), {
      ...this.watching("publish", number),
      offer: (sdp, mids) => this.offer({ type: "publish", sdp, mids }),
    });
    const subscribe = new SubscribeConnection(make, this.client, number, {
      ...this.watching("subscribe", number),
      offer: (sdp, seats) => this.offer({ type: "subscribe", sdp, seats }),
    });
    this.publish = publish;
    this.subscribe = subscribe;
    subscribe.grow(this.large ? LARGE : SMALL);
    const lost = (): void => this.lost(number);
    publish.negotiate().catch(lost);
    this.limitAll();
    for (const [source, t] of this.tracks) publish.set(source, t).catch(lost);
    this.client.count().then(
      (c) => {
        if (number === this.number) this.base = c;
      },
      () => {}, // a fault of the worker is told elsewhere
    );
  }

  private watching(side: Side, number: number) {
    return {
      after: this.env.after,
      lost: () => this.lost(number),
      connected: () => {
        if (number !== this.number) return;
        this.up.add(side);
        if (this.up.size === 2) this.attempts = 0;
      },
    };
  }

  private lost(number: number): void {
    if (number === this.number) this.rebuildSoon();
  }

  private offer(m: ClientMessage & { type: Side }): void {
    this.unanswered[m.type]++;
    this.events.send(m);
  }

  /** What the server says of the connections; whatever else it says is for others. */
  take(m: ServerMessage): void {
    if (m.type === "published") this.published(m.sdp);
    else if (m.type === "subscribed") this.subscribed(m.sdp);
    else if (m.type === "demand") {
      this.publish?.takes(m.codecs, m.described === true);
      this.limit("camera", m.camera);
      this.limit("screen", m.screen);
    } else if (m.type === "media_lost") this.rebuildSoon();
    else if (m.type === "failed") this.failed(m.about);
  }

  /** Makes both connections again after a pause. */
  private rebuildSoon(): void {
    if (this.closed || this.cancelRebuild) return;
    const pause = Math.min(FIRST_PAUSE * 2 ** this.attempts, LAST_PAUSE);
    if (++this.attempts === TOLD_AFTER) this.events.blocked();
    this.cancelRebuild = this.env.after(pause, () => {
      this.cancelRebuild = null;
      if (!this.closed) this.build();
    });
  }

  /** A meeting that outgrew its seats gets more, once. */
  growTo(cameras: number, mics: number): void {
    if (this.large || (cameras <= SMALL.camera && mics <= SMALL.mic)) return;
    this.large = true;
    this.subscribe?.grow(LARGE);
  }

  /** What a source sends from now on; null: nothing. */
  set(source: SourceName, track: MediaStreamTrack | null): void {
    if (track) this.tracks.set(source, track);
    else this.tracks.delete(source);
    const number = this.number;
    this.publish?.set(source, track).catch(() => this.lost(number));
  }

  /** How many layers of a source somebody watches. */
  private limit(source: SourceName, layers: number): void {
    this.demand.set(source, layers);
    this.limitAll();
  }

  /** Whether to send less than what is watched. */
  save(on: boolean): void {
    this.saving = on;
    this.limitAll();
  }

  private limitAll(): void {
    for (const [source, layers] of this.demand) {
      const most = this.saving && source === "camera" ? SAVING : layers;
      this.publish?.limit(source, Math.min(layers, most));
    }
  }

  private published(sdp: string): void {
    const number = this.number;
    if (this.isLatest("publish")) this.publish?.answered(sdp).catch(() => this.lost(number));
  }

  private subscribed(sdp: string): void {
    const number = this.number;
    if (this.isLatest("subscribe")) this.subscribe?.answered(sdp).catch(() => this.lost(number));
  }

  /** An offer was not answered. */
  private failed(about: string): void {
    if ((about === "publish" || about === "subscribe") && this.isLatest(about)) this.rebuildSoon();
  }

  /** Answers carry no name of their offer but come in order: that to an earlier connection is not for this one. */
  private isLatest(side: Side): boolean {
    this.unanswered[side] = Math.max(0, this.unanswered[side] - 1);
    return this.unanswered[side] === 0;
  }

  private checkSoon(): void {
    this.cancelCheck = this.env.after(CHECK_EVERY, () => {
      const next = (): void => {
        if (!this.closed) this.checkSoon();
      };
      this.selfTest().then(next, next);
    });
  }

  private async selfTest(): Promise<void> {
    const { publish, number, base } = this;
    if (!publish || !base) return;
    // Sent is read first: what the worker takes meanwhile only makes the comparison milder.
    const { sent, codec } = await publish.frames();
    const counted = await this.client.count();
    if (this.closed || number !== this.number) return;
    if (codec) this.events.codec(codec);
    for (const source of bypassed(sent, counted, base)) {
      this.set(source, null);
      this.events.unsealed(source);
    }
  }

  /** The figures of both connections since the reading before. */
  async figures(before: Before): Promise<{ figures: Figures[]; next: Before }> {
    const out: Figures[] = [];
    let next = before;
    for (const c of [this.publish, this.subscribe]) {
      if (!c) continue;
      const { report, lines } = await c.report();
      const one = read(report, lines, next);
      next = one.next;
      out.push(...one.figures);
    }
    return { figures: out, next };
  }

  close(): void {
    this.closed = true;
    this.cancelRebuild?.();
    this.cancelCheck?.();
    this.publish?.close();
    this.subscribe?.close();
  }
}
