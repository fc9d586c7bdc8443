/** The meeting: its stage, its dock and what opens over them. */
import { notHidden, outOfKeys } from "../call/problems";
import { speak, t } from "../call/words";
import { problemOf } from "../media/devices";
import { names, noKeys, nothing, person, security, tile } from "./gallery-model";
import { END, lively, meeting, press, run, type States, talk } from "./gallery-parts";

export const stage: States = {
  "meeting-1": (f) => void meeting(f, 1),
  "meeting-2": (f) => void meeting(f, 2, {}, { speaking: true }),
  "meeting-4": (f) => void meeting(f, 4, ...lively),
  "meeting-9": (f) => void meeting(f, 9, ...lively),
  "meeting-25": (f) => {
    meeting(f, 25, ...lively);
  },
  long: (f) => {
    const unbroken = "W".repeat(64);
    const m = meeting(f, 4, {}, { name: names[3]!, muted: true }, { name: unbroken, away: true });
    m.title.value = "Extraordinary general assembly on the reorganisation of the waters";
    m.panel.value = "people";
    m.people.value = m.tiles.value.map(person);
  },
  waiting: (f) => {
    const m = meeting(f, 4, {}, {}, { video: "waiting" }, { video: "waiting" });
    m.security.value = noKeys();
  },
  weak: (f) => {
    const m = meeting(
      f,
      4,
      {},
      { mark: "lossy" },
      { mark: "stopped", video: "off" },
      {
        name: names[3]!,
        video: "waiting",
        waitingText: t("Your connection is too weak for the picture of {name}", {
          name: names[3]!,
        }),
      },
    );
    m.panel.value = "people";
    m.people.value = m.tiles.value.map(person);
  },
  muted: (f) => {
    const m = meeting(f, 3, { muted: true, video: "off" }, { muted: true }, { muted: true });
    m.mic.value = { ...m.mic.value, on: false };
    m.camera.value = { ...m.camera.value, on: false };
  },
  speaking: (f) => void meeting(f, 3, { speaking: true }, { speaking: true }, {}),
  share: (f) => {
    const m = meeting(f, 5, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
  },
  "share-2": (f) => {
    const m = meeting(f, 2);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
  },
  "share-two": (f) => {
    const m = meeting(f, 5, ...lively);
    const screens = [0, 1].map((n) => tile(n, { source: "screen", video: "on" }));
    m.tiles.value = [...screens, ...m.tiles.value];
  },
  "share-waiting": (f) => {
    const m = meeting(f, 5, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "waiting" }), ...m.tiles.value];
    m.panel.value = "chat";
    talk(m);
  },
  "share-25": (f) => {
    const m = meeting(f, 25, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
  },
  sharing: (f) => {
    meeting(f, 3).sharing.value = true;
  },
  connecting: (f) => {
    const m = meeting(f, 1);
    m.connection.value = "connecting";
    m.security.value = security({ connection: "connecting", member: false, code: [], emoji: [] });
  },
  reconnecting: (f) => {
    const m = meeting(f, 4, {}, { away: true });
    m.connection.value = "reconnecting";
    m.security.value = security({ connection: "reconnecting" });
  },
  hands: (f) => {
    const m = meeting(
      f,
      9,
      { hand: 2, reaction: "heart" },
      { hand: 1, speaking: true },
      { reaction: "applause" },
      { reaction: "thumb", muted: true },
      { reaction: "laugh" },
      { reaction: "surprise" },
      { hand: 3, reaction: "party" },
    );
    m.signs.raised.value = true;
    m.signs.hands.value = 3;
    m.panel.value = "people";
  },
  "hands-25": (f) => {
    const m = meeting(f, 25, {}, { hand: 1 }, { reaction: "applause", hand: 2 }, {}, { hand: 3 });
    m.signs.hands.value = 3;
  },
  more: (f) => {
    meeting(f, 4, ...lively);
    press("More");
  },
  settings: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Settings");
  },
  "settings-end": (f) => {
    const m = meeting(f, 4, ...lively);
    m.settings.saving.value = true;
    press("More", "Settings", END);
  },
  "muted-hint": (f) => {
    const m = meeting(f, 4, { muted: true });
    m.mic.value = { ...m.mic.value, on: false };
    m.settings.mutedHint.value = true;
  },
  keyboard: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Keyboard");
  },
  "keyboard-end": (f) => {
    meeting(f, 4, ...lively);
    press("More", "Keyboard", END);
  },
  german: (f) => {
    void speak("de");
    const m = meeting(f, 9, { hand: 1 }, ...lively);
    m.panel.value = "security";
  },
  "spanish-settings": (f) => {
    void speak("es");
    meeting(f, 4, ...lively);
    press("Más", "Ajustes");
  },
  recording: (f) => {
    const m = meeting(f, 4, ...lively);
    m.recording.by.value = new Set(["s0", "s1"]);
    m.panel.value = "people";
  },
  "recording-telling": (f) => {
    meeting(f, 4, ...lively).recording.state.value = "telling";
  },
  "recording-many": (f) => {
    const m = meeting(f, 9, ...lively);
    m.recording.by.value = new Set(["s0", "s1", "s3", "s6"]);
  },
  "recording-own": (f) => {
    const m = meeting(f, 4, ...lively);
    m.recording.state.value = "on";
    m.recording.by.value = new Set(["self"]);
  },
  record: (f) => {
    meeting(f, 4, ...lively);
    press("More", "Record…");
  },
  "record-plain": (f) => {
    meeting(f, 4, ...lively);
    press("More", "Record…", "Seal it with a passphrase");
  },
  board: (f) => {
    const m = meeting(f, 4, ...lively);
    const by = { session: "s0", name: "Legal desk", size: 2, text: "" };
    m.board.strokes.value = [
      { ...by, id: "1", shape: "box", ink: 3, points: [400, 900, 1500, 2000] },
      { ...by, id: "2", shape: "oval", ink: 2, points: [2500, 800, 3600, 2100] },
      { ...by, id: "3", shape: "line", ink: 0, points: [1500, 1450, 2500, 1450] },
      { ...by, id: "4", shape: "text", ink: 3, points: [620, 1520], text: "Draft" },
      { ...by, id: "5", shape: "text", ink: 2, points: [2720, 1520], text: "Board" },
      {
        ...by,
        id: "6",
        shape: "pen",
        ink: 1,
        size: 1,
        points: [420, 2600, 700, 2500, 900, 2660, 1200, 2520, 1500, 2640, 1900, 2560],
      },
    ];
    m.board.own.value = 2;
    m.board.open.value = true;
  },
  "board-empty": (f) => {
    const m = meeting(f, 2);
    m.host.barred.value = { ...nothing, chat: true };
    m.board.open.value = true;
  },
  statistics: (f) => {
    const m = meeting(f, 4, ...lively);
    const stream = { seat: -1, layer: "", codec: "VP8", width: 1280, height: 720, rate: 30 };
    const quality = { bits: 1_612_000, lost: 0.004, jitter: 6, roundTrip: 31, name: "" };
    m.statistics.rows.value = [
      { id: "1", source: "camera", ...stream, ...quality, layer: "f" },
      { id: "2", source: "camera", ...stream, ...quality, layer: "h", width: 640, height: 360 },
      { id: "3", source: "mic", ...stream, ...quality, codec: "opus", width: 0, bits: 41_000 },
      { id: "4", source: "camera", ...stream, ...quality, seat: 0, name: "Legal desk" },
      {
        id: "5",
        source: "mic",
        ...stream,
        ...quality,
        codec: "opus",
        width: 0,
        seat: 9,
        name: names[5] ?? "",
      },
    ];
    m.statistics.counters.value = {
      sealed: { mic: 8_120, camera: 14_300, screen: 0, "screen-audio": 0 },
      unsealed: { mic: 2, camera: 1, screen: 0, "screen-audio": 0 },
      opened: 68_214,
      dropped: {
        noKey: 12,
        wrongOwner: 0,
        withheld: 0,
        badTag: 0,
        replay: 0,
        malformed: 0,
        empty: 3,
      },
      sealMicros: 41,
      openMicros: 38,
    };
    press("More", "Statistics");
  },
  "statistics-empty": (f) => {
    meeting(f, 1);
    press("More", "Statistics");
  },
  "settings-background": (f) => {
    const m = meeting(f, 3);
    m.settings.background.value = "picture";
    m.settings.noise.value = true;
    m.settings.backgroundState.value = "Loading…";
    press("More", "Settings");
  },
  "camera-unhidden": (f) => {
    const m = meeting(f, 3, { video: "off" });
    const action = { label: "Show my background", run };
    m.camera.value = { ...m.camera.value, on: false, problem: { ...notHidden, action } };
    press("Choose camera|Devices");
  },
  "camera-denied": (f) => {
    const m = meeting(f, 3, { video: "off", muted: true });
    const action = { label: "Try again", run };
    const off = { on: false, devices: [], chosen: "" };
    m.camera.value = {
      ...off,
      problem: { ...problemOf("camera", { name: "NotAllowedError" }), action },
    };
    m.mic.value = { ...off, problem: { ...problemOf("mic", { name: "NotAllowedError" }), action } };
    press("Choose camera|Devices");
  },
  "camera-unsealed": (f) => {
    const m = meeting(f, 3, { video: "off" });
    m.camera.value = { ...m.camera.value, on: false, problem: outOfKeys };
    press("Choose camera|Devices");
  },
  devices: (f) => {
    meeting(f, 4, ...lively);
    press("Choose microphone|Devices");
  },
  "from-the-right": (f) => {
    document.documentElement.dir = "rtl";
    const m = meeting(f, 9, { hand: 1, muted: true }, ...lively);
    talk(m);
    m.panel.value = "chat";
  },
  reactions: (f) => {
    meeting(f, 4, ...lively);
    press("Reactions|More");
  },
  "meeting-49": (f) => void meeting(f, 49, ...lively),
  "meeting-60": (f) => {
    meeting(f, 60, ...lively).layout.page.value = 1;
  },
  pinned: (f) => {
    meeting(f, 9, ...lively).layout.pin("s1 camera");
  },
  spotlight: (f) => {
    meeting(f, 9, ...lively).spotlight.key.value = "s1 camera";
  },
  "speaker-25": (f) => {
    const m = meeting(f, 25, ...lively);
    m.layout.setMode("speaker");
    m.layout.lead.value = { ...m.layout.lead.value, session: "s0" };
  },
  "speaker-2": (f) => {
    meeting(f, 2, ...lively).layout.mode.value = "speaker";
  },
  "speaker-9": (f) => {
    const m = meeting(f, 9, ...lively);
    m.layout.setMode("speaker");
    m.layout.pin("s1 camera");
  },
  "own-hidden": (f) => {
    meeting(f, 5, ...lively).layout.hideOwn(true);
  },
  "own-moved": (f) => {
    meeting(f, 3, ...lively).layout.moveOwn();
  },
  "own-moved-share": (f) => {
    const m = meeting(f, 5, ...lively);
    m.tiles.value = [tile(0, { source: "screen", video: "on" }), ...m.tiles.value];
    m.layout.moveOwn("start-bottom");
  },
  "audio-only": (f) => {
    const m = meeting(f, 6, {}, ...Array.from({ length: 5 }, () => ({ video: "off" }) as const));
    m.layout.setAudioOnly(true);
  },
};
