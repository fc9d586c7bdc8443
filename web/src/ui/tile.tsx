import { useRef } from "preact/hooks";
import type { Corner, LayoutModel, TileModel } from "../call/model";
import { markKind, markText } from "../call/quality";
import { t } from "../call/words";
import { useDrag } from "./drag";
import { type Box, cornerAt } from "./grid";
import { Mark, MicOffIcon, MoveIcon, PinIcon, SpeakingIcon, WeakIcon } from "./icons";
import { Video } from "./parts";
import { TileSigns } from "./signs";
import { initials } from "./text";

/** Below these widths (px) a tile has no room for words, and then for a badge. */
const SMALL = 200;
const TINY = 112;
/** Below this height (px) there is room for two lines over the name. */
const LOW = 112;

interface TileProps {
  tile: TileModel;
  box: Box;
  pinned?: boolean;
  /** Its owner records the meeting. */
  records?: boolean;
  /** Pins it, or lets it go. */
  pin?: () => void;
  /** Where our own picture is moved; absent for what keeps its place. */
  layout?: LayoutModel | undefined;
}

export function Tile({ tile, box, pinned = false, records = false, pin, layout }: TileProps) {
  const root = useRef<HTMLLIElement>(null);
  const { by, begin } = useDrag(
    layout &&
      ((x, y) => {
        const stage = root.current?.parentElement;
        if (stage) layout.moveOwn(cornerOf(x, y, stage));
      }),
  );
  const apart = layout !== undefined && layout.ownPlace.value !== "";
  const size = box.width < TINY ? "tiny" : box.width < SMALL ? "small" : "";
  const state = [
    box.height < LOW && "low",
    tile.source === "camera" && tile.speaking && "speaking", // a screen has no voice
    tile.away && "is-away",
    layout && "own",
    apart && "apart",
    by && "moving",
  ].filter(Boolean);
  const classes = ["tile", tile.source, size, ...state].filter(Boolean).join(" ");
  return (
    <li
      ref={root}
      class={classes}
      style={{
        insetInlineStart: `${box.left}px`,
        top: `${box.top}px`,
        width: `${box.width}px`,
        height: `${box.height}px`,
        translate: by ? `${by.x}px ${by.y}px` : "",
      }}
      onPointerDown={layout && begin}
      data-session={tile.session}
      data-source={tile.source}
      data-video={tile.video}
    >
      <Picture tile={tile} box={box} />
      <TileSigns hand={tile.hand} reaction={tile.reaction} />
      <Name tile={tile} records={records} />
      {pin && !apart && <Pin tile={tile} pinned={pinned} pin={pin} />}
      {layout && (
        <button
          type="button"
          class="round tile-pin tile-move"
          aria-label={t("Move own view")}
          title={t("Move own view")}
          onClick={() => layout.moveOwn()}
        >
          <MoveIcon />
        </button>
      )}
    </li>
  );
}

/** The corner of the stage to which a point of the window is nearest. */
function cornerOf(x: number, y: number, stage: HTMLElement): Corner {
  const { left, right, top, width, height } = stage.getBoundingClientRect();
  const begin = getComputedStyle(stage).direction === "rtl" ? right - x : x - left;
  return cornerAt({ left: begin, top: y - top }, { width, height });
}

function Pin({ tile, pinned, pin }: { tile: TileModel; pinned: boolean; pin: () => void }) {
  const name = tile.self ? t("yourself") : tile.name;
  const what = tile.source === "screen" ? t("the screen of {name}", { name }) : name;
  return (
    <button
      type="button"
      class={pinned ? "round tile-pin pinned" : "round tile-pin"}
      aria-label={t("Pin {name}", { name: what })}
      aria-pressed={pinned}
      title={pinned ? t("Unpin") : t("Pin")}
      onClick={pin}
    >
      <PinIcon />
    </button>
  );
}

function Picture({ tile, box }: { tile: TileModel; box: Box }) {
  const initialed = <Initials tile={tile} box={box} />;
  if (tile.video === "on")
    return (
      <>
        {/* Seen until the first picture is there. */}
        {tile.source === "camera" && <span class="behind">{initialed}</span>}
        <Video stream={tile.stream} mirrored={tile.mirrored} />
      </>
    );
  if (tile.video === "waiting")
    return (
      <p class="waiting">
        <Mark size={box.height < 150 ? 18 : 30} />
        <span>{tile.waitingText}</span>
      </p>
    );
  return initialed;
}

function Initials({ tile, box }: { tile: TileModel; box: Box }) {
  const size = Math.round(Math.min(box.width, box.height) * 0.38);
  return (
    <span
      class="initials"
      style={{ width: `${size}px`, height: `${size}px`, fontSize: `${Math.round(size * 0.36)}px` }}
      aria-hidden="true"
    >
      {initials(tile.name)}
    </span>
  );
}

function Name({ tile, records }: { tile: TileModel; records: boolean }) {
  const camera = tile.source === "camera";
  const name = tile.self ? t("You") : tile.name;
  return (
    <p class="name">
      {camera && records && <span class="red-dot" role="img" aria-label={t("recording")} />}
      {camera && tile.speaking && <SpeakingIcon />}
      {camera && tile.muted && !tile.speaking && <MicOffIcon />}
      <bdi>{camera ? name : t("{name}: screen", { name })}</bdi>
      {camera && tile.muted && <span class="state">{t("muted")}</span>}
      {camera && tile.speaking && <span class="hidden">{t("speaking")}</span>}
      {tile.away && <span class="state">{t("reconnecting")}</span>}
      {!tile.away && tile.mark && (
        <span class={`link-mark ${markKind(tile.mark)}`} title={t(markText(tile.mark))}>
          <WeakIcon />
          <span class="hidden">{t(markText(tile.mark))}</span>
        </span>
      )}
    </p>
  );
}
