/** The bar below the stage. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { MeetingModel, Panel, Problem } from "../call/model";
import { type Choosing, DeviceMenu } from "./devices";
import {
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  LeaveIcon,
  MicIcon,
  MicOffIcon,
  PeopleIcon,
  ScreenIcon,
  SealIcon,
  StopScreenIcon,
  UpIcon,
} from "./icons";
import { Control } from "./parts";

export interface Opened {
  which: Choosing;
  byHand: boolean;
}

interface DockProps {
  model: MeetingModel;
  opened: Opened;
  open: (which: Choosing, byHand: boolean) => void;
}

export function Dock({ model, opened, open }: DockProps) {
  useTold(model.mic.value.problem, () => open("mic", false));
  useTold(model.camera.value.problem, () => open("camera", false));
  return (
    <nav class="dock" aria-label="Meeting controls">
      {opened.which && (
        <DeviceMenu
          key={opened.which}
          which={opened.which}
          model={model}
          focus={opened.byHand}
          close={() => open(null, true)}
        />
      )}
      <Senders model={model} opened={opened} open={open} />
      <Panels model={model} />
      <Control
        label="Leave"
        word="Leave"
        icon={<LeaveIcon />}
        kind="leave"
        press={() => model.leave()}
      />
    </nav>
  );
}

/** Calls f when there is a new problem; what was known before is not told again. */
function useTold(problem: Problem | null, f: () => void): void {
  const known = useRef(problem);
  useEffect(() => {
    if (problem && problem !== known.current) f();
    known.current = problem;
  }, [problem]);
}

function Senders({ model, opened, open }: DockProps) {
  const mic = model.mic.value;
  const camera = model.camera.value;
  const sharing = model.sharing.value;
  return (
    <div class="dock-group">
      <div class="split">
        <Control
          label={mic.on ? "Mute microphone" : "Unmute microphone"}
          word={mic.on ? "Mute" : "Unmute"}
          icon={mic.on ? <MicIcon /> : <MicOffIcon />}
          kind={mic.on ? "" : "off"}
          press={() => model.toggleMic()}
          keys="M"
        />
        <Chooser which="mic" label="Choose microphone" opened={opened} open={open} />
      </div>
      <div class="split">
        <Control
          label={camera.on ? "Turn camera off" : "Turn camera on"}
          word={camera.on ? "Camera off" : "Camera on"}
          icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
          kind={camera.on ? "" : "off"}
          press={() => model.toggleCamera()}
          keys="V"
        />
        <Chooser which="camera" label="Choose camera" opened={opened} open={open} />
      </div>
      {model.canShare.value && (
        <Control
          label={sharing ? "Stop sharing" : "Share screen"}
          word={sharing ? "Stop sharing" : "Share"}
          icon={sharing ? <StopScreenIcon /> : <ScreenIcon />}
          kind={sharing ? "on" : ""}
          press={() => model.toggleShare()}
        />
      )}
    </div>
  );
}

interface ChooserProps extends Omit<DockProps, "model"> {
  which: "mic" | "camera";
  label: string;
}

function Chooser({ which, label, opened, open }: ChooserProps) {
  const shown = opened.which === which;
  return (
    <button
      type="button"
      class="chooser"
      data-opens-devices
      aria-label={label}
      aria-haspopup="dialog"
      aria-expanded={shown}
      title={label}
      onClick={() => open(shown ? null : which, true)}
    >
      <UpIcon />
    </button>
  );
}

function Panels({ model }: { model: MeetingModel }) {
  const panel = model.panel.value;
  const press = (p: Panel) => () => model.openPanel(p);
  return (
    <div class="dock-group">
      <Control
        label="People"
        word="People"
        icon={<PeopleIcon />}
        pressed={panel === "people"}
        press={press("people")}
        keys="P"
      />
      <Control
        label="Chat"
        word="Chat"
        icon={<ChatIcon />}
        pressed={panel === "chat"}
        press={press("chat")}
        keys="C"
        count={model.unread.value}
      />
      <Control
        label="Security"
        word="Security"
        icon={<SealIcon />}
        pressed={panel === "security"}
        press={press("security")}
        keys="S"
      />
    </div>
  );
}

/** Which device menu is open, if any. */
export function useDeviceMenu() {
  const opened = useSignal<Opened>({ which: null, byHand: false });
  const open = (which: Choosing, byHand: boolean): void => {
    opened.value = { which, byHand };
  };
  return { opened: opened.value, open };
}
