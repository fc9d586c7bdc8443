/** A view model that shows any state and does what its buttons say, with nobody at the other end. */
import { type Signal, signal } from "@preact/signals";
import { Layout, type Lead } from "../call/layout";
import type {
  Access,
  AppModel,
  Background,
  Barred,
  BoardModel,
  ChatMessage,
  CheckModel,
  DeviceChoice,
  DoorModel,
  FilesModel,
  HostModel,
  Incoming,
  Kept,
  KeptModel,
  LandingModel,
  LayoutModel,
  MeetingModel,
  Notice,
  Outgoing,
  Outside,
  Panel,
  Person,
  PollModel,
  PollsModel,
  Problem,
  RecordingModel,
  Screen,
  Security,
  SettingsModel,
  SignsModel,
  SpotlightModel,
  StatisticsModel,
  StreamRow,
  TileModel,
  VersionModel,
  Waiting,
} from "../call/model";
import { type SecurityInput, securityOf } from "../call/security";
import type { Reading } from "../call/signs";
import { speak } from "../call/words";
import { ACT, type Counters, type MeetingRules } from "../e2ee/protocol";
import { face, slide } from "./gallery-faces";

/** A signal that the gallery may set. */
type Settable<T> = {
  [K in keyof T]: T[K] extends { readonly value: infer V; peek(): unknown } ? Signal<V> : T[K];
};

export interface Fake extends AppModel {
  screen: Signal<Screen>;
  stopped: Signal<Problem | null>;
  landing: Settable<LandingModel>;
  check: Settable<CheckModel>;
  kept: Settable<KeptModel>;
  version: Settable<VersionModel>;
  meeting: Settable<
    Omit<
      MeetingModel,
      | "signs"
      | "layout"
      | "settings"
      | "door"
      | "host"
      | "spotlight"
      | "board"
      | "recording"
      | "version"
      | "statistics"
      | "files"
      | "polls"
    >
  > & {
    polls: Settable<PollsModel>;
    recording: Settable<RecordingModel>;
    version: Settable<VersionModel>;
    statistics: Settable<StatisticsModel>;
    files: Settable<FilesModel>;
    settings: Settable<SettingsModel>;
    signs: Settable<SignsModel>;
    layout: Settable<LayoutModel>;
    door: Settable<DoorModel>;
    host: Settable<HostModel>;
    spotlight: Settable<SpotlightModel>;
    board: Settable<BoardModel>;
  };
}

export const names = [
  "Legal desk",
  "Newsroom",
  "Field office",
  "Marguerite Vandenberghe-Oyelaran",
  "Ann",
  "نورا الحسن",
  "Ben Okafor",
  "Cleo",
  "Archive",
  "松本 遥",
  "Desk 4",
  "Tomasz Wiśniewski",
];
const nameOf = (n: number): string => names[n % names.length] + (n >= names.length ? ` ${n}` : "");

export const devices: DeviceChoice = {
  on: true,
  devices: [
    { id: "1", label: "Built-in camera" },
    { id: "2", label: "Studio display, the one by the window (05ac:1112)" },
  ],
  chosen: "1",
  problem: null,
};
export const mics: DeviceChoice = {
  ...devices,
  devices: [
    { id: "1", label: "Built-in microphone" },
    { id: "2", label: "Headset" },
  ],
};

export function tile(n: number, part: Partial<TileModel> = {}): TileModel {
  const self = n < 0;
  const session = self ? "self" : `s${n}`;
  const source = part.source ?? "camera";
  const video = part.video ?? (n % 4 === 3 ? "off" : "on");
  const name = self ? "Ada Keller" : nameOf(n);
  return {
    key: `${session} ${source}`,
    session,
    source,
    name,
    self,
    stream: video === "on" ? (source === "screen" ? slide() : face(n + 1)) : null,
    video,
    waitingText: `Receiving the keys of ${name}, usually under 2 seconds`,
    muted: false,
    speaking: false,
    away: false,
    mark: "",
    mirrored: self && source === "camera",
    hand: 0,
    reaction: null,
    ...part,
  };
}

