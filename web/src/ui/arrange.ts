/** Which tiles are on the stage and where: pure. */
import type { Corner } from "../call/model";
import { type Box, fits, layoutStage, type Placed, placeCorner, type Size } from "./grid";

/** On one page: more are stamps on any screen. */
const MOST = 49;
/** Pictures of others on one page: there are so many seats (PROTOCOL.md 1.4), and who has none would wait for ever. */
const PICTURES = 25;

export interface Shown extends Placed {
  session: string;
  self: boolean;
  video: "on" | "off" | "waiting";
}

export interface Look {
  mode: "grid" | "speaker";
  /** The key of the tile that is pinned; "" or one that is gone: none. */
  pinned: string;
  /** The same of what a host shows to all; one's own pin goes before it. */
  lit: string;
  /** The session that the speaker view shows large. */
  lead: string;
  ownHidden: boolean;
  /** The corner where our own picture lies over the others'. */
  ownPlace: Corner;
  page: number;
}

export interface Arrangement {
  boxes: Map<string, Box>;
  pages: number;
  /** The page that is shown: the wanted one, or the last. */
  page: number;
  /** Tiles that found no place beside a large one. */
  rest: number;
}

/** What is large: what is pinned, or else what the host shows to all, or else the screens, or else who speaks. */
export function largeOnes(tiles: readonly Shown[], look: Look): Set<string> {
  const pinned =
    tiles.find((t) => t.key === look.pinned) ?? tiles.find((t) => t.key === look.lit && !t.self);
  if (pinned) return new Set([pinned.key]);
  const screens = tiles.filter((t) => t.source === "screen");
  if (screens.length > 0) return new Set(screens.map((t) => t.key));
  const cameras = tiles.filter((t) => t.source === "camera");
  if (look.mode === "grid" || cameras.length < 2) return new Set();
  const lead = cameras.find((t) => t.session === look.lead) ?? cameras.find((t) => !t.self);
  return new Set(lead ? [lead.key] : []);
}

/** Cuts into pages of at most most tiles and as many pictures as there are seats; the order stays. */
export function paginate<T extends Shown>(tiles: readonly T[], most: number): T[][] {
  const pages: T[][] = [[]];
  let pictures = 0;
  for (const t of tiles) {
    const needsSeat = !t.self && t.video !== "off";
    const last = pages.at(-1)!;
    if (last.length >= most || (needsSeat && pictures >= PICTURES)) {
      pages.push([t]);
      pictures = needsSeat ? 1 : 0;
    } else {
      last.push(t);
      if (needsSeat) pictures++;
    }
  }
  return pages;
}

export function arrange(tiles: readonly Shown[], stage: Size, look: Look): Arrangement {
  const others = tiles.some((t) => !t.self);
  const shown = look.ownHidden && others ? tiles.filter((t) => !t.self) : tiles;
  const own =
    others &&
    look.ownPlace !== "" &&
    shown.find((t) => t.self && t.source === "camera" && t.key !== look.pinned);
  if (!own) return arrangeAll(shown, stage, look);
  const around = arrangeAll(
    shown.filter((t) => t !== own),
    stage,
    look,
  );
  if (stage.width > 0) around.boxes.set(own.key, placeCorner(look.ownPlace, stage));
  return around;
}

function arrangeAll(shown: readonly Shown[], stage: Size, look: Look): Arrangement {
  const large = largeOnes(shown, look);
  if (large.size > 0) {
    const boxes = layoutStage(shown, stage, large);
    return { boxes, pages: 1, page: 0, rest: stage.width > 0 ? shown.length - boxes.size : 0 };
  }
  const pages = paginate(shown, fits(stage, MOST));
  const page = Math.min(look.page, pages.length - 1);
  return { boxes: layoutStage(pages[page]!, stage), pages: pages.length, page, rest: 0 };
}
