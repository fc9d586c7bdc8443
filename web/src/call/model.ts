import type { ReadonlySignal } from "@preact/signals-core";
import {
  type Counters,
  MAX_NOTE,
  type MeetingRules,
  type RuleChange,
  type Sign,
  type Stroke,
} from "../e2ee/protocol";
import type { Figures } from "../media/figures";
import type { FileInfo, FilesModel } from "./filesmodel";
import type { Lead } from "./layout";
import type { Mark } from "./quality";
import type { Reading } from "./signs";
import type { Language } from "./words";

/**
 * The view model: all that the screens show and all that people can do. `ui/` draws it and decides nothing;
 * `call/` implements it without touching the DOM tree. A fake of AppModel can show every state.
 */

/** Something that went wrong, in a person's words, with what to do about it. */
export interface Problem {
  code:
    | "camera-denied"
    | "mic-denied"
    | "no-camera"
    | "no-mic"
    | "device-busy"
    | "browser"
    | "link"
    | "refused"
    | "invite"
    | "sign-in"
    | "full"
    | "removed"
    | "relinked"
    | "ended"
    | "rate"
    | "server-gone"
    | "card"
    | "worker"
    | "unsealed"
    | "share"
    | "background";
  title: string;
  text: string;
  /** What the host wrote to us about it. */
  said?: string;
  /** What to press, if anything helps. */
  action?: { label: string; run: () => void };
}

export type Screen = "landing" | "check" | "meeting" | "left" | "stopped";

export interface AppModel {
  screen: ReadonlySignal<Screen>;
  /** Set while screen is "stopped": the meeting or the page can't go on. */
  stopped: ReadonlySignal<Problem | null>;
  landing: LandingModel;
  check: CheckModel;
  meeting: MeetingModel;
  /** Recordings that lie in this browser. */
  kept: KeptModel;
  version: VersionModel;
  /** From "left": join the same meeting again, or go to the landing page. */
  rejoin(): void;
  home(): void;
}

/** A stream in the statistics. */
export interface StreamRow extends Figures {
  /** Whose it is; "" for our own. */
  name: string;
}

export interface StatisticsModel {
  rows: ReadonlySignal<readonly StreamRow[]>;
  counters: ReadonlySignal<Counters | null>;
  /** Reads every second until what it returns is called. */
  watch(): () => void;
}

/** Which client this is. */
export interface VersionModel {
  /** SHA-256 of the manifest of the client that this browser keeps, hex; "": it keeps none. */
  pinned: ReadonlySignal<string>;
  /** Unix ms of when it was taken. */
  since: ReadonlySignal<number>;
  /** Another one that the server has, which the person has not refused; "". */
  offered: ReadonlySignal<string>;
  /** The server's files are not those of the version that it names: nothing is taken from it. */
  broken: ReadonlySignal<boolean>;
  /** It is being loaded. */
  taking: ReadonlySignal<boolean>;
  /** Loads it, and the page anew. */
  take(): void;
  refuse(): void;
}

export interface LandingModel {
  busy: ReadonlySignal<boolean>;
  problem: ReadonlySignal<Problem | null>;
  /** What an invite or admin link that was opened is good for; empty: none was. */
  welcome: ReadonlySignal<string>;
  /** This browser is one of those who run the server. */
  operator: ReadonlySignal<boolean>;
  /** Makes a meeting and goes on to the device check. title may be empty. */
  newMeeting(title: string, postQuantum?: boolean): void;
  /** Takes a pasted link, whole or cut short; problem says what is wrong with it. */
  openLink(text: string): void;
}

export interface Device {
  id: string;
  label: string;
}

export interface DeviceChoice {
  on: boolean;
  devices: Device[];
  chosen: string;
  problem: Problem | null;
}

export interface CheckModel {
  title: ReadonlySignal<string>;
  /** How many are in the meeting now; null while unknown. */
  people: ReadonlySignal<number | null>;
  name: ReadonlySignal<string>;
  /** Why the name can't be used, or "". */
  nameHint: ReadonlySignal<string>;
  camera: ReadonlySignal<DeviceChoice>;
  mic: ReadonlySignal<DeviceChoice>;
  /** Only where the browser can choose one. */
  speaker: ReadonlySignal<DeviceChoice | null>;
  preview: ReadonlySignal<MediaStream | null>;
  mirror: ReadonlySignal<boolean>;
  /** Microphone level, 0 to 1. */
  level: ReadonlySignal<number>;
  joining: ReadonlySignal<boolean>;
  canJoin: ReadonlySignal<boolean>;
  problem: ReadonlySignal<Problem | null>;
  setName(name: string): void;
  toggleCamera(): void;
  toggleMic(): void;
  chooseCamera(id: string): void;
  chooseMic(id: string): void;
  chooseSpeaker(id: string): void;
  join(): void;
}

