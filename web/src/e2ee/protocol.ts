/**
 * What the page and the crypto worker say to each other. The worker holds the link's secret, the device key, the MLS
 * group and all frame keys; the page holds the socket and the media connections and passes sealed bytes through.
 *
 * Group messages are those of the signaling protocol, unchanged (PROTOCOL.md 1.3), so that the page decides nothing about them.
 */

import type { Mark } from "./mark";
import type { Relink, Unsigned } from "./relink";

export type SourceName = "mic" | "camera" | "screen" | "screen-audio";
export type CodecName = "opus" | "vp8" | "vp9" | "av1" | "h264";

/** From the server to the worker, by way of the page. */
export type GroupIn =
  /** All other sessions: we are a member from here on. Only members hear of others. */
  | { type: "peers"; peers: readonly { session: string; away: boolean }[] }
  | { type: "arrived"; session: string }
  | { type: "left"; session: string; reason: string; body?: Uint8Array }
  | { type: "away"; session: string; away: boolean }
  | { type: "founded"; generation: number; by: string }
  /** by: the session that has ordered it; none when the group had no member left. */
  | { type: "reset"; generation: number; by?: string }
  | { type: "marked"; mark: Mark }
  | { type: "asked"; generation: number; from: string; body: Uint8Array }
  | {
      type: "committed";
      seq: number;
      generation: number;
      epoch: number;
      from: string;
      body: Uint8Array;
    }
  | { type: "commit_refused"; generation: number; epoch: number }
  | {
      type: "welcomed";
      seq: number;
      generation: number;
      epoch: number;
      body: Uint8Array;
      tree: Uint8Array;
    }
  | { type: "said"; seq: number; generation: number; epoch: number; from: string; body: Uint8Array }
  | { type: "beat_of"; generation: number; from: string; body: Uint8Array }
  | { type: "caught_up"; generation: number; seq: number }
  | { type: "gap"; generation: number };

/** From the worker to the server, by way of the page. */
export type GroupOut =
  | { type: "found"; generation: number }
  | { type: "ask"; generation: number; body: Uint8Array }
  | {
      type: "commit";
      generation: number;
      epoch: number;
      body: Uint8Array;
      to: string[];
      welcome?: Uint8Array;
      tree?: Uint8Array;
      /** The order that goes with a change of the link. */
      relink?: Relink;
    }
  | { type: "app"; generation: number; epoch: number; body: Uint8Array }
  | { type: "beat"; generation: number; body: Uint8Array }
  | { type: "since"; generation: number; seq: number }
  | { type: "send_back"; session: string; signature: Uint8Array }
  | ({ type: "mark" } & Mark)
  /** Orders of a host or moderator (PROTOCOL.md 1.5). */
  | { type: "moderate"; grant: number; role: number; signature: Uint8Array }
  | {
      type: "rules";
      generation: number;
      epoch: number;
      withheld: SourceName[];
      others: { session: string; sources: SourceName[] }[];
      ends: number;
      hostless: number;
      keep: number;
    }
  | { type: "remove"; session: string }
  | { type: "restart"; generation: number }
  | { type: "end" }
  | { type: "note"; to: string; body: Uint8Array };

