import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { MeetingModel, Panel } from "../call/model";
import {
  CameraIcon,
  CameraOffIcon,
  ChatIcon,
  CloseIcon,
  LeaveIcon,
  Mark,
  MicIcon,
  MicOffIcon,
  PeopleIcon,
  ScreenIcon,
  SealIcon,
  WaitIcon,
} from "./icons";
import { ChatPanel, PeoplePanel, SecurityPanel } from "./panels";
import { Stage } from "./stage";

/** Keys that work anywhere but in a field. */
function useShortcuts(model: MeetingModel): void {
  useEffect(() => {
    const press = (e: KeyboardEvent): void => {
      if (e.key === "Escape" && model.panel.value) return model.openPanel(null);
      const target = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      const run: Record<string, () => void> = {
        m: () => model.toggleMic(),
        v: () => model.toggleCamera(),
        p: () => model.openPanel("people"),
        c: () => model.openPanel("chat"),
        s: () => model.openPanel("security"),
      };
      run[e.key.toLowerCase()]?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [model]);
}

export function MeetingScreen({ model }: { model: MeetingModel }) {
  useShortcuts(model);
  const panel = model.panel.value;
  const people = model.people.value.length;
  const security = model.security.value;
  const reconnecting = model.connection.value === "reconnecting";
  return (
    <div class={panel ? "meeting with-panel" : "meeting"}>
      <header class="bar">
        <div class="mark">
          <Mark />
          <h1 tabIndex={-1}>{model.title.value || "Meeting"}</h1>
        </div>
        <p class={security.sealed ? "seal sealed" : "seal"} role="status">
          {security.sealed ? <SealIcon /> : <WaitIcon />}
          {security.seal}
          {security.sealed && ` · ${people === 1 ? "1 person" : `${people} people`}`}
        </p>
      </header>
      <main class="main" aria-label="Stage">
        <Stage model={model} />
        {reconnecting && (
          <p class="banner" role="status">
            Reconnecting. The server does not answer; you will be back by yourself.
          </p>
        )}
        {!reconnecting && people === 1 && (
          <div class="alone">
            <p>You are the first one here.</p>
            <button type="button" class="primary" onClick={() => model.copyLink()}>
              Copy link to invite
            </button>
          </div>
        )}
        <Notices model={model} />
      </main>
      {panel === "people" && <PeoplePanel model={model} />}
      {panel === "chat" && <ChatPanel model={model} />}
      {panel === "security" && <SecurityPanel model={model} />}
      <Dock model={model} panel={panel} />
    </div>
  );
}

function Notices({ model }: { model: MeetingModel }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {model.notices.value.map((n) => (
        <div key={n.id} class={n.kind === "warn" ? "notice warn" : "notice"}>
          <span>{n.text}</span>
          {n.action && (
            <button type="button" class="plain" onClick={n.action.run}>
              {n.action.label}
            </button>
          )}
          <button type="button" class="round quiet" aria-label="Dismiss" onClick={() => model.dismiss(n.id)}>
            <CloseIcon />
          </button>
        </div>
      ))}
    </div>
  );
}

interface DockButtonProps {
  label: string;
  word: string;
  icon: JSX.Element;
  press: () => void;
  kind?: string;
  pressed?: boolean;
  keys?: string;
  count?: number;
}

function DockButton({ label, word, icon, press, kind = "", pressed, keys, count = 0 }: DockButtonProps) {
  return (
    <button
      type="button"
      class={`dock-button ${kind}`}
      aria-label={label}
      aria-pressed={pressed}
      title={keys ? `${label} (${keys})` : label}
      onClick={press}
    >
      {icon}
      <span class="word" aria-hidden="true">
        {word}
      </span>
      {count > 0 && (
        <span class="count" aria-hidden="true">
          {count}
        </span>
      )}
    </button>
  );
}

function Dock({ model, panel }: { model: MeetingModel; panel: Panel }) {
  const mic = model.mic.value;
  const camera = model.camera.value;
  const sharing = model.sharing.value;
  const open = (p: Panel) => () => model.openPanel(p);
  return (
    <nav class="dock" aria-label="Meeting controls">
      <DockButton
        label={mic.on ? "Mute microphone" : "Unmute microphone"}
        word={mic.on ? "Mute" : "Unmute"}
        icon={mic.on ? <MicIcon /> : <MicOffIcon />}
        kind={mic.on ? "" : "off"}
        press={() => model.toggleMic()}
        keys="M"
      />
      <DockButton
        label={camera.on ? "Turn camera off" : "Turn camera on"}
        word="Camera"
        icon={camera.on ? <CameraIcon /> : <CameraOffIcon />}
        kind={camera.on ? "" : "off"}
        press={() => model.toggleCamera()}
        keys="V"
      />
      {model.canShare.value && (
        <DockButton
          label={sharing ? "Stop sharing" : "Share screen"}
          word={sharing ? "Stop" : "Share"}
          icon={<ScreenIcon />}
          kind={sharing ? "on" : ""}
          press={() => model.toggleShare()}
        />
      )}
      <DockButton label="People" word="People" icon={<PeopleIcon />} pressed={panel === "people"} press={open("people")} keys="P" />
      <DockButton label="Chat" word="Chat" icon={<ChatIcon />} pressed={panel === "chat"} press={open("chat")} keys="C" count={model.unread.value} />
      <DockButton label="Security" word="Security" icon={<SealIcon />} pressed={panel === "security"} press={open("security")} keys="S" />
      <DockButton label="Leave" word="Leave" icon={<LeaveIcon />} kind="leave" press={() => model.leave()} />
    </nav>
  );
}
