import { useId } from "preact/hooks";
import type { CheckModel } from "../call/model";
import { CameraIcon, CameraOffIcon, Mark, MicIcon, MicOffIcon } from "./icons";
import { DeviceSelect, ProblemNote, Video } from "./parts";

function who(people: number | null): string {
  if (people === null) return "";
  if (people === 0) return "Nobody is there yet.";
  return people === 1 ? "One person is there." : `${people} people are there.`;
}

export function Check({ model }: { model: CheckModel }) {
  const nameId = useId();
  const camera = model.camera.value;
  const mic = model.mic.value;
  const speaker = model.speaker.value;
  const problems = [camera.problem, mic.problem, model.problem.value].filter((p) => p !== null);
  return (
    <div class="check">
      <header class="top">
        <div class="mark">
          <Mark /> incamera
        </div>
      </header>
      <main class="check-body">
        <section class="preview" aria-label="How you look">
          {model.preview.value ? <Video stream={model.preview.value} mirrored /> : <p>Your camera is off</p>}
          <div class="preview-bar">
            <button
              type="button"
              class={mic.on ? "round" : "round off"}
              aria-label={mic.on ? "Mute microphone" : "Unmute microphone"}
              onClick={() => model.toggleMic()}
            >
              {mic.on ? <MicIcon /> : <MicOffIcon />}
            </button>
            <button
              type="button"
              class={camera.on ? "round" : "round off"}
              aria-label={camera.on ? "Turn camera off" : "Turn camera on"}
              onClick={() => model.toggleCamera()}
            >
              {camera.on ? <CameraIcon /> : <CameraOffIcon />}
            </button>
            <Meter level={mic.on ? model.level.value : 0} />
          </div>
        </section>
        <form
          class="check-form"
          onSubmit={(e) => {
            e.preventDefault();
            model.join();
          }}
        >
          <h1 tabIndex={-1}>{model.title.value || "Ready to join?"}</h1>
          <p class="soft">{who(model.people.value)}</p>
          <div class="labelled">
            <label for={nameId}>Your name</label>
            <input
              id={nameId}
              class="field"
              autocomplete="name"
              maxLength={64}
              value={model.name.value}
              aria-describedby={`${nameId}-hint`}
              onInput={(e) => model.setName(e.currentTarget.value)}
            />
            <small id={`${nameId}-hint`} class="soft">
              {model.nameHint.value || "Shown to the others, not to the server."}
            </small>
          </div>
          <DeviceSelect label="Camera" choice={camera} choose={(id) => model.chooseCamera(id)} />
          <DeviceSelect label="Microphone" choice={mic} choose={(id) => model.chooseMic(id)} />
          {speaker && <DeviceSelect label="Speaker" choice={speaker} choose={(id) => model.chooseSpeaker(id)} />}
          {problems.map((p) => (
            <ProblemNote key={p.code} problem={p} />
          ))}
          <button type="submit" class="primary wide" disabled={!model.canJoin.value} aria-busy={model.joining.value}>
            Join
          </button>
        </form>
      </main>
    </div>
  );
}

function Meter({ level }: { level: number }) {
  const bars = 8;
  return (
    <div class="meter" role="meter" aria-label="Microphone level" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(level * 100)}>
      {Array.from({ length: bars }, (_, i) => (
        <span key={i} class={level * bars > i + 0.5 ? "lit" : ""} />
      ))}
    </div>
  );
}