/** What people say inside the group (PROTOCOL.md 2.7). */
export type AppPayload =
  | { kind: "chat"; id: string; text: string }
  /** key: what direct messages to the sender are sealed to, in hex. The worker adds it, and keeps those of others. */
  | { kind: "state"; mic: boolean; camera: boolean; screen: boolean; key?: string }
  /** ticket: the place in the line of raised hands, 0 for a lowered one. */
  | { kind: "hand"; ticket: number }
  | { kind: "reaction"; sign: Sign }
  /** The sender records what it sees and hears. */
  | { kind: "recording"; on: boolean }
  /** key and digest stay in the worker: the page has them empty. */
  | {
      kind: "file";
      id: string;
      name: string;
      size: number;
      type: string;
      key: string;
      digest: string;
    }
  /** A chat or file for one person; never seen by the page. */
  | { kind: "direct"; box: string }
  | { kind: "poll"; id: string; question: string; options: string[]; multiple: boolean }
  /** asker: the session of who asks; choices: places of options, ascending. */
  | { kind: "vote"; asker: string; poll: string; choices: number[] }
  | { kind: "poll_end"; poll: string }
  /** A moderator's request to switch something off, to all who are no moderators where session is "". There is none to switch anything on. */
  | { kind: "mute"; session: string; source: "mic" | "camera" | "screen" }
  /** Puts strokes on the board, or takes the sender's off. */
  | { kind: "draw"; strokes: Stroke[] }
  | { kind: "erase"; ids: string[] }
  /** A moderator's wish that all see that picture large; none where session is "". */
  | { kind: "spotlight"; session: string; source: "camera" | "screen" }
  /** The host hands it to a session that may give orders to the server; signature is base64url. The page never sees one. */
  | { kind: "pass"; session: string; grant: number; role: number; signature: string }
  /** The host hands out the link that is to take the place of the present one; all base64url, the card sealed. The page never sees one. */
  | { kind: "link"; secret: string; card: string; signature: string };

/** One thing on the board, which is 4096 wide and high. points: x and y by turns; two points, one for a text, any number for a pen. */
export interface Stroke {
  id: string;
  shape: "pen" | "line" | "box" | "oval" | "text";
  /** 0 to 5. */
  ink: number;
  /** 1 to 3. */
  size: number;
  points: number[];
  /** Of a text only, otherwise "". */
  text: string;
}

/** The reactions there are. Names alone travel, so that nobody can put a picture of his own on the screens of others. */
export const signs = ["thumb", "applause", "heart", "laugh", "surprise", "party"] as const;
export type Sign = (typeof signs)[number];

/** How many characters a note to somebody who waits may have. */
export const MAX_NOTE = 500;

/** The last place in the line of raised hands; those who come after it share it. */
export const MAX_TICKET = 2 ** 31 - 1;

/** What the page asks of the worker about files. Sealed bytes pass through the page, keys do not. */
export type FileOp =
  /** Begins a file of ours. */
  | { op: "make"; file: Blob }
  /** Seals so many chunks, from that one on. */
  | { op: "seal"; id: string; index: number; count: number }
  /** Announces a file all of whose chunks were sealed. to: as in say. */
  | { op: "say"; id: string; name: string; mime: string; to: string }
  /** Opens whole chunks of what somebody announced, from that one on. */
  | { op: "open"; session: string; id: string; index: number; data: Uint8Array }
  /** Forgets a file of ours. */
  | { op: "drop"; id: string };

export type FileAnswer =
  | { op: "make"; id: string; sealed: number }
  | { op: "seal"; data: Uint8Array<ArrayBuffer> }
  | { op: "say" }
  /** done: these were the last, and the whole is what was announced. */
  | { op: "open"; data: Uint8Array<ArrayBuffer>; done: boolean }
  | { op: "drop" };

/** Who is on a seat according to the server; the worker checks it against every frame. */
export interface SeatOwner {
  index: number;
  source: SourceName;
  session: string; // "" when nobody
}

/** One member of the group, as its leaf says. */
export interface Member {
  session: string;
  leaf: number;
  /** Fresh with each leaf: whoever was out and is in again has another, in the same session too. */
  id: string;
  name: string;
  self: boolean;
  /** First 16 hex digits of SHA-256 of the device key, for display and comparison. */
  device: string;
  /** When this browser first saw the device key, Unix ms; now for a new one. */
  firstSeen: number;
  /** The numbers were compared here with this device key among them. */
  verified: boolean;
  /** The name is known here from another device key. */
  newDevice: boolean;
  role: "" | "moderator" | "host";
  /** Acts that the policy withholds; see acts.ts. */
  withheld: number;
}

