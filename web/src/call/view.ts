/** Which pictures we want, and how large: pure. */
import type { Tile } from "../wire/wire.gen";
import type { TileModel } from "./model";

export type Sizes = ReadonlyMap<string, { width: number; height: number }>;

// What the server takes (package signaling/wire).
const MAX_TILES = 64;
const MAX_PIXELS = 16_384;
/** px of a camera where data is saved: what the lowest layer has. */
const SAVING = { width: 320, height: 180 };

/** NaN stays NaN, which is no size. */
const pixels = (n = 0): number => Math.min(MAX_PIXELS, Math.round(n));

function less(t: Tile): Tile {
  if (t.source !== "camera") return t; // a screen has to be read
  const scale = Math.min(1, SAVING.width / t.width, SAVING.height / t.height);
  return { ...t, width: Math.ceil(t.width * scale), height: Math.ceil(t.height * scale) };
}

/**
 * The tiles of others that are on the screen, the largest first, with their size in device pixels; to save data, no camera is
 * larger than the lowest layer.
 */
export function wanted(tiles: readonly TileModel[], sizes: Sizes, saving = false): Tile[] {
  const out: Tile[] = [];
  for (const { key, self, session, source } of tiles) {
    const size = sizes.get(key);
    const [width, height] = [pixels(size?.width), pixels(size?.height)];
    if (!self && width > 0 && height > 0) out.push({ session, source, width, height });
  }
  out.sort((a, b) => b.width * b.height - a.width * a.height);
  const most = out.slice(0, MAX_TILES);
  return saving ? most.map(less) : most;
}
