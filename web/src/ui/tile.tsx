import type { TileModel } from "../call/model";
import { markText } from "../call/quality";
import { t } from "../call/words";
import type { Box } from "./grid";
import { Mark, MicOffIcon, PinIcon, SpeakingIcon, WeakIcon } from "./icons";
import { Video } from "./parts";
import { TileSigns } from "./signs";
import { initials } from "./text";

/** Below these widths (px) a tile has no room for words, and then for a badge. */
const SMALL = 200;
const TINY = 112;

interface TileProps {
  tile: TileModel;
  box: Box;
  pinned?: boolean;
  /** Its owner records the meeting. */
  records?: boolean;
  /** Pins it, or lets it go. */
  pin?: () => void;
}

export function Tile({ tile, box, pinned = false, records = false, pin }: TileProps) {
  const size = box.width < TINY ? "tiny" : box.width < SMALL ? "small" : "";
  const state = [tile.speaking && "speaking", tile.away && "is-away"].filter(Boolean);
  const classes = ["tile", tile.source, size, ...state].filter(Boolean).join(" ");
  return (
    <li
      class={classes}
      style={{
        left: `${box.left}px`,
        top: `${box.top}px`,
        width: `${box.width}px`,
        height: `${box.height}px`,
      }}
      data-session={tile.session}
      data-source={tile.source}
      data-video={tile.video}
    >
      <Picture tile={tile} box={box} />
      <TileSigns hand={tile.hand} reaction={tile.reaction} />
      <Name tile={tile} records={records} />
      {pin && <Pin tile={tile} pinned={pinned} pin={pin} />}
    </li>
  );
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
  if (tile.video === "on") return <Video stream={tile.stream} mirrored={tile.mirrored} />;
  if (tile.video === "waiting")
    return (
      <p class="waiting">
        <Mark size={box.height < 150 ? 18 : 30} />
        <span>{tile.waitingText}</span>
      </p>
    );
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
        <span class={`link-mark ${tile.mark}`} title={t(markText(tile.mark))}>
          <WeakIcon />
          <span class="hidden">{t(markText(tile.mark))}</span>
        </span>
      )}
    </p>
  );
}
