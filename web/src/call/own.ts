/** What we have switched on: published, told to the server, and told to the others inside the encryption. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { AppPayload, SourceName } from "../e2ee/protocol";
import type { ClientMessage } from "../wire/wire.gen";
import type { LocalDevice, LocalMedia } from "./local";
import { outOfKeys } from "./problems";
import type { ScreenShare } from "./share";
import type { Timers } from "./timers";

const STATE_DELAY = 200; // ms in which several who join are told at once

export interface OwnEvents {
  /** Publishes a track; null: nothing any more. */
  set(source: SourceName, track: MediaStreamTrack | null): void;
  send(m: ClientMessage): void;
  say(payload: AppPayload): void;
  /** Comes before our state is told: who has heard that has heard all. */
  before(): void;
}

export class Own {
  private readonly sends = signal(false);
  /** The server knows that we send our microphone. */
  readonly mic: ReadonlySignal<boolean> = this.sends;

  constructor(
    private readonly timers: Timers,
    private readonly local: LocalMedia,
    private readonly share: ScreenShare,
    private readonly events: OwnEvents,
  ) {}

  get on(): { mic: boolean; camera: boolean; screen: boolean } {
    const { mic, camera } = this.local;
    return {
      mic: mic.track.value !== null,
      camera: camera.track.value !== null,
      screen: this.share.sharing.value,
    };
  }

  /** Follows the devices; returns what ends that. */
  listen(): (() => void)[] {
    return [
      this.local.camera.track.subscribe((t) => this.publish({ camera: t })),
      this.local.mic.track.subscribe((t) => this.publish({ mic: t })),
    ];
  }

  publish(tracks: Partial<Record<SourceName, MediaStreamTrack | null>>): void {
    for (const [source, track] of Object.entries(tracks))
      this.events.set(source as SourceName, track);
    this.tellServer();
    this.tellSoon();
  }

  tellServer(): void {
    const is = this.on;
    const on: SourceName[] = [];
    if (is.mic) on.push("mic");
    if (is.camera) on.push("camera");
    if (is.screen) on.push("screen");
    if (is.screen && this.share.withSound) on.push("screen-audio");
    this.events.send({ type: "sources", on });
    this.sends.value = is.mic;
  }

  /** Tells the others, inside the encryption. */
  tellSoon(): void {
    this.timers.once("state", STATE_DELAY, () => {
      this.events.before();
      this.events.say({ kind: "state", ...this.on });
    });
  }

  /** Something of this source would have left unsealed: it is switched off. */
  cut(source: SourceName): void {
    const device: LocalDevice | null =
      source === "camera" ? this.local.camera : source === "mic" ? this.local.mic : null;
    if (device) device.switchOff(outOfKeys);
    else this.share.stop();
  }
}
