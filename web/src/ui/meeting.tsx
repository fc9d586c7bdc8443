import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { MeetingModel } from "../call/model";
import { t } from "../call/words";
import { type Choosing, Dock, type Opened, useDeviceMenu } from "./dock";
import { Outside, WaitingBanner } from "./door";
import {
  DevicesIcon,
  KeyboardIcon,
  LinkIcon,
  Mark,
  MicOffIcon,
  ScreenIcon,
  SealIcon,
  WaitIcon,
} from "./icons";
import {
  holdToTalk,
  listenToChords,
  pinOf,
  type Shortcut,
  shortcutOf,
  singleKeys,
  takesKeys,
} from "./keys";
import { lazy } from "./lazy";
import { toggleFullScreen } from "./more";
import { Notices } from "./notices";
import { OpenPanel } from "./panel";
import { closePicture } from "./pip";
import { RecordedStage, RecordingChip, RecordSheet } from "./recording";
import { countApart } from "./security";
import { SignsAloud } from "./signs";
import { Stage } from "./stage";
import { countPeople, countWaiting, timeOfDay } from "./text";

// Sheets that few open are no part of the join page.
const SettingsSheet = lazy<{ model: MeetingModel; close: () => void }>(
  async () => (await import("./settings")).SettingsSheet,
);
const Help = lazy<{ close: () => void }>(async () => (await import("./help")).Help);
const BoardSheet = lazy<{ model: MeetingModel }>(async () => (await import("./board")).BoardSheet);
const StatisticsSheet = lazy<{ model: MeetingModel; close: () => void }>(
  async () => (await import("./statistics")).StatisticsSheet,
);

export function MeetingScreen({ model }: { model: MeetingModel }) {
  const help = useSignal(false);
  const settings = useSignal(false);
  const record = useSignal(false);
  const statistics = useSignal(false);
  const { opened, open } = useDeviceMenu();
  useShortcuts(model, () => {
    help.value = true;
  });
  useEffect(() => closePicture, []);
  return (
    <div class={model.panel.value ? "meeting with-panel" : "meeting"}>
      <header class="bar">
        <p class="mark">
          <Mark />
        </p>
        <h1 tabIndex={-1} dir="auto">
          {model.title.value || t("Meeting")}
        </h1>
        <Seal model={model} />
        <RecordingChip model={model} />
        <span class="space" />
        <Clock />
        <button
          type="button"
          class="round only-wide"
          aria-label={t("Keyboard")}
          title={t("Keyboard (?)")}
          onClick={() => {
            help.value = true;
          }}
        >
          <KeyboardIcon />
        </button>
        <DevicesButton opened={opened} open={open} />
      </header>
      <main class="main" aria-label={t("Stage")}>
        <Stage model={model} />
        <RecordedStage model={model} />
        <Overlay model={model} />
        <WaitingStatus model={model} />
        <MutedHint model={model} />
        <Notices model={model} />
        <SignsAloud model={model} />
      </main>
      <OpenPanel model={model} />
      <Dock
        model={model}
        opened={opened}
        open={open}
        help={() => {
          help.value = true;
        }}
        settings={() => {
          settings.value = true;
        }}
        record={() => {
          record.value = true;
        }}
        statistics={() => {
          statistics.value = true;
        }}
      />
      {settings.value && (
        <SettingsSheet
          model={model}
          close={() => {
            settings.value = false;
          }}
        />
      )}
      {statistics.value && (
        <StatisticsSheet
          model={model}
          close={() => {
            statistics.value = false;
          }}
        />
      )}
      {model.board.open.value && <BoardSheet model={model} />}
      {record.value && (
        <RecordSheet
          model={model}
          close={() => {
            record.value = false;
          }}
        />
      )}
      {help.value && (
        <Help
          close={() => {
            help.value = false;
          }}
        />
      )}
    </div>
  );
}

interface DevicesButtonProps {
  opened: Opened;
  open: (which: Choosing, byHand: boolean) => void;
}

/** Where the bar is too narrow for a chooser beside each button, one above does for both. */
function DevicesButton({ opened, open }: DevicesButtonProps) {
  const shown = opened.which === "both";
  return (
    <button
      type="button"
      class="round only-narrow"
      data-opens
      aria-label={t("Devices")}
      aria-haspopup="dialog"
      aria-expanded={shown}
      onClick={() => open(shown ? null : "both", true)}
    >
      <DevicesIcon />
    </button>
  );
}

