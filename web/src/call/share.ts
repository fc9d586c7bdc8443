/** Our own screen, shared with or without its sound. */
import { type ReadonlySignal, signal } from "@preact/signals-core";

export interface ShareEvents {
  /** What is shown from now on; nulls: nothing. */
  changed(video: MediaStreamTrack | null, audio: MediaStreamTrack | null): void;
  failed(text: string): void;
}

export class ScreenShare {
  private readonly on = signal(false);
  readonly sharing: ReadonlySignal<boolean> = this.on;
  private tracks: MediaStreamTrack[] = [];
  private asking = false;
  private closed = false;
  private forbidden = false;

  constructor(
    private readonly devices: MediaDevices | undefined,
    private readonly events: ShareEvents,
  ) {}

  get possible(): boolean {
    return typeof this.devices?.getDisplayMedia === "function";
  }

  get withSound(): boolean {
    return this.tracks.length > 1;
  }

  /** The sound that is shared, if any. */
  get sound(): MediaStreamTrack | null {
    return this.on.value ? (this.tracks[1] ?? null) : null;
  }

  toggle(): void {
    if (this.on.value) this.stop();
    else void this.start();
  }

  private async start(): Promise<void> {
    if (this.asking || !this.devices || this.forbidden) return;
    this.asking = true;
    try {
      const stream = await this.devices.getDisplayMedia({
        video: { frameRate: { ideal: 15 } },
        audio: true,
      });
      this.take(stream);
    } catch (e) {
      // A refusal is people's own change of mind.
      if ((e as Error | null)?.name !== "NotAllowedError") {
        this.events.failed(
          "The screen could not be shared. Try another window, or restart the browser.",
        );
      }
    } finally {
      this.asking = false;
    }
  }

  private take(stream: MediaStream): void {
    const video = stream.getVideoTracks()[0];
    const audio = stream.getAudioTracks()[0];
    this.tracks = [video, audio].filter((t) => t !== undefined);
    if (!video || this.closed || this.forbidden) {
      this.drop();
      return;
    }
    video.contentHint = "detail";
    video.onended = () => this.stop();
    this.on.value = true;
    this.events.changed(video, audio ?? null);
  }

  /** It is stopped, and cannot be begun until that is taken back. */
  forbid(on: boolean): void {
    this.forbidden = on;
    if (on) this.stop();
  }

  stop(): void {
    if (!this.on.value) return;
    this.drop();
    this.on.value = false;
    this.events.changed(null, null);
  }

  private drop(): void {
    for (const t of this.tracks) {
      t.onended = null;
      t.stop();
    }
    this.tracks = [];
  }

  close(): void {
    this.closed = true;
    this.drop();
  }
}
