/** The stage: tiles in a grid, or large ones with the others beside them. */

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t, tn } from "../call/words";
import { type Arrangement, arrange } from "./arrange";
import type { Box, Size } from "./grid";
import { BackIcon, NextIcon } from "./icons";
import { useSize } from "./parts";
import { pictureIsOpen, pictureOf } from "./pip";
import { Tile } from "./tile";

export function Stage({ model }: { model: MeetingModel }) {
  const size = useSignal<Size>({ width: 0, height: 0 });
  const ref = useSize<HTMLUListElement>((width, height) => {
    size.value = { width, height };
  });
  const tiles = model.tiles.value;
  const arrangement = arrange(tiles, size.value, {
    mode: model.layout.mode.value,
    pinned: model.layout.pinned.value,
    lit: model.spotlight.key.value,
    lead: model.layout.lead.value.session,
    ownHidden: model.layout.ownHidden.value,
    ownPlace: model.layout.ownPlace.value,
    page: model.layout.page.value,
  });
  const { boxes, pages, rest } = arrangement;
  useAsked(model, boxes);
  const pinned = model.layout.pinned.value;
  const by = model.recording.by.value;
  const others = tiles.some((t) => !t.self);
  // One list in one order: a tile that moves keeps its element, and the picture in it goes on.
  return (
    <div class={rest > 0 || pages > 1 ? "stage with-more" : "stage"}>
      <ul class="tiles" ref={ref} aria-label={t("Pictures")}>
        {tiles.map((t) => {
          const box = boxes.get(t.key);
          const pin = (): void => model.layout.pin(t.key);
          const props = { tile: t, box, pin, pinned: t.key === pinned, records: by.has(t.session) };
          const own = t.self && t.source === "camera" && others && t.key !== pinned;
          return (
            box && <Tile key={t.key} {...props} box={box} layout={own ? model.layout : undefined} />
          );
        })}
      </ul>
      {pages > 1 && <Pager model={model} arrangement={arrangement} />}
      {rest > 0 && (
        <button type="button" class="more" onClick={() => model.openPanel("people")}>
          {tn(rest, "1 more person", "{n} more people")}
        </button>
      )}
    </div>
  );
}

const hidden = signal(false);
document.addEventListener("visibilitychange", () => {
  hidden.value = document.visibilityState === "hidden";
});

/** Asks for what is on the screen, in the small window too, and for nothing else. */
function useAsked(model: MeetingModel, boxes: ReadonlyMap<string, Box>): void {
  const small = pictureIsOpen() ? pictureOf(model)?.key : undefined;
  // Nobody sees a hidden tab, unless it is recorded: sound goes on, cameras are not sent to it.
  const seen = !hidden.value || model.recording.state.value === "on";
  const sizes = new Map<string, Size>(seen ? [...boxes] : []);
  if (small && !sizes.has(small)) sizes.set(small, SMALL_WINDOW);
  useEffect(() => {
    const ratio = globalThis.devicePixelRatio || 1;
    const device = (px: number): number => Math.round(px * ratio);
    model.setTileSizes(
      new Map(
        [...sizes].map(([key, b]) => [key, { width: device(b.width), height: device(b.height) }]),
      ),
    );
  }, [[...sizes].map(([key, b]) => `${key} ${b.width} ${b.height}`).join()]);
}

/** px; what the small window is about. */
const SMALL_WINDOW: Size = { width: 384, height: 216 };

function Pager({ model, arrangement: a }: { model: MeetingModel; arrangement: Arrangement }) {
  const turn = (to: number) => (): void => model.layout.turnTo(to);
  return (
    <nav class="pager" aria-label={t("Pages")}>
      <button
        type="button"
        class="round"
        aria-label={t("Page before")}
        disabled={a.page === 0}
        onClick={turn(a.page - 1)}
      >
        <BackIcon />
      </button>
      <span role="status">
        <span class="hidden">{t("page")} </span>
        <bdi dir="ltr">
          {a.page + 1} / {a.pages}
        </bdi>
      </span>
      <button
        type="button"
        class="round"
        aria-label={t("Next page")}
        disabled={a.page === a.pages - 1}
        onClick={turn(a.page + 1)}
      >
        <NextIcon />
      </button>
    </nav>
  );
}
