/** The bar below the stage. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { MeetingModel, Panel, Problem } from "../call/model";
import { t, tn } from "../call/words";
import { DeviceMenu } from "./devices";
import {
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  HandIcon,
  LaughIcon,
  LeaveIcon,
  MicIcon,
  MicOffIcon,
  MoreIcon,
  PeopleIcon,
  ScreenIcon,
  SealIcon,
  StopScreenIcon,
  UpIcon,
} from "./icons";
import { More } from "./more";
import { Control } from "./parts";
import { ReactionPicker } from "./signs";
import { countWaiting } from "./text";

/** The small windows above the bar, at most one at a time. */
export type Choosing = "mic" | "camera" | "both" | "react" | "more" | null;

export interface Opened {
  which: Choosing;
  byHand: boolean;
}

interface DockProps {
  model: MeetingModel;
  opened: Opened;
  open: (which: Choosing, byHand: boolean) => void;
}

/** What opens the larger windows. */
interface Sheets {
  help: () => void;
  settings: () => void;
  record: () => void;
  statistics: () => void;
}

export function Dock(props: DockProps & Sheets) {
  const { model, opened, open } = props;
  useTold(model.mic.value.problem, () => open("mic", false));
  useTold(model.camera.value.problem, () => open("camera", false));
  return (
    <nav class="dock" aria-label={t("Meeting controls")}>
      <OpenWindow {...props} />
      <Senders model={model} opened={opened} open={open} />
      <Hand model={model} opened={opened} open={open} />
      <Panels model={model} />
      <Opener which="more" label={t("More")} icon={<MoreIcon />} opened={opened} open={open} />
      <Control
        label={t("Leave")}
        word={t("Leave")}
        icon={<LeaveIcon />}
        kind="leave"
        press={() => model.leave()}
      />
    </nav>
  );
}

function OpenWindow({ model, opened, open, ...sheets }: DockProps & Sheets) {
  const { which, byHand } = opened;
  const close = (): void => open(null, true);
  if (which === "react") return <ReactionPicker model={model} focus={byHand} close={close} />;
  if (which === "more") return <More model={model} focus={byHand} {...sheets} close={close} />;
  return (
    which && <DeviceMenu key={which} which={which} model={model} focus={byHand} close={close} />
  );
}

function Hand({ model, opened, open }: DockProps) {
  const raised = model.signs.raised.value;
  return (
    <div class="dock-group">
      <Control
        label={raised ? t("Lower hand") : t("Raise hand")}
        word={raised ? t("Lower") : t("Hand")}
        icon={<HandIcon />}
        kind={raised ? "on" : ""}
        press={() => model.signs.toggleHand()}
        keys="H"
      />
      <Opener
        which="react"
        label={t("Reactions")}
        kind="only-wide"
        icon={<LaughIcon />}
        opened={opened}
        open={open}
      />
    </div>
  );
}

interface OpenerProps extends Omit<DockProps, "model"> {
  which: "react" | "more";
  label: string;
  icon: JSX.Element;
  kind?: string;
}

/** A round button that opens a small window above it. */
function Opener({ which, label, icon, kind = "", opened, open }: OpenerProps) {
  const shown = opened.which === which;
  return (
    <button
      type="button"
      class={`control round-control ${kind}`}
      data-opens
      aria-label={label}
      aria-haspopup="dialog"
      aria-expanded={shown}
      title={label}
      onClick={() => open(shown ? null : which, true)}
    >
      {icon}
    </button>
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
  const barred = model.host.barred.value;
  return (
    <div class="dock-group">
      <div class="split">
        <Control
          label={mic.on ? t("Mute microphone") : t("Unmute microphone")}
          barred={barred.mic ? t("The host has muted you.") : ""}
          word={mic.on ? t("Mute") : t("Unmute")}
          icon={mic.on ? <MicIcon /> : <MicOffIcon />}
          kind={mic.on ? "" : "off"}
          press={() => model.toggleMic()}
          keys="M"
        />
        <Chooser which="mic" label={t("Choose microphone")} opened={opened} open={open} />
      </div>
      <div class="split">
        <Control
          label={camera.on ? t("Turn camera off") : t("Turn camera on")}
          barred={barred.camera ? t("The host keeps your camera off.") : ""}
          word={camera.on ? t("Camera off") : t("Camera on")}
          icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
          kind={camera.on ? "" : "off"}
          press={() => model.toggleCamera()}
          keys="V"
        />
        <Chooser which="camera" label={t("Choose camera")} opened={opened} open={open} />
      </div>
      {model.canShare.value && (
        <Control
          label={sharing ? t("Stop sharing") : t("Share screen")}
          barred={barred.screen ? t("The host does not let you share.") : ""}
          word={sharing ? t("Stop sharing") : t("Share")}
          icon={sharing ? <StopScreenIcon /> : <ScreenIcon />}
          kind={sharing ? "on only-wide" : "only-wide"}
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
      data-opens
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
  const waiting = model.door.access.value.waiting.length;
  const hands = model.signs.hands.value;
  return (
    <div class="dock-group">
      <Control
        label={t("People")}
        word={t("People")}
        icon={<PeopleIcon />}
        pressed={panel === "people"}
        press={press("people")}
        keys="P"
        count={waiting || hands}
        counted={waiting ? countWaiting(waiting) : tn(hands, "{n} hand is up", "{n} hands are up")}
      />
      <Control
        label={t("Chat")}
        word={t("Chat")}
        icon={<ChatIcon />}
        pressed={panel === "chat"}
        press={press("chat")}
        keys="C"
        count={model.unread.value}
        counted={tn(model.unread.value, "{n} unread message", "{n} unread messages")}
      />
      <Control
        label={t("Security")}
        word={t("Security")}
        icon={<SealIcon />}
        kind="only-wide"
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
