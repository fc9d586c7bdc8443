import { useId } from "preact/hooks";
import type { CheckModel } from "../call/model";
import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon } from "./icons";
import { LevelMeter } from "./meter";
import { Control, DeviceSelect, Head, Video } from "./parts";
import { ProblemNote } from "./problem";
import { whoIsThere } from "./text";

export function Check({ model }: { model: CheckModel }) {
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
    <section class="look" aria-label="How you look and sound">
      <div class="preview">
        {preview ? (
          <Video stream={preview} mirrored={model.mirror.value} />
        ) : (
          <p class="no-picture">
            <CameraOffIcon />
            {camera.on ? "Your camera is starting" : "Your camera is off"}
          </p>
        )}
      </div>
      <div class="look-bar">
        <Control
          label={mic.on ? "Mute microphone" : "Unmute microphone"}
          word={mic.on ? "Mute" : "Unmute"}
          icon={mic.on ? <MicIcon /> : <MicOffIcon />}
          kind={mic.on ? "" : "off"}
          press={() => model.toggleMic()}
        />
        <Control
          label={camera.on ? "Turn camera off" : "Turn camera on"}
          word={camera.on ? "Camera off" : "Camera on"}
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
      word={on ? "Speak, and the bars move" : "Your microphone is off"}
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
        <h1 tabIndex={-1} dir="auto">
          {model.title.value || "Ready to join?"}
        </h1>
        <p class="soft">{whoIsThere(model.people.value)}</p>
      </div>
      <div class="labelled">
        <label for={id}>Your name</label>
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
          {hint || "Shown to the others, not to the server."}
        </small>
      </div>
      <button
        type="submit"
        class="primary wide"
        disabled={!model.canJoin.value}
        aria-busy={joining}
      >
        Join
      </button>
      <p class="hint" role="status">
        {joining && "Joining. The keys come from the people inside, not from the server."}
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
    <section class="devices" aria-label="Devices">
      <DeviceSelect
        label="Camera"
        choice={model.camera.value}
        choose={(id) => model.chooseCamera(id)}
      />
      <DeviceSelect
        label="Microphone"
        choice={model.mic.value}
        choose={(id) => model.chooseMic(id)}
      />
      {speaker && (
        <DeviceSelect label="Speaker" choice={speaker} choose={(id) => model.chooseSpeaker(id)} />
      )}
    </section>
  );
}
