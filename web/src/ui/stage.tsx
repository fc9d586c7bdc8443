/** The stage: tiles in a grid, or a shared screen with the people beside it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { MeetingModel, TileModel } from "../call/model";
import { layoutGrid } from "./grid";
import { MicOffIcon } from "./icons";
import { initials, useSize, Video } from "./parts";

const GAP = 10;

export function Stage({ model }: { model: MeetingModel }) {
  const size = useSignal({ width: 0, height: 0 });
  const ref = useSize((width, height) => {
    size.value = { width, height };
  });
  const tiles = model.tiles.value;
  const screens = tiles.filter((t) => t.source === "screen");
  const cameras = tiles.filter((t) => t.source === "camera");
  const { width, height } = size.value;
  const wide = width > height;
  const strip = screens.length > 0;
  const main = strip ? screens : cameras;
  const mainWidth = strip && wide ? width * 0.78 - GAP : width;
  const mainHeight = strip && !wide ? height * 0.7 - GAP : height;
  const grid = layoutGrid(main.length, mainWidth, mainHeight, GAP);
  const side = layoutGrid(Math.max(1, Math.min(cameras.length, 5)), strip && wide ? width * 0.22 : width, strip && !wide ? height * 0.3 : height, GAP);
  const sizes = new Map<string, { width: number; height: number }>();
  const ratio = globalThis.devicePixelRatio || 1;
  for (const t of tiles) {
    const s = main.includes(t) ? grid : side;
    sizes.set(t.key, { width: s.width * ratio, height: s.height * ratio });
  }
  const told = JSON.stringify([...sizes]);
  useEffect(() => model.setTileSizes(sizes), [told]);
  return (
    <div ref={ref} class={strip ? (wide ? "stage shared" : "stage shared tall") : "stage"}>
      <Grid tiles={main} width={grid.width} height={grid.height} columns={grid.columns} />
      {strip && <Grid tiles={cameras} width={side.width} height={side.height} columns={wide ? 1 : side.columns} scroll />}
      {model.hidden.value > 0 && <p class="more">{model.hidden.value} more people</p>}
    </div>
  );
}

interface GridProps {
  tiles: TileModel[];
  width: number;
  height: number;
  columns: number;
  scroll?: boolean;
}

function Grid({ tiles, width, height, columns, scroll }: GridProps) {
  const style = { gridTemplateColumns: `repeat(${columns}, ${width}px)`, gridAutoRows: `${height}px`, gap: `${GAP}px` };
  return (
    <ul class={scroll ? "grid scroll" : "grid"} style={style}>
      {tiles.map((t) => (
        <Tile key={t.key} tile={t} small={height < 120} />
      ))}
    </ul>
  );
}

function Tile({ tile, small }: { tile: TileModel; small: boolean }) {
  const label = tile.self ? "You" : tile.name;
  const classes = ["tile", tile.speaking && "speaking", tile.away && "is-away", small && "small", tile.source].filter(Boolean).join(" ");
  return (
    <li class={classes} data-session={tile.session} data-source={tile.source} data-video={tile.video}>
      {tile.video === "on" && <Video stream={tile.stream} mirrored={tile.self} />}
      {tile.video === "off" && (
        <span class="initials" aria-hidden="true">
          {initials(tile.name)}
        </span>
      )}
      {tile.video === "waiting" && <p class="waiting">{tile.waitingText}</p>}
      <span class="name">
        {tile.muted && tile.source === "camera" && <MicOffIcon />}
        <span>
          {tile.source === "screen" ? `${label}: screen` : label}
          {tile.muted && tile.source === "camera" && <span class="hidden"> muted</span>}
          {tile.away && " · reconnecting"}
        </span>
      </span>
      {tile.speaking && <span class="hidden">speaking</span>}
    </li>
  );
}
