/** Records the stage and the sound of a meeting into a file of this browser. Nothing of it leaves the machine. */
import type { RecordedTile } from "../call/model";
import { Composer } from "./compose";
import { lockOf } from "./kept";
import type { FromRecordWorker, ToRecordWorker } from "./recordworker";

const RATE = 15; // pictures/s
const SLICE = 2_000; // ms: so much is lost when the page crashes
const BITS = 2_500_000; // bit/s of the picture

/** ms in which the browser has to end what it records; what it has not given by then is lost. */
const STOPS_WITHIN = 10_000;

/** What is recorded, best first. Firefox gives nothing at all, and never ends, when a codec is named for which there is no track. */
export const kindsOf = (sound: boolean): string[] => [
  sound ? "video/webm;codecs=vp8,opus" : "video/webm;codecs=vp8",
  "video/webm",
  "video/mp4",
];

export interface RecorderOptions {
  worker: Worker;
  context: AudioContext | null;
  at: Date;
  /** null: the file is kept as it is. */
  passphrase: string | null;
  /** Called at most once, when it cannot go on; what was written stays. */
  failed(): void;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Says when, and not what: the file system is told no names. */
export function nameOf(at: Date, kind: string, sealed: boolean): string {
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join("");
  const end = kind.includes("mp4") ? "mp4" : "webm";
  return `meeting-${day}-${time}.${end}${sealed ? ".sealed" : ""}`;
}

export class Recorder {
  readonly name: string;
  private readonly composer = new Composer();
  private readonly mix: MediaStreamAudioDestinationNode | null;
  private readonly heard = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();
  private recorder: MediaRecorder | null = null;
  private readonly kind: string;
  private writing: Promise<void> = Promise.resolve();
  private release: () => void = () => {};
  private ended: (() => void) | null = null;
  private over = false;
  private idleUntil = 0;

  constructor(private readonly o: RecorderOptions) {
    // A context that does not run would hold up the recorder: better no sound than no picture.
    this.mix = o.context?.state === "running" ? o.context.createMediaStreamDestination() : null;
    this.kind = kindsOf(this.withSound).find((k) => MediaRecorder.isTypeSupported(k)) ?? "";
    this.name = nameOf(o.at, this.kind, o.passphrase !== null);
  }

  get withSound(): boolean {
    return this.mix !== null;
  }

  /** Resolves when it records. */
  async begin(): Promise<void> {
    void navigator.locks.request(
      lockOf(this.name),
      () =>
        new Promise<void>((resolve) => {
          this.release = resolve;
        }),
    );
    await this.open();
    this.composer.draw(); // Firefox captures no canvas that nothing was drawn on
    const stream = this.composer.canvas.captureStream(RATE);
    for (const t of this.mix?.stream.getAudioTracks() ?? []) stream.addTrack(t);
    const options = { mimeType: this.kind, videoBitsPerSecond: BITS };
    this.recorder = new MediaRecorder(stream, options);
    this.recorder.ondataavailable = (e) => this.write(e.data);
    this.recorder.onerror = () => this.fail();
    this.recorder.start(SLICE);
  }

  private open(): Promise<void> {
    const { worker, passphrase } = this.o;
    return new Promise((resolve, reject) => {
      worker.onmessage = (e: MessageEvent<FromRecordWorker>) => {
        const { type } = e.data;
        if (type === "tick") this.tick();
        else if (type === "ready") resolve();
        else if (type === "ended") this.ended?.();
        else {
          reject(new Error("recording: nothing can be written here"));
          this.fail();
        }
      };
      worker.onerror = () => {
        reject(new Error("recording: its worker failed"));
        this.fail();
      };
      this.post({ type: "begin", name: this.name, passphrase, rate: RATE });
    });
  }

  /** Draws, for a third of the time at most: ticks that a slow machine is late for are left out, and the page stays usable. */
  private tick(): void {
    const began = performance.now();
    if (began < this.idleUntil) return;
    this.composer.draw();
    const ended = performance.now();
    this.idleUntil = ended + 2 * (ended - began);
  }

  private post(m: ToRecordWorker, transfer: Transferable[] = []): void {
    this.o.worker.postMessage(m, transfer);
  }

  private write(data: Blob): void {
    this.writing = this.writing.then(async () => {
      const bytes = await data.arrayBuffer();
      if (bytes.byteLength > 0) this.post({ type: "data", bytes }, [bytes]);
    });
  }

  show(tiles: readonly RecordedTile[]): void {
    this.composer.show(tiles);
  }

  /** Everything that is to be heard in it, our own voice included. */
  hear(tracks: readonly MediaStreamTrack[]): void {
    const { mix } = this;
    const { context } = this.o;
    if (!mix || !context) return;
    for (const [track, node] of this.heard) {
      if (tracks.includes(track)) continue;
      node.disconnect();
      this.heard.delete(track);
    }
    for (const track of tracks) {
      if (this.heard.has(track)) continue;
      const node = context.createMediaStreamSource(new MediaStream([track]));
      node.connect(mix);
      this.heard.set(track, node);
    }
  }

  private fail(): void {
    if (this.over) return;
    this.close();
    this.o.failed();
  }

  /** Resolves when the file is whole. */
  async end(): Promise<void> {
    const { recorder } = this;
    if (this.over) return;
    this.over = true;
    if (recorder && recorder.state !== "inactive") {
      const stopped = new Promise<void>((resolve) => {
        recorder.onstop = () => resolve();
        setTimeout(resolve, STOPS_WITHIN);
      });
      recorder.stop();
      await stopped;
    }
    await this.writing.catch(() => {}); // what could not be read is not in it
    await new Promise<void>((resolve) => {
      this.ended = resolve;
      this.post({ type: "end" });
    });
    this.close();
  }

  private close(): void {
    this.over = true;
    if (this.recorder && this.recorder.state !== "inactive") this.recorder.stop();
    this.hear([]);
    this.composer.close();
    this.o.worker.terminate();
    this.release();
    this.ended?.();
  }
}