export interface TileModel {
  /** session + source; stays the same while the tile lives. */
  key: string;
  session: string;
  source: "camera" | "screen";
  name: string;
  self: boolean;
  stream: MediaStream | null;
  /** on: show stream; off: show initials; waiting: keys or first picture not here yet. */
  video: "on" | "off" | "waiting";
  /** What a waiting tile says, e.g. "Receiving the keys of Field office, usually under 2 seconds". */
  waitingText: string;
  /** Our own camera, as in a mirror. */
  mirrored: boolean;
  muted: boolean;
  speaking: boolean;
  away: boolean;
  /** How the connection does, where it is worth a mark. */
  mark: Mark;
  /** The place in the line of raised hands, from 1; 0 while it is down. Screens have none. */
  hand: number;
  /** The reaction that is shown on it. */
  reaction: Sign | null;
}

export interface Person {
  session: string;
  name: string;
  self: boolean;
  mic: boolean;
  camera: boolean;
  screen: boolean;
  speaking: boolean;
  away: boolean;
  /** How the connection does, where it is worth a mark. */
  mark: Mark;
  /** "", or e.g. "another tab of yours". */
  note: string;
  /** "first seen today", "seen before". */
  seen: string;
  /** Eight hex digits in two groups. */
  device: string;
  /** The numbers were compared in this browser with this device among them. Never for ourselves. */
  verified: boolean;
  /** "", or why to look twice at who this is. */
  warning: string;
  /** The place in the line of raised hands, from 1; 0 while it is down. */
  hand: number;
  role: Role;
  /** What the host keeps them from. */
  barred: Barred;
}

/** What somebody may be kept from: to be heard, to be seen, to share a screen, to write. */
export type Act = "mic" | "camera" | "screen" | "chat";
export type Barred = Readonly<Record<Act, boolean>>;
/** A listener sends no media; a moderator acts for the host. */
export type Role = "host" | "moderator" | "speaker" | "listener";

/** What a host decides beside who gets in. */
export interface HostModel {
  /** We may decide. */
  moderates: ReadonlySignal<boolean>;
  /** We are the host. */
  isHost: ReadonlySignal<boolean>;
  rules: ReadonlySignal<MeetingRules>;
  /** What we are kept from. */
  barred: ReadonlySignal<Barred>;
  rule(change: RuleChange): void;
  /** Withholds something from all who are no hosts, or gives it back. */
  withhold(act: Act, on: boolean): void;
  withholdFrom(session: string, act: Act, on: boolean): void;
  setRole(session: string, role: Role): void;
  /** Switches something off at once; of all others where session is "". They can switch it on again. */
  mute(session: string, source: "mic" | "camera" | "screen"): void;
  endForAll(): void;
  /** Makes a new link of the meeting, when all are out who are to be removed. Of the host only. */
  changeLink(): void;
}

export interface DrawnStroke extends Stroke {
  session: string;
  name: string;
}

/** The board that all draw on. */
export interface BoardModel {
  /** In the order in which they lie over each other. */
  strokes: ReadonlySignal<readonly DrawnStroke[]>;
  /** How many of them are ours. */
  own: ReadonlySignal<number>;
  /** It is on the screen. */
  open: ReadonlySignal<boolean>;
  show(on: boolean): void;
  /** False for what could not be drawn: a blank text, or there is no group. */
  draw(stroke: Omit<Stroke, "id">): boolean;
  undo(): void;
  clear(): void;
}

/** The picture that a host shows large to all. */
export interface SpotlightModel {
  /** The key of its tile; "": none. */
  key: ReadonlySignal<string>;
  /** Of hosts only. Showing what is shown ends it. */
  toggle(session: string, source: "camera" | "screen"): void;
}

/** Raised hands and reactions. */
export interface SignsModel {
  /** Our own hand is up. */
  raised: ReadonlySignal<boolean>;
  /** How many hands are up. */
  hands: ReadonlySignal<number>;
  /** What is to be read out of what others did; null: nothing yet. */
  reading: ReadonlySignal<Reading | null>;
  toggleHand(): void;
  react(sign: Sign): void;
}

export type Background = "none" | "blur" | "picture";