/** What the meeting is, in four words; a click says what it means. */
function Seal({ model }: { model: MeetingModel }) {
  const { seal, sealed } = model.security.value;
  return (
    <>
      <button
        type="button"
        class={sealed ? "seal sealed" : "seal"}
        title={t("What this means (S)")}
        onClick={() => model.openPanel("security")}
      >
        {sealed ? <SealIcon /> : <WaitIcon />}
        <span>{t(seal)}</span>
        {sealed && <span class="only-wide">· {countPeople(model.people.value.length)}</span>}
      </button>
      <span class="hidden" role="status">
        {t(seal)}
      </span>
    </>
  );
}

/** What lies over the stage and moves nothing. */
function Overlay({ model }: { model: MeetingModel }) {
  const alone = model.people.value.length <= 1 && model.security.value.sealed;
  if (model.connection.value === "reconnecting")
    return (
      <p class="banner warn" role="status">
        <WaitIcon /> {t("Reconnecting. The server does not answer; you will be back by yourself.")}
      </p>
    );
  if (model.door.outside.value) return <Outside door={model.door} />;
  const apart = model.security.value.apart.length;
  if (apart > 0 && model.panel.value !== "security")
    return (
      <div class="banner warn" role="status">
        <WaitIcon />
        <span>{countApart(apart)}</span>
        <button type="button" class="plain small" onClick={() => model.openPanel("security")}>
          {t("What to do")}
        </button>
      </div>
    );
  if (model.door.access.value.waiting.length > 0 && model.panel.value !== "people")
    return <WaitingBanner door={model.door} show={() => model.openPanel("people")} />;
  if (model.sharing.value)
    return (
      <p class="banner" role="status">
        <ScreenIcon />
        {t("The others see your screen.")}
      </p>
    );
  if (alone)
    return (
      <div class="alone">
        <div>
          <h2>{t("You are the first one here.")}</h2>
          <p class="soft">{t("Send the link to those who should come, by a way you trust.")}</p>
        </div>
        <button type="button" class="primary" onClick={() => model.copyLink()}>
          <LinkIcon />
          {t("Copy invitation link")}
        </button>
      </div>
    );
  return null;
}

/** Read out when somebody comes to the lobby or goes; the names are on the screen. */
function WaitingStatus({ model }: { model: MeetingModel }) {
  const n = model.door.access.value.waiting.length;
  return (
    <p class="hidden" role="status">
      {n > 0 && countWaiting(n)}
    </p>
  );
}

/** A device without keys. */
const TOUCH = "(hover: none) and (pointer: coarse)";

/** Somebody talks and nobody hears it. */
function MutedHint({ model }: { model: MeetingModel }) {
  const shown = model.settings.mutedHint.value;
  return (
    <p class={shown ? "muted-hint" : "hidden"} role="status">
      {shown && (
        <>
          <MicOffIcon />
          {model.settings.pushToTalk.value && !matchMedia(TOUCH).matches
            ? t("You are muted. Hold the space bar to talk.")
            : t("You are muted.")}
        </>
      )}
    </p>
  );
}

const MINUTE = 60_000; // ms

function Clock() {
  const now = useSignal(Date.now());
  useEffect(() => {
    const id = setInterval(
      () => {
        now.value = Date.now();
      },
      MINUTE / 6, // at most ten seconds behind
    );
    return () => clearInterval(id);
  }, []);
  return (
    <time class="clock only-wide" dateTime={timeOfDay(now.value)}>
      {timeOfDay(now.value)}
    </time>
  );
}

function useShortcuts(model: MeetingModel, help: () => void): void {
  useEffect(() => {
    const run: Record<Shortcut, () => void> = {
      mic: () => model.toggleMic(),
      camera: () => model.toggleCamera(),
      hand: () => model.signs.toggleHand(),
      layout: () => model.layout.setMode(model.layout.mode.value === "grid" ? "speaker" : "grid"),
      full: toggleFullScreen,
      people: () => model.openPanel("people"),
      chat: () => model.openPanel("chat"),
      security: () => model.openPanel("security"),
      help,
    };
    const press = (e: KeyboardEvent): void => {
      if (e.key === "Escape" && model.panel.value && !(e.target as Element).closest?.("dialog")) {
        model.openPanel(null);
        return;
      }
      const { key, ctrlKey, metaKey, altKey, repeat, target } = e;
      const pressed = { key, ctrlKey, metaKey, altKey, repeat, taken: takesKeys(target) };
      const shortcut = shortcutOf(pressed);
      const tile = model.tiles.value[pinOf(pressed) ?? -1];
      if (!singleKeys() || (!shortcut && !tile)) return;
      e.preventDefault(); // the letter must not be typed into what opens
      if (shortcut) run[shortcut]();
      else if (tile) model.layout.pin(tile.key);
    };
    addEventListener("keydown", press);
    const deaf = listenToChords(run);
    const quiet = holdToTalk(model);
    return () => {
      removeEventListener("keydown", press);
      deaf();
      quiet();
    };
  }, [model]);
}
