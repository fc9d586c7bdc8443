/** Choosing the camera and the microphone while in a meeting. */
import { useEffect, useId, useRef } from "preact/hooks";
import type { DeviceChoice, MeetingModel } from "../call/model";
import { ProblemNote } from "./problem";

export type Choosing = "mic" | "camera" | "both" | null;

interface MenuProps {
  which: Exclude<Choosing, null>;
  model: MeetingModel;
  /** It was opened by hand: the focus goes into it. */
  focus: boolean;
  close: () => void;
}

/** A small window above the bar. Escape and a click elsewhere close it. */
export function DeviceMenu({ which, model, focus, close }: MenuProps) {
  const root = useRef<HTMLDivElement>(null);
  const closing = useRef(close);
  closing.current = close;
  useEffect(() => {
    const before = document.activeElement;
    const outside = (e: Event): void => {
      const target = e.target as Element;
      if (!root.current?.contains(target) && !target.closest("[data-opens-devices]"))
        closing.current();
    };
    addEventListener("pointerdown", outside);
    if (focus) root.current?.querySelector<HTMLElement>("input:checked, input, h2")?.focus();
    return () => {
      removeEventListener("pointerdown", outside);
      if (focus && before instanceof HTMLElement && document.activeElement === document.body)
        before.focus();
    };
  }, []);
  return (
    <div
      ref={root}
      class={`device-menu ${which}`}
      role="dialog"
      aria-label={which === "mic" ? "Microphone" : which === "camera" ? "Camera" : "Devices"}
      onKeyDown={(e) => {
        if (e.key !== "Escape") return;
        e.stopPropagation();
        close();
      }}
    >
      {which !== "camera" && (
        <DeviceList
          title="Microphone"
          choice={model.mic.value}
          choose={(id) => model.chooseMic(id)}
        />
      )}
      {which !== "mic" && (
        <DeviceList
          title="Camera"
          choice={model.camera.value}
          choose={(id) => model.chooseCamera(id)}
        />
      )}
    </div>
  );
}

interface ListProps {
  title: string;
  choice: DeviceChoice;
  choose: (id: string) => void;
}

function DeviceList({ title, choice, choose }: ListProps) {
  const name = useId();
  return (
    <fieldset class="device-list">
      <legend>
        <h2 tabIndex={-1}>{title}</h2>
      </legend>
      {choice.problem && <ProblemNote problem={choice.problem} />}
      {choice.devices.map((d) => (
        <label key={d.id} class="device-row">
          <input
            type="radio"
            name={name}
            checked={d.id === choice.chosen}
            onChange={() => choose(d.id)}
          />
          <span class="grow">{d.label}</span>
        </label>
      ))}
      {choice.devices.length === 0 && !choice.problem && (
        <p class="soft">Your browser names none yet. Switch it on first.</p>
      )}
    </fieldset>
  );
}
