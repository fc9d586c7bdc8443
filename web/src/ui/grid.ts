/** Where tiles are put on the stage: pure, in CSS pixels. */
import type { Corner } from "../call/model";

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  left: number;
  top: number;
}

export interface Layout extends Size {
  columns: number;
  rows: number;
}

/** What the stage needs to know of a tile. */
export interface Placed {
  key: string;
  source: "camera" | "screen";
}

/** What cameras send, and what a tile is when nothing speaks against it. */
export const RATIO = 16 / 9;
const GAP = 10;
/** On a wide stage a tile may lose a quarter of the picture's width, which is wall; on a tall one a little more. */
const NARROWEST_WIDE = 4 / 3;
const NARROWEST_TALL = 1;
/** Beside a shared screen: narrower and faces are stamps, wider and the screen is one. */
const STRIP = { share: 0.22, least: 128, most: 320, tile: 104 };

/**
 * The columns and rows in which n tiles become largest on a stage of that size. A tile is 16:9, or narrower, down to narrowest,
 * where that makes it larger.
 */
export function layoutGrid(n: number, stage: Size, gap: number, narrowest = RATIO): Layout {
  const count = Math.max(1, n);
  let best: Layout = { columns: 1, rows: count, width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: Math.max(0, (stage.width - gap * (columns - 1)) / columns),
      height: Math.max(0, (stage.height - gap * (rows - 1)) / rows),
    };
    const ratio = Math.min(RATIO, Math.max(narrowest, cell.width / cell.height || 0));
    const width = Math.floor(Math.min(cell.width, cell.height * ratio));
    const height = Math.floor(width / ratio);
    if (width * height > best.width * best.height) best = { columns, rows, width, height };
  }
  return best;
}

/** n boxes in reading order, in the middle of the area; so is a last row that is not full. */
export function placeGrid(n: number, area: Box, gap: number, narrowest = RATIO): Box[] {
  const { columns, width, height } = layoutGrid(n, area, gap, narrowest);
  const rows = Math.ceil(n / columns);
  const top = area.top + (area.height - rows * height - (rows - 1) * gap) / 2;
  return Array.from({ length: n }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = Math.min(columns, n - row * columns);
    const left = area.left + (area.width - inRow * width - (inRow - 1) * gap) / 2;
    return {
      left: Math.round(left + (i - row * columns) * (width + gap)),
      top: Math.round(top + row * (height + gap)),
      width,
      height,
    };
  });
}

/** Boxes from the top of a narrow area, as many as are not too small; the order of people stays, the last ones fall off. */
function placeStrip(n: number, area: Box, gap: number): Box[] {
  let best: Box[] = [];
  for (let columns = 1; ; columns++) {
    const width = Math.floor((area.width - gap * (columns - 1)) / columns);
    if (columns > 1 && width < STRIP.tile) return best;
    const height = Math.floor(width / RATIO);
    const rows = Math.max(1, Math.floor((area.height + gap) / (height + gap)));
    best = Array.from({ length: Math.min(n, rows * columns) }, (_, i) => ({
      left: area.left + (i % columns) * (width + gap),
      top: area.top + Math.floor(i / columns) * (height + gap),
      width,
      height,
    }));
    if (best.length === n) return best;
  }
}

/** Screens get nearly all of their area: what is on them may have any shape. */
function placeScreens(n: number, area: Box, gap: number): Box[] {
  // Side by side, or one below the other: whichever shows a picture of 16:9 larger.
  const each = (length: number): number => (length - gap * (n - 1)) / n;
  const seen = (width: number, height: number): number => Math.min(width, height * RATIO);
  const beside = seen(each(area.width), area.height) >= seen(area.width, each(area.height));
  const width = beside ? Math.floor((area.width - gap * (n - 1)) / n) : area.width;
  const height = beside ? area.height : Math.floor((area.height - gap * (n - 1)) / n);
  return Array.from({ length: n }, (_, i) => ({
    left: area.left + (beside ? i * (width + gap) : 0),
    top: area.top + (beside ? 0 : i * (height + gap)),
    width,
    height,
  }));
}

/** The least that shows a face: below it a tile has no room for a name. */
const LEAST: Size = { width: 112, height: 63 };

