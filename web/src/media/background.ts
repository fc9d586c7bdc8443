/**
 * Hides what is behind a person: blurred, or behind a picture. Loaded when it is first chosen. What comes out is drawn from a
 * picture and the mask that was found in that very picture; without a mask nothing is drawn.
 */
import model from "@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite?url";
import type { FromBlurWorker, ToBlurWorker } from "../blur/worker";
import type { Treated } from "../call/treatment";
import { place } from "./compose";

const RATE = 20; // pictures/s at most
/** ms that a mask may take in the mean of so many: slower is a slide show. */
const SLOWEST = 600;
const JUDGED = 20;
/** ms until the first picture. */
const STARTS_WITHIN = 30_000;
/** px of the width to which the background is shrunk and enlarged again: no face and no letter survives that. */
const BLURRED = 32;
const BLURRED_HEIGHT = 18;

/** Shrinks a picture to the mean of each part. A browser that shrinks takes a few pixels of each instead, and letters flicker through. */
export function means(rgba: Uint8ClampedArray, width: number): ImageData {
  const height = rgba.length / 4 / width;
  const out = new ImageData(BLURRED, BLURRED_HEIGHT);
  const sums = new Float64Array(4 * BLURRED * BLURRED_HEIGHT);
  for (let i = 0, n = 0; i < rgba.length; i += 4, n++) {
    const left = Math.floor(((n % width) * BLURRED) / width);
    const at = 4 * (Math.floor((Math.floor(n / width) * BLURRED_HEIGHT) / height) * BLURRED + left);
    for (let c = 0; c < 3; c++) sums[at + c]! += rgba[i + c]!;
    sums[at + 3]!++;
  }
  for (let at = 0; at < sums.length; at += 4) {
    for (let c = 0; c < 3; c++) out.data[at + c] = sums[at + c]! / sums[at + 3]!;
    out.data[at + 3] = 255;
  }
  return out;
}

/** null: blurred. */
export type Behind = HTMLImageElement | null;

const canvas = (width = 1, height = 1): HTMLCanvasElement =>
  Object.assign(document.createElement("canvas"), { width, height });
const pen = (c: HTMLCanvasElement, often = false): CanvasRenderingContext2D => {
  const g = c.getContext("2d", { willReadFrequently: often });
  if (!g) throw new Error("background: the browser draws nothing");
  return g;
};

class Hiding {
  private readonly video = document.createElement("video");
  private readonly frame = pen(canvas());
  private readonly out = pen(canvas());
  private readonly tiny = pen(canvas(BLURRED, BLURRED_HEIGHT));
  private net: CanvasRenderingContext2D | null = null; // of the net's size
  private sentAt = 0;
  private waiting = false;
  private took: number[] = [];
  private started: (t: Treated) => void = () => {};
  private stopped: (e: Error) => void = () => {};
  private closed = false;

  constructor(
    private readonly track: MediaStreamTrack,
    private readonly behind: Behind,
    private readonly worker: Worker,
    private readonly failed: () => void,
  ) {}