/** Somebody who waits for a host's word. */
export interface Asker {
  session: string;
  /** Names this very ask: one that comes later may bear another name. */
  ask: string;
  name: string;
  device: string;
  firstSeen: number;
  verified: boolean;
  newDevice: boolean;
}

/** What somebody may be kept from doing, as bits (PROTOCOL.md 2.8). */
export const ACT = { mic: 1, camera: 2, screen: 4, chat: 8 } as const;
export type Act = keyof typeof ACT;

/** The rules of a meeting, as a host changes them (PROTOCOL.md 2.8). */
export interface MeetingRules {
  lobby: boolean;
  locked: boolean;
  /** Acts that are withheld from everybody who is no moderator. */
  withheld: number;
  /** With so many members it counts as locked; 0: never. */
  full: number;
  /** Unix ms, 0: never. */
  locks: number;
  ends: number;
  /** Minutes, 0: no limit. */
  hostless: number;
  keep: number;
}
export type RuleChange = Partial<MeetingRules>;

/** Options of every RTCRtpScriptTransform that the page makes. */
export type TransformOptions =
  | { op: "seal"; source: SourceName; connection: number }
  | { op: "open"; seat: number; source: SourceName; connection: number };

export type ToWorker =
  /** Makes a room: host key, secret, signed and sealed card. Answered by created. */
  | { type: "create"; title: string; postQuantum: boolean }
  /** Takes a link. Answered by opened or fault. */
  | { type: "open"; room: string; secret: Uint8Array }
  /** Asks for the host's word that the link's room may begin again. Answered by reopen. */
  | { type: "reopen" }
  /** Checks the room's card from the server. Answered by card or fault. */
  | { type: "card"; sealed: Uint8Array }
  /** A fresh session: makes a new leaf, founds or asks. Drops all state of an earlier session. */
  | {
      type: "start";
      name: string;
      session: string;
      generation: number;
      founded: boolean;
      /** The host's word on the room's latest policy. */
      mark?: Mark | null;
    }
  | { type: "group"; message: GroupIn }
  /** connection counts subscribe connections, so that late frames of an older one are not taken for new ones. */
  | { type: "seats"; seats: SeatOwner[] }
  /** to: the session that it is for alone (a chat); "" or missing for everybody. */
  | { type: "say"; payload: AppPayload; to?: string }
  /** Answered by filed, of the same number. */
  | { type: "file"; number: number; op: FileOp }
  /** Whether a name may stand in a leaf. Answered by misnamed where it may not. */
  | { type: "judge"; name: string }
  /** The numbers were compared with those people (or were not, after all). Answered by a roster. */
  | { type: "verify"; sessions: string[]; on: boolean }
  /** What only a host can: who gets in, and who goes. Of others it is not taken. */
  | { type: "rules"; change: RuleChange }
  /** Withholds acts from a member's device, beside what is withheld already, or gives them back; see acts.ts. */
  | { type: "except"; session: string; acts: number; on: boolean }
  /** The same for all who are no moderators. */
  | { type: "withhold"; acts: number; on: boolean }
  | { type: "appoint"; session: string; on: boolean }
  | { type: "end" }
  /** Has everybody begin another group, if we may. */
  | { type: "restart" }
  /** Makes a new link, when all are out who are to be removed. Of the host only. */
  | { type: "change_link" }
  | { type: "admit"; asks: string[] }
  | { type: "remove"; session: string }
  | { type: "send_back"; session: string }
  /** Words to somebody who waits; carried out before what is posted after it. */
  | { type: "note"; session: string; text: string }
  /** A sealed note to us, who wait. Answered by written. */
  | { type: "noted"; body: Uint8Array }
  /** Asks for counters. */
  | { type: "count" }
  /** Wipes all keys. The worker can then only be terminated. */
  | { type: "stop" };

export type FaultCode =
  | "link" // not a link, or cut short
  | "card" // the server's card is forged or damaged
  | "unsupported" // the browser lacks what the worker needs
  | "internal";