export const nothing: Barred = { mic: false, camera: false, screen: false, chat: false };

export const person = (t: TileModel, n: number): Person => ({
  session: t.session,
  name: t.name,
  self: t.self,
  mic: !t.muted,
  camera: t.video !== "off",
  screen: false,
  speaking: t.speaking,
  away: t.away,
  mark: t.mark,
  hand: t.hand,
  role: "speaker",
  barred: nothing,
  note: n === 4 ? "second tab of the same browser" : "",
  seen: n % 3 === 1 ? "first seen today" : "seen before",
  verified: false,
  warning: "",
  device: `${(0x3fa1 + n * 4099).toString(16).slice(-4)} ${(0x90c7 + n * 911).toString(16).slice(-4)}`,
});

export const said = (n: number, text: string, minute: number): ChatMessage => ({
  id: `${n} ${minute} ${text.length}`,
  session: n < 0 ? "self" : `s${n}`,
  name: n < 0 ? "Ada Keller" : nameOf(n),
  self: n < 0,
  text,
  file: null,
  to: "",
  at: new Date(2026, 10, 24, 14, minute).getTime(),
});

const group = {
  connection: "connected" as const,
  member: true,
  emoji: [..."🐧🌲🎺🔥🚗🐎🍎📷🐸🌙🌍🐬🌽⚓🌻👢"],
  code: ["48201", "77390", "15526", "09914", "63087", "20455"],
  epoch: 12,
  apart: [],
  crowded: false,
  codec: "video/VP8",
  postQuantum: false,
};
/** What the security panel says: of a group that is well, but for what is given. */
export const security = (part: Partial<SecurityInput> = {}): Security =>
  securityOf({ ...group, ...part });

export const noKeys = (): Security => security({ member: false, code: [], emoji: [] });

/** You and n-1 others. */
export function fill(m: Fake["meeting"], n: number, change: Partial<TileModel>[] = []): void {
  const own = tile(-1, change[0]);
  const tiles = [own, ...Array.from({ length: n - 1 }, (_, i) => tile(i, change[i + 1]))];
  m.tiles.value = tiles;
  m.people.value = tiles.map(person);
}

export function makeFake(): Fake {
  const screen = signal<Screen>("landing");
  const show = (s: Screen) => (): void => {
    screen.value = s;
  };
  return {
    screen,
    stopped: signal<Problem | null>(null),
    landing: {
      busy: signal(false),
      problem: signal<Problem | null>(null),
      operator: signal(false),
      welcome: signal(""),
      newMeeting: show("check"),
      openLink: show("check"),
    },
    check: makeCheck(show("meeting")),
    meeting: makeMeeting(show("left")),
    kept: { list: signal<readonly Kept[]>([]), save: () => {}, remove: () => {} },
    version: makeVersion(),
    rejoin: show("check"),
    home: show("landing"),
  };
}

const flip = (s: Signal<DeviceChoice>) => (): void => {
  s.value = { ...s.value, on: !s.value.on };
};
const choose =
  (s: Signal<DeviceChoice>) =>
  (chosen: string): void => {
    s.value = { ...s.value, chosen };
  };

function makeCheck(join: () => void): Fake["check"] {
  const camera = signal(devices);
  const mic = signal(mics);
  const speaker = signal<DeviceChoice | null>(null);
  const name = signal("Ada Keller");
  return {
    title: signal("Board, 3rd quarter"),
    people: signal<number | null>(3),
    name,
    nameHint: signal(""),
    camera,
    mic,
    speaker,
    preview: signal<MediaStream | null>(null),
    mirror: signal(true),
    level: signal(0.55),
    joining: signal(false),
    canJoin: signal(true),
    problem: signal<Problem | null>(null),
    setName: (n) => {
      name.value = n;
    },
    toggleCamera: flip(camera),
    toggleMic: flip(mic),
    chooseCamera: choose(camera),
    chooseMic: choose(mic),
    chooseSpeaker: () => {},
    join,
  };
}