  begin(): Promise<Treated> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.fail(), STARTS_WITHIN);
      this.started = (t) => {
        clearTimeout(late);
        resolve(t);
      };
      this.stopped = (e) => {
        clearTimeout(late);
        reject(e);
      };
      this.worker.onerror = () => this.fail();
      this.worker.onmessage = (e: MessageEvent<FromBlurWorker>) => {
        try {
          this.take(e.data);
        } catch {
          this.fail();
        }
      };
      this.video.muted = true;
      this.video.playsInline = true;
      this.video.srcObject = new MediaStream([this.track]);
      this.video.play().catch(() => this.fail());
      this.post({ type: "begin", model, rate: RATE });
    });
  }

  private post(m: ToBlurWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(m, transfer);
  }

  private take(m: FromBlurWorker): void {
    if (this.closed) return;
    if (m.type === "failed") this.fail();
    else if (m.type === "ready") this.net = pen(canvas(m.width, m.height), true);
    else if (m.type === "tick") this.ask();
    else this.draw(new Uint8ClampedArray(m.rgba));
  }

  /** Sends a picture, unless one is on its way. */
  private ask(): void {
    const { video, net, frame, out } = this;
    if (this.waiting || !net || video.videoWidth === 0) return;
    for (const c of [frame.canvas, out.canvas]) {
      if (c.width === video.videoWidth && c.height === video.videoHeight) continue;
      c.width = video.videoWidth;
      c.height = video.videoHeight;
    }
    frame.drawImage(video, 0, 0);
    net.drawImage(frame.canvas, 0, 0, net.canvas.width, net.canvas.height);
    const { data } = net.getImageData(0, 0, net.canvas.width, net.canvas.height);
    if (!this.behind) this.tiny.putImageData(means(data, net.canvas.width), 0, 0);
    this.waiting = true;
    this.sentAt = performance.now();
    this.post({ type: "picture", rgba: data.buffer }, [data.buffer]);
  }

  private draw(mask: Uint8ClampedArray<ArrayBuffer>): void {
    const { net, out, frame, tiny } = this;
    if (!net) return;
    this.waiting = false;
    const { width, height } = out.canvas;
    net.putImageData(new ImageData(mask, net.canvas.width, net.canvas.height), 0, 0);
    out.globalCompositeOperation = "copy";
    out.imageSmoothingQuality = "high";
    out.drawImage(net.canvas, 0, 0, width, height);
    out.globalCompositeOperation = "source-in";
    out.drawImage(frame.canvas, 0, 0);
    out.globalCompositeOperation = "destination-over";
    if (this.behind) {
      const size = { width: this.behind.naturalWidth, height: this.behind.naturalHeight };
      out.drawImage(this.behind, ...place(size, { left: 0, top: 0, width, height }, false));
    } else {
      out.drawImage(tiny.canvas, 0, 0, width, height);
    }
    this.judge();
  }

  private judge(): void {
    this.took = [...this.took, performance.now() - this.sentAt].slice(-JUDGED);
    const mean = this.took.reduce((a, b) => a + b, 0) / this.took.length;
    if (this.took.length === JUDGED && mean > SLOWEST) {
      this.fail();
      return;
    }
    const begun = this.treated;
    if (begun) return;
    const [track] = this.out.canvas.captureStream(RATE).getVideoTracks();
    if (!track) throw new Error("background: the browser gave no track");
    track.contentHint = "motion";
    this.treated = { track, close: () => this.close() };
    this.started(this.treated);
  }
  private treated: Treated | null = null;

  private fail(): void {
    if (this.closed) return;
    const running = this.treated !== null;
    this.close();
    if (running) this.failed();
    else this.stopped(new Error("background: it can't be hidden here"));
  }

  private close(): void {
    this.closed = true;
    this.worker.terminate();
    this.video.srcObject = null;
    this.treated?.track.stop();
  }
}

async function loaded(address: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** picture: "" for a blurred background, or the address of what is put behind. */
export async function hideBackground(
  track: MediaStreamTrack,
  failed: () => void,
  picture: string,
  makeWorker: () => Worker,
): Promise<Treated> {
  const behind = picture ? await loaded(picture) : null;
  return new Hiding(track, behind, makeWorker(), failed).begin();
}

/** px and quality of a picture that is kept: it has to fit into the browser's small store. */
const KEPT_WIDTH = 1280;
const KEPT_HEIGHT = 720;

/** A picture of the person's, cut and shrunk to what is put behind, as the address of a JPEG. */
export async function shrink(file: Blob): Promise<string> {
  const from = await createImageBitmap(file);
  const g = pen(canvas(KEPT_WIDTH, KEPT_HEIGHT));
  g.drawImage(
    from,
    ...place(from, { left: 0, top: 0, width: KEPT_WIDTH, height: KEPT_HEIGHT }, false),
  );
  from.close();
  return g.canvas.toDataURL("image/jpeg", 0.8);
}