/** hostless: the room has a lobby or is locked, and no group; a host has to begin one. stuck: we could not follow the group time and again, and wait a minute. */
export type Phase = "idle" | "founding" | "asking" | "hostless" | "stuck" | "member";

export interface Counters {
  /** Frames sealed per source since the worker started; compared with framesSent. */
  sealed: Record<SourceName, number>;
  /** Frames handed over by the encoder and not sealed, because no key was there. */
  unsealed: Record<SourceName, number>;
  opened: number;
  /** Dropped received frames by reason. */
  dropped: {
    noKey: number;
    wrongOwner: number;
    /** Of a source that the room's policy withholds from its owner. */
    withheld: number;
    badTag: number;
    replay: number;
    malformed: number;
    empty: number;
  };
  /** CPU-bound time spent, in microseconds per frame (moving mean). */
  sealMicros: number;
  openMicros: number;
}

export type FromWorker =
  | {
      type: "created";
      room: string;
      secret: Uint8Array;
      hostKey: Uint8Array;
      tokenHash: Uint8Array;
      card: Uint8Array;
      /** How many may be in the room; 0: as many as the server takes. */
      capacity: number;
    }
  | { type: "opened"; room: string; token: Uint8Array; tokenHash: Uint8Array }
  | {
      type: "card";
      title: string;
      createdMs: number;
      hostKey: Uint8Array;
      postQuantum: boolean;
      capacity: number;
    }
  /** open: the host's signature for the server (PROTOCOL.md 1.5), and the card that was seen last; null when this browser is not the host's. order: of a link that took the place of another. */
  | { type: "reopen"; open: Uint8Array | null; card: Uint8Array | null; order: Relink | null }
  | { type: "send"; message: GroupOut }
  /** mayRestart: we may have everybody begin another group. */
  | { type: "phase"; phase: Phase; epoch: number; mayRestart?: boolean }
  /** The room's link from here on; by the one before nobody comes any more. The host's order, which makes the room again, the server has. */
  | { type: "relinked"; secret: Uint8Array; token: Uint8Array; order: Unsigned }
  /** The link stays as it is, which we wanted changed: people are in by too many older ones (PROTOCOL.md 2.11). */
  | { type: "link_stays" }
  /** What goes with our goodbye to the server, so that the others know that we mean it. Of our newest leaf. */
  | { type: "parting"; body: Uint8Array }
  /** The session of a member has ended, for a reason that the server gives. meant: the member has said so itself. */
  | { type: "parted"; session: string; meant: boolean; reason: string }
  /** After every change of the group. code: six groups of five digits; emoji: sixteen that say the same. */
  | { type: "roster"; epoch: number; code: string[]; emoji: string[]; members: Member[] }
  /** Who gets in, and whether we may decide; waiting is empty for who may not. After every change. */
  | {
      type: "access";
      rules: MeetingRules;
      moderates: boolean;
      /** We are the room's host. */
      host: boolean;
      waiting: Asker[];
      /** As in phase. */
      mayRestart?: boolean;
    }
  /** The members that are not in sync with us, after every change. */
  | { type: "apart"; sessions: string[] }
  /** to: the session that it was for alone; "" or missing for everybody. */
  | { type: "said"; session: string; name: string; self: boolean; payload: AppPayload; to?: string }
  /** What the host, or who acts for him, writes to us, who wait; "" for a note that is none, or came before. */
  | { type: "written"; text: string }
  /** answer: null when it could not be done. */
  | { type: "filed"; number: number; answer: FileAnswer | null }
  /** waiting: frames arrive that cannot be opened yet; open: the last frame was opened. */
  | { type: "seat"; index: number; session: string; state: "empty" | "waiting" | "open" }
  /** A name that was to be judged may not stand in a leaf. */
  | { type: "misnamed"; name: string }
  /** epochs: those whose keys are held, oldest first, each with the time of day when it was installed, in ms since 1970. */
  | { type: "counters"; counters: Counters; epochs: { epoch: number; since: number }[] }
  | { type: "fault"; code: FaultCode; text: string };