function makeSigns(): Settable<SignsModel> {
  const raised = signal(false);
  const hands = signal(0);
  return {
    raised,
    hands,
    reading: signal<Reading | null>(null),
    toggleHand: () => {
      raised.value = !raised.value;
      hands.value += raised.value ? 1 : -1;
    },
    react: () => {},
  };
}

export const speakers: DeviceChoice = {
  ...devices,
  devices: [
    { id: "1", label: "Built-in speaker" },
    { id: "2", label: "Headset" },
  ],
};

function makeSettings(): Settable<SettingsModel> {
  const [mirror, pushToTalk, follow] = [signal(true), signal(true), signal(true)];
  const saving = signal(false);
  const speaker = signal<DeviceChoice | null>(speakers);
  const noise = signal(false);
  const set = (s: Signal<boolean>) => (on: boolean) => {
    s.value = on;
  };
  return {
    speaker,
    level: signal(0.55),
    mirror,
    pushToTalk,
    follow,
    saving,
    noise,
    background: signal<Background>("none"),
    backgroundState: signal(""),
    picture: signal(""),
    noiseState: signal(""),
    mutedHint: signal(false),
    chooseLanguage: (l) => void speak(l),
    setMirror: set(mirror),
    setPushToTalk: set(pushToTalk),
    setFollow: set(follow),
    setSaving: set(saving),
    setNoise: set(noise),
    setBackground: () => {},
    setPicture: () => {},
    chooseSpeaker: (id) => {
      speaker.value = { ...speakers, chosen: id };
    },
    testSpeaker: () => {},
    hold: () => {},
  };
}

function makeBoard(): Settable<BoardModel> {
  const open = signal(false);
  return {
    open,
    strokes: signal([]),
    own: signal(0),
    show: (on) => {
      open.value = on;
    },
    draw: () => true,
    undo: () => {},
    clear: () => {},
  };
}

function makeLayout(): Settable<LayoutModel> {
  const l = new Layout({ get: () => null, set: () => {}, remove: () => {} });
  const { mode, pinned, ownHidden, ownPlace, audioOnly, page } = l;
  return {
    mode,
    pinned,
    ownHidden,
    ownPlace,
    audioOnly,
    page,
    lead: l.lead as Signal<Lead>,
    setMode: (m) => l.setMode(m),
    pin: (key) => l.pin(key),
    hideOwn: (h) => l.hideOwn(h),
    moveOwn: (to) => l.moveOwn(to),
    setAudioOnly: (on) => l.setAudioOnly(on),
    turnTo: (p) => l.turnTo(p),
  };
}

function makeDoor(): Fake["meeting"]["door"] {
  const access = signal<Access>({ moderates: false, lobby: false, locked: false, waiting: [] });
  const set = (part: Partial<Access>): void => {
    access.value = { ...access.value, ...part };
  };
  const without = (gone: (w: Waiting) => boolean): void =>
    set({ waiting: access.value.waiting.filter((w) => !gone(w)) });
  return {
    access,
    outside: signal<Outside>(""),
    written: signal(""),
    write: () => {},
    mayRestart: signal(false),
    restart: () => {},
    setLobby: (lobby) => set({ lobby }),
    setLocked: (locked) => set({ locked }),
    admit: (asks) => without((w) => asks.includes(w.ask)),
    remove: (session) => without((w) => w.session === session),
    sendBack: () => {},
  };
}

function makeVersion(): Settable<VersionModel> {
  return {
    pinned: signal("3fa190c7".repeat(8)),
    since: signal(Date.UTC(2026, 8, 1, 9)),
    offered: signal(""),
    broken: signal(false),
    taking: signal(false),
    take: () => {},
    refuse: () => {},
  };
}

function makeRecording(): Fake["meeting"]["recording"] {
  const state = signal<"off" | "telling" | "on" | "ending">("off");
  return {
    possible: true,
    state,
    by: signal<ReadonlySet<string>>(new Set()),
    start: () => {
      state.value = "on";
    },
    stop: () => {
      state.value = "off";
    },
    place: () => {},
  };
}

