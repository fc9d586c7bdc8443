/** What one can do about a person in the list: pin, set how loud, and what a host can. */

import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { MeetingModel, Person } from "../call/model";
import { tileKey } from "../call/tiles";
import { t } from "../call/words";
import { RemoveButton } from "./door";
import { MoreIcon, MoveIcon, PinIcon, VolumeIcon } from "./icons";
import { lazy } from "./lazy";

const PersonHost = lazy<{ person: Person; model: MeetingModel }>(
  async () => (await import("./host")).PersonHost,
);

export function PersonMenu({ person: p, model }: { person: Person; model: MeetingModel }) {
  const open = useSignal(false);
  const id = useId();
  return (
    <>
      <button
        type="button"
        class="round"
        aria-label={t("Menu of {name}", { name: p.name })}
        aria-expanded={open.value}
        aria-controls={id}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <MoreIcon />
      </button>
      {open.value && <Controls id={id} person={p} model={model} />}
    </>
  );
}

interface ControlsProps {
  id: string;
  person: Person;
  model: MeetingModel;
}

const STEPS = 20;

function Controls({ id, person: p, model }: ControlsProps) {
  const key = tileKey(p.session, "camera");
  const pinned = model.layout.pinned.value === key;
  const volume = model.volumes.value.get(p.session) ?? 1;
  return (
    <div class="person-controls" id={id}>
      {!p.self && (
        <label class="slider">
          <VolumeIcon />
          <span class="hidden">{t("Volume of {name}", { name: p.name })}</span>
          <input
            type="range"
            min={0}
            max={STEPS}
            value={Math.round(volume * STEPS)}
            aria-valuetext={`${Math.round(volume * 100)} %`}
            onInput={(e) => model.setVolume(p.session, Number(e.currentTarget.value) / STEPS)}
          />
        </label>
      )}
      <button
        type="button"
        class="plain small"
        aria-pressed={pinned}
        onClick={() => model.layout.pin(key)}
      >
        <PinIcon /> {pinned ? t("Unpin") : t("Pin")}
      </button>
      {p.self && model.tiles.value.length > 1 && (
        <button type="button" class="plain small" onClick={() => model.layout.moveOwn()}>
          <MoveIcon /> {t("Move own view")}
        </button>
      )}
      <PersonHost person={p} model={model} />
      <RemoveButton model={model} person={p} />
    </div>
  );
}