/** What is set for this device and remembered on it. */
export interface SettingsModel {
  /** Only where the browser can choose one. */
  speaker: ReadonlySignal<DeviceChoice | null>;
  /** Microphone level, 0 to 1, muted or not. */
  level: ReadonlySignal<number>;
  /** Our own picture is shown as in a mirror. */
  mirror: ReadonlySignal<boolean>;
  /** The space bar unmutes while it is down. */
  pushToTalk: ReadonlySignal<boolean>;
  /** A microphone that is plugged in is used at once. */
  follow: ReadonlySignal<boolean>;
  /** Small cameras are asked for, and our largest picture is not sent. */
  saving: ReadonlySignal<boolean>;
  /** Noise is taken out of our microphone before it is sent. */
  noise: ReadonlySignal<boolean>;
  /** "", or what is to be said about that: it is being loaded, or does not work here. */
  noiseState: ReadonlySignal<string>;
  /** What is behind us: as it is, blurred, or a picture of ours. */
  background: ReadonlySignal<Background>;
  /** "", or what is to be said about that. */
  backgroundState: ReadonlySignal<string>;
  /** The address of the picture that is kept; "": none. */
  picture: ReadonlySignal<string>;
  /** Somebody talks into our muted microphone. */
  mutedHint: ReadonlySignal<boolean>;
  chooseLanguage(language: Language): void;
  setMirror(on: boolean): void;
  setPushToTalk(on: boolean): void;
  setFollow(on: boolean): void;
  setSaving(on: boolean): void;
  setNoise(on: boolean): void;
  /** A picture that is not kept yet has to be given first. */
  setBackground(to: Background): void;
  setPicture(picture: Blob): void;
  chooseSpeaker(id: string): void;
  testSpeaker(): void;
  /** The key of push-to-talk is down, or is up again. */
  hold(down: boolean): void;
}

/** A corner of the stage, by the direction of the text, where our own picture lies over the others'; "": it stands among them. */
export type Corner = "" | "end-bottom" | "start-bottom" | "start-top" | "end-top";

/** How one looks at the meeting; nobody is told. */
export interface LayoutModel {
  mode: ReadonlySignal<"grid" | "speaker">;
  /** The key of the tile that is pinned; "": none. */
  pinned: ReadonlySignal<string>;
  /** Who is in the large picture of the speaker view. */
  lead: ReadonlySignal<Lead>;
  ownHidden: ReadonlySignal<boolean>;
  ownPlace: ReadonlySignal<Corner>;
  /** No camera of others is asked for. */
  audioOnly: ReadonlySignal<boolean>;
  /** From 0; may be beyond the last. */
  page: ReadonlySignal<number>;
  setMode(mode: "grid" | "speaker"): void;
  /** Pinning what is pinned lets it go. */
  pin(key: string): void;
  hideOwn(hidden: boolean): void;
  /** To that corner, or else to the next one; after the last it stands among the others again. */
  moveOwn(to?: Corner): void;
  setAudioOnly(on: boolean): void;
  turnTo(page: number): void;
}

/** Where a picture stands, in px of the whole. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A picture in a recording. */
export interface RecordedTile {
  key: string;
  name: string;
  source: "camera" | "screen";
  stream: MediaStream | null;
  box: Box;
}

/** Recording this meeting on this device. */
export interface RecordingModel {
  /** Where the browser can. */
  readonly possible: boolean;
  /** telling: the others are being told, nothing is recorded yet. */
  state: ReadonlySignal<"off" | "telling" | "on" | "ending">;
  /** The sessions that record, ours included. */
  by: ReadonlySignal<ReadonlySet<string>>;
  /** passphrase null: the file is kept as it is. */
  start(passphrase: string | null): void;
  stop(): void;
  /** Where the pictures stand in the recording of 1280 by 720 px, by key. */
  place(boxes: ReadonlyMap<string, Box>): void;
}

/** A recording in this browser's private files. */
export interface Kept {
  name: string;
  /** Bytes. */
  size: number;
  /** Unix ms of the last write. */
  at: number;
  sealed: boolean;
}

export interface KeptModel {
  list: ReadonlySignal<readonly Kept[]>;
  save(name: string): void;
  remove(name: string): void;
}

export interface ChatMessage {
  id: string;
  session: string;
  name: string;
  self: boolean;
  /** "" for a file. */
  text: string;
  /** What was sent, if it is a file. */
  file: FileInfo | null;
  /** The name of the one person that it is for; "" for everybody. Ours is "you" for others' messages. */
  to: "" | "you" | { name: string };
  at: number; // Unix ms, by this machine's clock
}

export interface PollModel {
  /** session + id. */
  key: string;
  /** Who asks. */
  name: string;
  own: boolean;
  question: string;
  multiple: boolean;
  closed: boolean;
  /** How many have voted. */
  voters: number;
  /** names: who chose it; chosen: we did. */
  options: { text: string; names: string[]; chosen: boolean }[];
}

export interface PollsModel {
  list: ReadonlySignal<readonly PollModel[]>;
  /** Reports whether it was asked: a question, two to ten different answers, and few polls of ours open. */
  ask(question: string, options: readonly string[], multiple: boolean): boolean;
  /** Chooses an option, or takes it back. */
  choose(key: string, option: number): void;
  /** Ends a poll of ours. */
  close(key: string): void;
}

export type * from "./filesmodel";

