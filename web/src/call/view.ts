/** Which pictures we want, and how large: pure. */
import type { Tile } from "../wire/wire.gen";
import type { TileModel } from "./model";

export type Sizes = ReadonlyMap<string, { width: number; height: number }>;

// What the server takes (package signaling/wire).
const MAX_TILES = 64;
const MAX_PIXELS = 16_384;

/** NaN stays NaN, which is no size. */
const pixels = (n = 0): number => Math.min(MAX_PIXELS, Math.round(n));

/** The tiles of others that are on the screen, the largest first, with their size in device pixels. */
export function wanted(tiles: readonly TileModel[], sizes: Sizes): Tile[] {
  const out: Tile[] = [];
  for (const { key, self, session, source } of tiles) {
    const size = sizes.get(key);
    const [width, height] = [pixels(size?.width), pixels(size?.height)];
    if (!self && width > 0 && height > 0) out.push({ session, source, width, height });
  }
  out.sort((a, b) => b.width * b.height - a.width * a.height);
  return out.slice(0, MAX_TILES);
}
