/** The stage: tiles in a grid, or a shared screen with the people beside it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { layoutStage, type Size } from "./grid";
import { useSize } from "./parts";
import { Tile } from "./tile";

export function Stage({ model }: { model: MeetingModel }) {
  const size = useSignal<Size>({ width: 0, height: 0 });
  const ref = useSize<HTMLUListElement>((width, height) => {
    size.value = { width, height };
  });
  const tiles = model.tiles.value;
  const boxes = layoutStage(tiles, size.value);
  useEffect(() => {
    const ratio = globalThis.devicePixelRatio || 1;
    const device = (px: number): number => Math.round(px * ratio);
    model.setTileSizes(
      new Map(
        [...boxes].map(([key, b]) => [key, { width: device(b.width), height: device(b.height) }]),
      ),
    );
  }, [[...boxes].map(([key, b]) => `${key} ${b.width} ${b.height}`).join()]);
  const noRoom = size.value.width > 0 ? tiles.length - boxes.size : 0;
  const hidden = model.hidden.value + noRoom;
  // One list in one order: a tile that moves keeps its element, and the picture in it goes on.
  return (
    <div class={hidden > 0 ? "stage with-more" : "stage"}>
      <ul class="tiles" ref={ref} aria-label="Pictures">
        {tiles.map((t) => {
          const box = boxes.get(t.key);
          return box && <Tile key={t.key} tile={t} box={box} />;
        })}
      </ul>
      {hidden > 0 && (
        <button type="button" class="more" onClick={() => model.openPanel("people")}>
          {hidden === 1 ? "1 more person" : `${hidden} more people`}
        </button>
      )}
    </div>
  );
}
