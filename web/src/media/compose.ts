/** Draws the stage for a recording: pictures in their boxes, with names. */
import type { RecordedTile } from "../call/model";

export const WIDTH = 1280; // px
export const HEIGHT = 720;

const BACK = "#12161a";
const EMPTY = "#242a31";
const INK = "#f7f5ef";

/** Where a picture of that size goes in the box: whole (screens), or filling it (faces). Source and target as drawImage takes them. */
export function place(
  picture: { width: number; height: number },
  box: { left: number; top: number; width: number; height: number },
  whole: boolean,
): [number, number, number, number, number, number, number, number] {
  const across = box.width / picture.width;
  const down = box.height / picture.height;
  const scale = whole ? Math.min(across, down) : Math.max(across, down);
  const [width, height] = [picture.width * scale, picture.height * scale];
  if (whole) {
    const left = box.left + (box.width - width) / 2;
    const top = box.top + (box.height - height) / 2;
    return [0, 0, picture.width, picture.height, left, top, width, height];
  }
  const [cut, off] = [box.width / scale, box.height / scale];
  const [x, y] = [(picture.width - cut) / 2, (picture.height - off) / 2];
  return [x, y, cut, off, box.left, box.top, box.width, box.height];
}

export class Composer {
  readonly canvas = document.createElement("canvas");
  private readonly videos = new Map<string, HTMLVideoElement>();
  private tiles: readonly RecordedTile[] = [];

  constructor() {
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
  }

  show(tiles: readonly RecordedTile[]): void {
    this.tiles = tiles;
    const here = new Set(tiles.map((t) => t.key));
    for (const [key, v] of this.videos) {
      if (here.has(key)) continue;
      v.srcObject = null;
      this.videos.delete(key);
    }
    for (const { key, stream } of tiles) {
      const v = this.videos.get(key) ?? document.createElement("video");
      this.videos.set(key, v);
      if (v.srcObject === stream) continue;
      v.muted = true;
      v.playsInline = true;
      v.srcObject = stream;
      if (stream) v.play().catch(() => {}); // another took its place meanwhile
    }
  }

  draw(): void {
    const g = this.canvas.getContext("2d");
    if (!g) return;
    g.fillStyle = BACK;
    g.fillRect(0, 0, WIDTH, HEIGHT);
    for (const t of this.tiles) this.tile(g, t);
  }

  private tile(g: CanvasRenderingContext2D, t: RecordedTile): void {
    const { left, top, width, height } = t.box;
    const v = this.videos.get(t.key);
    g.fillStyle = EMPTY;
    g.fillRect(left, top, width, height);
    if (v && t.stream && v.videoWidth > 0) {
      const size = { width: v.videoWidth, height: v.videoHeight };
      g.drawImage(v, ...place(size, t.box, t.source === "screen"));
    }
    g.font = "600 18px system-ui, sans-serif";
    g.textBaseline = "bottom";
    g.fillStyle = "rgb(0 0 0 / 60%)";
    const text = t.name;
    const long = Math.min(width, g.measureText(text).width + 16);
    g.fillRect(left, top + height - 28, long, 28);
    g.fillStyle = INK;
    g.fillText(text, left + 8, top + height - 4, width - 16);
  }

  close(): void {
    this.show([]);
  }
}
