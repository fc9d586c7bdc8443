import { useEffect, useId } from "preact/hooks";
import type { CheckModel } from "../call/model";
import { t } from "../call/words";
import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon } from "./icons";
import { listenToChords } from "./keys";
import { LevelMeter } from "./meter";
import { Control, DeviceSelect, Head, Video } from "./parts";
import { ProblemNote } from "./problem";
import { whoIsThere } from "./text";

export function Check({ model }: { model: CheckModel }) {
  useEffect(
    () => listenToChords({ mic: () => model.toggleMic(), camera: () => model.toggleCamera() }),
    [model],
  );
  return (
    <div class="check">
      <Head />
      <main class="check-body">
        <Look model={model} />
        <JoinForm model={model} />
        <Devices model={model} />
      </main>
    </div>
  );
}

/** How I look and sound. */
function Look({ model }: { model: CheckModel }) {
  const camera = model.camera.value;
  const mic = model.mic.value;
  const preview = model.preview.value;
  return (
    <section class="look" aria-label={t("How you look and sound")}>
      <div class="preview">
        {preview ? (
          <Video stream={preview} mirrored={model.mirror.value} />
        ) : (
          <p class="no-picture">
            <CameraOffIcon />
            {camera.on ? t("Your camera is starting") : t("Your camera is off")}
          </p>
        )}
      </div>
      <div class="look-bar">
        <Control
          label={mic.on ? t("Mute microphone") : t("Unmute microphone")}
          word={mic.on ? t("Mute") : t("Unmute")}
          icon={mic.on ? <MicIcon /> : <MicOffIcon />}
          kind={mic.on ? "" : "off"}
          press={() => model.toggleMic()}
        />
        <Control
          label={camera.on ? t("Turn camera off") : t("Turn camera on")}
          word={camera.on ? t("Camera off") : t("Camera on")}
          icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
          kind={camera.on ? "" : "off"}
          press={() => model.toggleCamera()}
        />
        <Meter model={model} />
      </div>
    </section>
  );
}

/** Draws itself anew for each level, and nothing else with it. */
function Meter({ model }: { model: CheckModel }) {
  const on = model.mic.value.on;
  return (
    <LevelMeter
      level={on ? model.level.value : 0}
      word={on ? t("Speak, and the bars move") : t("Your microphone is off")}
    />
  );
}

function JoinForm({ model }: { model: CheckModel }) {
  const id = useId();
  const hint = model.nameHint.value;
  const joining = model.joining.value;
  const camera = model.camera.value.problem;
  const mic = model.mic.value.problem;
  const problem = model.problem.value;
  return (
    <form
      class="join"
      onSubmit={(e) => {
        e.preventDefault();
        model.join();
      }}
    >
      <div>
        <h1 tabIndex={-1}>
          <bdi>{model.title.value || t("Ready to join?")}</bdi>
        </h1>
        <p class="soft">{whoIsThere(model.people.value)}</p>
      </div>
      <div class="labelled">
        <label for={id}>{t("Your name")}</label>
        <input
          id={id}
          class="field"
          autocomplete="name"
          maxLength={64}
          value={model.name.value}
          aria-invalid={hint !== ""}
          aria-describedby={`${id}-hint`}
          onInput={(e) => model.setName(e.currentTarget.value)}
        />
        <small id={`${id}-hint`} class={hint ? "wrong" : "soft"}>
          {t(hint) || t("Shown to the others, not to the server.")}
        </small>
      </div>
      <button
        type="submit"
        class="primary wide"
        disabled={!model.canJoin.value}
        aria-busy={joining}
      >
        {t("Join")}
      </button>
      <p class="hint" role="status">
        {joining && t("Joining. The keys come from the people inside, not from the server.")}
      </p>
      {problem && <ProblemNote problem={problem} />}
      {camera && <ProblemNote problem={camera} />}
      {mic && <ProblemNote problem={mic} />}
    </form>
  );
}

function Devices({ model }: { model: CheckModel }) {
  const speaker = model.speaker.value;
  return (
    <section class="devices" aria-label={t("Devices")}>
      <DeviceSelect
        label={t("Camera")}
        choice={model.camera.value}
        choose={(id) => model.chooseCamera(id)}
      />
      <DeviceSelect
        label={t("Microphone")}
        choice={model.mic.value}
        choose={(id) => model.chooseMic(id)}
      />
      {speaker && (
        <DeviceSelect
          label={t("Speaker")}
          choice={speaker}
          choose={(id) => model.chooseSpeaker(id)}
        />
      )}
      <p class="soft">
        <a href="/test" target="_blank" rel="noopener">
          {t("Test your connection")}
        </a>
      </p>
    </section>
  );
}