function makeHost(): Settable<HostModel> {
  const rules = signal<MeetingRules>({
    lobby: false,
    locked: false,
    withheld: 0,
    full: 0,
    locks: 0,
    ends: 0,
    hostless: 0,
    keep: 0,
  });
  return {
    moderates: signal(false),
    isHost: signal(false),
    rules,
    barred: signal(nothing),
    rule: (change) => {
      rules.value = { ...rules.value, ...change };
    },
    withhold: (act, on) => {
      const bit = ACT[act];
      const { withheld } = rules.value;
      rules.value = { ...rules.value, withheld: on ? withheld | bit : withheld & ~bit };
    },
    withholdFrom: () => {},
    setRole: () => {},
    mute: () => {},
    endForAll: () => {},
    changeLink: () => {},
  };
}

/** Somebody in the lobby. */
export const waits = (n: number): Waiting => ({
  session: `w${n}`,
  ask: `w${n}`,
  name: nameOf(n),
  seen: n % 2 === 0 ? "first seen today" : "seen before",
  device: "3fa1 90c7",
  verified: false,
  warning: "",
});

function makeFiles(): Settable<FilesModel> {
  return {
    max: signal(100e6),
    outgoing: signal<readonly Outgoing[]>([]),
    incoming: signal<ReadonlyMap<string, Incoming>>(new Map()),
    send: () => {},
    cancel: () => {},
    retry: () => {},
    fetch: () => {},
    stop: () => {},
    save: () => {},
    preview: () => {},
  };
}

function makeMeeting(leave: () => void): Fake["meeting"] {
  const mic = signal(mics);
  const camera = signal(devices);
  const panel = signal<Panel>(null);
  const notices = signal<Notice[]>([]);
  const chat = signal<ChatMessage[]>([]);
  const sharing = signal(false);
  const people = signal<Person[]>([]);
  const volumes = signal<ReadonlyMap<string, number>>(new Map());
  const toggleShare = (): void => {
    sharing.value = !sharing.value;
  };
  return {
    title: signal("Board, 3rd quarter"),
    connection: signal<"connecting" | "connected" | "reconnecting">("connected"),
    tiles: signal<TileModel[]>([]),
    people,
    layout: makeLayout(),
    settings: makeSettings(),
    board: makeBoard(),
    spotlight: { key: signal(""), toggle: () => {} },
    volumes,
    setVolume: (session, volume) => {
      volumes.value = new Map(volumes.value).set(session, volume);
    },
    chat,
    files: makeFiles(),
    polls: {
      list: signal<readonly PollModel[]>([]),
      ask: () => true,
      choose: () => {},
      close: () => {},
    },
    unread: signal(0),
    security: signal(security()),
    panel,
    notices,
    door: makeDoor(),
    recording: makeRecording(),
    statistics: {
      rows: signal<readonly StreamRow[]>([]),
      counters: signal<Counters | null>(null),
      watch: () => () => {},
    },
    version: makeVersion(),
    host: makeHost(),
    mic,
    camera,
    signs: makeSigns(),
    sharing,
    canShare: signal(true),
    link: signal(`https://meet.example.org/r/${"k3j2".repeat(6)}aa#1.${"x9Qr".repeat(10)}`),
    toggleMic: flip(mic),
    toggleCamera: flip(camera),
    toggleShare,
    chooseMic: choose(mic),
    chooseCamera: choose(camera),
    openPanel: (p) => {
      panel.value = panel.value === p ? null : p;
    },
    sendChat: (text) => {
      if (text.trim() === "") return false;
      chat.value = [...chat.value, said(-1, text.trim(), 40 + chat.value.length)];
      return true;
    },
    verify: (on) => {
      people.value = people.value.map((p) => ({ ...p, verified: on && !p.self }));
    },
    copyLink: () => {
      const text =
        "Invitation link copied. Whoever has it can join, so send it by a way you trust.";
      notices.value = [...notices.value, { id: Date.now(), text, kind: "info" }];
    },
    copyText: () => {},
    dismiss: (id) => {
      notices.value = notices.value.filter((n) => n.id !== id);
    },
    setTileSizes: (sizes) => {
      document.documentElement.dataset.tiles = String(sizes.size);
    },
    leave,
  };
}
