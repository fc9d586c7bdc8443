/** Choosing the camera and the microphone while in a meeting. */

import { useId } from "preact/hooks";
import type { DeviceChoice, MeetingModel } from "../call/model";
import { t } from "../call/words";
import { Popover } from "./popover";
import { ProblemNote } from "./problem";

interface MenuProps {
  which: "mic" | "camera" | "both";
  model: MeetingModel;
  /** It was opened by hand: the focus goes into it. */
  focus: boolean;
  close: () => void;
}

export function DeviceMenu({ which, model, focus, close }: MenuProps) {
  return (
    <Popover
      label={which === "mic" ? t("Microphone") : which === "camera" ? t("Camera") : t("Devices")}
      kind={`device-menu ${which}`}
      focus={focus}
      close={close}
    >
      {which !== "camera" && (
        <DeviceList
          title={t("Microphone")}
          choice={model.mic.value}
          choose={(id) => model.chooseMic(id)}
        />
      )}
      {which !== "mic" && (
        <DeviceList
          title={t("Camera")}
          choice={model.camera.value}
          choose={(id) => model.chooseCamera(id)}
        />
      )}
    </Popover>
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
        <p class="soft">{t("Your browser names none yet. Switch it on first.")}</p>
      )}
    </fieldset>
  );
}
