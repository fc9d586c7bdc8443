/** The settings of this device, while in a meeting. */

import { useEffect, useId, useRef } from "preact/hooks";
import type { Background, MeetingModel, SettingsModel } from "../call/model";
import { type Language, language, languages, t } from "../call/words";
import { CloseIcon } from "./icons";
import { setSingleKeys, singleKeys } from "./keys";
import { LevelMeter } from "./meter";
import { DeviceSelect, Video } from "./parts";
import { ProblemNote } from "./problem";

export function SettingsSheet({ model, close }: { model: MeetingModel; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet settings" aria-labelledby="settings-title" onClose={close}>
      <header class="panel-head">
        <h2 id="settings-title">{t("Settings")}</h2>
        <button
          type="button"
          class="round"
          aria-label={t("Close settings")}
          onClick={() => dialog.current?.close()}
        >
          <CloseIcon />
        </button>
      </header>
      <Sound model={model} />
      <Camera model={model} />
      <Habits model={model} />
      <LanguageSelect model={model} />
      <p class="hint">{t("Remembered in this browser only.")}</p>
    </dialog>
  );
}

function Sound({ model }: { model: MeetingModel }) {
  const { settings } = model;
  const mic = model.mic.value;
  const speaker = settings.speaker.value;
  return (
    <section class="setting">
      <DeviceSelect label={t("Microphone")} choice={mic} choose={(id) => model.chooseMic(id)} />
      {mic.problem && <ProblemNote problem={mic.problem} />}
      <Level model={model} />
      <Switch
        label={t("Take noise out of my microphone")}
        on={settings.noise.value}
        set={(on) => settings.setNoise(on)}
      />
      <p class="soft" role="status">
        {t(settings.noiseState.value)}
      </p>
      {speaker && (
        <DeviceSelect
          label={t("Speaker")}
          choice={speaker}
          choose={(id) => settings.chooseSpeaker(id)}
        />
      )}
      <button type="button" class="plain small" onClick={() => settings.testSpeaker()}>
        {t("Test the speaker")}
      </button>
    </section>
  );
}

/** Draws itself anew for each level, and nothing else with it. */
function Level({ model }: { model: MeetingModel }) {
  const on = model.mic.value.on;
  return (
    <LevelMeter
      level={model.settings.level.value}
      word={on ? t("Speak, and the bars move") : t("You are muted; nobody hears this")}
    />
  );
}

function Camera({ model }: { model: MeetingModel }) {
  const camera = model.camera.value;
  const own = model.tiles.value.find((t) => t.self);
  return (
    <section class="setting">
      <DeviceSelect label={t("Camera")} choice={camera} choose={(id) => model.chooseCamera(id)} />
      {camera.problem && <ProblemNote problem={camera.problem} />}
      <BackgroundSelect model={model.settings} />
      {own?.video === "on" && (
        <div class="preview small-preview">
          <Video stream={own.stream} mirrored={own.mirrored} />
        </div>
      )}
    </section>
  );
}

const backgrounds: Readonly<Record<Background, string>> = {
  none: "As it is",
  blur: "Blurred",
  picture: "A picture of mine",
};

/** What is behind me. A picture is asked for when there is none yet, and can be changed. */
function BackgroundSelect({ model }: { model: SettingsModel }) {
  const id = useId();
  const file = useRef<HTMLInputElement>(null);
  const chosen = model.background.value;
  const choose = (to: Background): void => {
    if (to === "picture" && !model.picture.value) file.current?.click();
    else model.setBackground(to);
  };
  return (
    <div class="labelled">
      <label for={id}>{t("Background")}</label>
      <select
        id={id}
        class="field"
        value={chosen}
        onChange={(e) => {
          choose(e.currentTarget.value as Background);
          e.currentTarget.value = model.background.value;
        }}
      >
        {Object.entries(backgrounds).map(([to, word]) => (
          <option key={to} value={to} selected={to === chosen}>
            {t(word)}
          </option>
        ))}
      </select>
      <input
        ref={file}
        type="file"
        hidden
        accept="image/*"
        aria-label={t("A picture of mine")}
        onChange={(e) => {
          const [picture] = e.currentTarget.files ?? [];
          if (picture) model.setPicture(picture);
          e.currentTarget.value = "";
        }}
      />
      {chosen === "picture" && (
        <button type="button" class="plain small" onClick={() => file.current?.click()}>
          {t("Another picture")}
        </button>
      )}
      <p class="soft" role="status">
        {t(model.backgroundState.value)}
      </p>
    </div>
  );
}

function LanguageSelect({ model }: { model: MeetingModel }) {
  const id = useId();
  return (
    <section class="setting">
      <div class="labelled">
        <label for={id}>{t("Language")}</label>
        <select
          id={id}
          class="field"
          onChange={(e) => model.settings.chooseLanguage(e.currentTarget.value as Language)}
        >
          {Object.entries(languages).map(([code, name]) => (
            <option key={code} value={code} lang={code} selected={code === language.value}>
              {name}
            </option>
          ))}
        </select>
      </div>
    </section>
  );
}

function Habits({ model }: { model: MeetingModel }) {
  const { settings } = model;
  return (
    <section class="setting switches">
      <Switch
        label={t("Show me as in a mirror")}
        on={settings.mirror.value}
        set={(on) => settings.setMirror(on)}
      />
      <Switch
        label={t("Use a headset as soon as it is plugged in")}
        on={settings.follow.value}
        set={(on) => settings.setFollow(on)}
      />
      <Switch
        label={t("Hold the space bar to talk while muted")}
        on={settings.pushToTalk.value}
        set={(on) => settings.setPushToTalk(on)}
      />
      <Switch
        label={t("Save data: small pictures, and a smaller one of me")}
        on={settings.saving.value}
        set={(on) => settings.setSaving(on)}
      />
      <Switch label={t("Use single keys")} on={singleKeys()} set={setSingleKeys} />
    </section>
  );
}

interface SwitchProps {
  label: string;
  on: boolean;
  set: (on: boolean) => void;
}

function Switch({ label, on, set }: SwitchProps) {
  return (
    <label class="device-row">
      <span class="grow">{label}</span>
      <input
        type="checkbox"
        role="switch"
        class="switch"
        checked={on}
        aria-checked={on}
        onChange={(e) => set(e.currentTarget.checked)}
      />
    </label>
  );
}