/** How many tiles a stage holds in a grid before they become too small; at least one, at most most. */
export function fits(stage: Size, most: number, gap = GAP): number {
  const narrowest = stage.width > stage.height ? NARROWEST_WIDE : NARROWEST_TALL;
  for (let n = most; n > 1; n--) {
    const { width, height } = layoutGrid(n, stage, gap, narrowest);
    if (width >= LEAST.width && height >= LEAST.height) return n;
  }
  return 1;
}

/** Large tiles get nearly all of the area: screens may have any shape, cameras keep theirs. */
function placeLarge(tiles: readonly Placed[], area: Box, gap: number, narrowest: number): Box[] {
  return tiles.every((t) => t.source === "camera")
    ? placeGrid(tiles.length, area, gap, narrowest)
    : placeScreens(tiles.length, area, gap);
}

/** Of what lies over the others in a corner: so much of the stage's width, but no stamp, and no second stage. */
const CORNER = { share: 0.2, least: 120, most: 240 };

/** The box in a corner of the stage. */
export function placeCorner(corner: Corner, stage: Size, gap = GAP): Box {
  const wished = Math.min(CORNER.most, Math.max(CORNER.least, stage.width * CORNER.share));
  const ratio = stage.width > stage.height ? RATIO : NARROWEST_WIDE;
  const width = Math.round(Math.min(wished, stage.width - 2 * gap));
  const height = Math.round(width / ratio);
  return {
    left: corner.startsWith("end") ? stage.width - width - gap : gap,
    top: corner.endsWith("bottom") ? stage.height - height - gap : gap,
    width,
    height,
  };
}

/** The corner of the stage to which a point is nearest. left is from where the text begins. */
export function cornerAt({ left, top }: Pick<Box, "left" | "top">, stage: Size): Corner {
  const side = left * 2 < stage.width ? "start" : "end";
  return `${side}-${top * 2 < stage.height ? "top" : "bottom"}`;
}

const screensOf = (tiles: readonly Placed[]): Set<string> =>
  new Set(tiles.filter((t) => t.source === "screen").map((t) => t.key));

/** The boxes of the tiles that are shown, by key; large names those that are not beside. Tiles without a box have no room. */
export function layoutStage(
  tiles: readonly Placed[],
  stage: Size,
  large: ReadonlySet<string> = screensOf(tiles),
  gap = GAP,
): Map<string, Box> {
  const main = tiles.filter((t) => large.has(t.key));
  const rest = tiles.filter((t) => !large.has(t.key));
  const all: Box = { left: 0, top: 0, width: stage.width, height: stage.height };
  if (stage.width <= 0 || stage.height <= 0) return new Map();
  const wide = stage.width > stage.height;
  const narrowest = wide ? NARROWEST_WIDE : NARROWEST_TALL;
  if (main.length === 0) return named(rest, placeGrid(rest.length, all, gap, narrowest));
  if (rest.length === 0) return named(main, placeLarge(main, all, gap, narrowest));
  if (wide) {
    const strip = Math.round(
      Math.min(STRIP.most, Math.max(STRIP.least, stage.width * STRIP.share)),
    );
    const area = { ...all, width: stage.width - strip - gap };
    const side = { ...all, left: stage.width - strip, width: strip };
    return new Map([
      ...named(main, placeLarge(main, area, gap, narrowest)),
      ...named(rest, placeStrip(rest.length, side, gap)),
    ]);
  }
  // On a tall stage a large tile is as wide as the stage; what it leaves is for the others.
  const height = Math.round(Math.min(stage.height * 0.6, main.length * stage.width * 0.75));
  const below = { ...all, top: height + gap, height: Math.max(0, stage.height - height - gap) };
  const n = Math.min(rest.length, fits(below, rest.length, gap));
  return new Map([
    ...named(main, placeLarge(main, { ...all, height }, gap, narrowest)),
    ...named(rest, placeGrid(n, below, gap, narrowest)),
  ]);
}

function named(tiles: readonly Placed[], boxes: readonly Box[]): Map<string, Box> {
  return new Map(boxes.map((box, i) => [tiles[i]?.key ?? "", box]));
}