export interface Security {
  /** Four words at most: "Sealed", "Waiting for keys", "Reconnecting". */
  seal: string;
  sealed: boolean;
  /** Six groups of five digits; empty until the group is there. */
  code: string[];
  /** The same as sixteen emoji; emojiNames has what each is called. */
  emoji: string[];
  epoch: number;
  /** Names of those who are not in sync with us: they may be shown another meeting. */
  apart: string[];
  suite: string;
  /** What those could do who record the meeting until there are quantum computers. */
  quantum: string;
  /** e.g. "VP8 and Opus, sealed with AES-128-GCM (SFrame)". */
  media: string;
  serverSees: string[];
  serverDoesNotSee: string[];
}

export interface Notice {
  id: number;
  text: string;
  kind: "info" | "warn";
  action?: { label: string; run: () => void };
}

/** Whom somebody waits for who is not in; sent: the host has sent him back to the lobby; keys: he cannot follow the group, and tries again. */
export type Outside = "" | "host" | "somebody" | "sent" | "keys";

/** Somebody who waits for the host's word. */
export interface Waiting {
  session: string;
  /** Names this ask. */
  ask: string;
  name: string;
  /** "first seen today", "seen before". */
  seen: string;
  /** Eight hex digits in two groups. */
  device: string;
  /** The numbers were compared in this browser with this device among them. */
  verified: boolean;
  /** "", or why to look twice at who this is. */
  warning: string;
}

/** Who gets in now. */
export interface Access {
  /** We may decide. */
  moderates: boolean;
  lobby: boolean;
  locked: boolean;
  /** Empty for who may not decide. */
  waiting: Waiting[];
}

export { MAX_NOTE };

export interface DoorModel {
  access: ReadonlySignal<Access>;
  /** Whom we wait for while we are not in: the host to begin, or somebody to let us in; "" when we are in. */
  outside: ReadonlySignal<Outside>;
  /** What the host has written to us, who wait, last; "" for nothing. */
  written: ReadonlySignal<string>;
  /** Writes to those who wait: 1 to MAX_NOTE characters. */
  write(sessions: string[], text: string): void;
  /** We may have new keys made for everybody. */
  mayRestart: ReadonlySignal<boolean>;
  /** Has everybody begin another group. */
  restart(): void;
  setLobby(on: boolean): void;
  setLocked(on: boolean): void;
  admit(asks: string[]): void;
  /** Throws somebody out, or refuses who waits. */
  remove(session: string): void;
  /** Takes somebody out, who may ask again and waits. */
  sendBack(session: string): void;
}

export type Panel = "people" | "chat" | "security" | null;

export interface MeetingModel {
  title: ReadonlySignal<string>;
  connection: ReadonlySignal<"connecting" | "connected" | "reconnecting">;
  tiles: ReadonlySignal<TileModel[]>;
  layout: LayoutModel;
  settings: SettingsModel;
  /** How loud others are played, 0 to 1, by session; who is missing is played as loud as they are. */
  volumes: ReadonlySignal<ReadonlyMap<string, number>>;
  setVolume(session: string, volume: number): void;
  people: ReadonlySignal<Person[]>;
  chat: ReadonlySignal<ChatMessage[]>;
  files: FilesModel;
  polls: PollsModel;
  unread: ReadonlySignal<number>;
  security: ReadonlySignal<Security>;
  panel: ReadonlySignal<Panel>;
  notices: ReadonlySignal<Notice[]>;
  door: DoorModel;
  recording: RecordingModel;
  statistics: StatisticsModel;
  version: VersionModel;
  host: HostModel;
  spotlight: SpotlightModel;
  board: BoardModel;
  mic: ReadonlySignal<DeviceChoice>;
  camera: ReadonlySignal<DeviceChoice>;
  signs: SignsModel;
  sharing: ReadonlySignal<boolean>;
  canShare: ReadonlySignal<boolean>;
  /** The invitation link, with its secret. */
  link: ReadonlySignal<string>;
  toggleMic(): void;
  toggleCamera(): void;
  toggleShare(): void;
  chooseMic(id: string): void;
  chooseCamera(id: string): void;
  openPanel(panel: Panel): void;
  /** Reports whether the text was taken: not blank, at most 4000 characters, and the group and the person are there. to: the session that it is for alone; "" for everybody. */
  sendChat(text: string, to: string): boolean;
  /** The numbers were compared with all who are here, or were not, after all. */
  verify(on: boolean): void;
  copyLink(): void;
  /** Copies what somebody wrote. */
  copyText(text: string): void;
  dismiss(notice: number): void;
  /** Tells the sizes of the tiles on the screen in device pixels, by key. Tiles not named are not visible. */
  setTileSizes(sizes: Map<string, { width: number; height: number }>): void;
  leave(): void;
}
