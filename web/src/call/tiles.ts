/** Which tiles there are and in which order: pure, so that places stay stable. */
import type { Member, Sign, SourceName } from "../e2ee/protocol";
import type { TileModel } from "./model";
import type { Quality } from "./peers";
import { markOf } from "./quality";
import { t as word } from "./words";

export interface SeatView {
  index: number;
  source: SourceName;
  session: string;
  state: "empty" | "waiting" | "open";
  /** A picture of the one who is on it now has been decoded. */
  shown: boolean;
  stream: MediaStream | null;
  /** Our network takes nothing of it now, says the server. */
  paused: boolean;
}

export interface PeerView {
  on: readonly SourceName[];
  away: boolean;
  /** What the person says is on (inside the encryption); null until it was said. */
  says: { mic: boolean; camera: boolean; screen: boolean } | null;
}

export interface TilesInput {
  /** Sessions in order of appearance, our own first. */
  order: readonly string[];
  members: ReadonlyMap<string, Member>;
  peers: ReadonlyMap<string, PeerView>;
  seats: readonly SeatView[];
  speaking: ReadonlySet<string>;
  /** Ourselves; session is empty until there is one. */
  own: {
    session: string;
    name: string;
    stream: MediaStream | null;
    mic: boolean;
    mirrored: boolean;
  };
  /** Places in the line of raised hands, and reactions that are shown, by session. */
  hands: ReadonlyMap<string, number>;
  reactions: ReadonlyMap<string, Sign>;
  /** How connections do, by session. */
  quality: ReadonlyMap<string, Quality>;
  /** No picture of others is wanted but their screens. */
  audioOnly: boolean;
}

export const tileKey = (session: string, source: string): string => `${session} ${source}`;

/** Keeps who is there in place and puts newcomers at the end. */
export function keepOrder(old: readonly string[], members: readonly Member[]): string[] {
  const here = new Set(members.map((m) => m.session));
  const self = members.find((m) => m.self)?.session;
  const kept = old.filter((s) => here.has(s) && s !== self);
  const known = new Set(kept);
  const fresh = members
    .filter((m) => !m.self && !known.has(m.session))
    .sort((a, b) => a.leaf - b.leaf);
  return [...(self ? [self] : []), ...kept, ...fresh.map((m) => m.session)];
}

export function buildTiles(t: TilesInput): TileModel[] {
  const screens: TileModel[] = [];
  // Our own tile needs no group, and comes first.
  const cameras: TileModel[] = t.own.session ? [ownTile(t)] : [];
  for (const session of t.order) {
    const member = t.members.get(session);
    const peer = t.peers.get(session);
    if (!member || member.self || !peer) continue; // has left; the group has not noticed yet
    cameras.push(tile(member, peer, "camera", t));
    if (peer.on.includes("screen")) screens.push(tile(member, peer, "screen", t));
  }
  return [...screens, ...cameras];
}

function ownTile(t: TilesInput): TileModel {
  const { session, name } = t.own;
  return {
    key: tileKey(session, "camera"),
    session,
    source: "camera",
    name,
    self: true,
    stream: t.own.stream,
    video: t.own.stream ? "on" : "off",
    waitingText: "",
    mirrored: t.own.mirrored,
    muted: !t.own.mic,
    speaking: t.speaking.has(session),
    away: false,
    mark: markOf(t.quality.get(session)),
    hand: t.hands.get(session) ?? 0,
    reaction: t.reactions.get(session) ?? null,
  };
}

function tile(m: Member, peer: PeerView, source: "camera" | "screen", t: TilesInput): TileModel {
  const seat = t.seats.find((s) => s.session === m.session && s.source === source);
  const on = peer.on.includes(source) && !(t.audioOnly && source === "camera");
  const paused = on && seat?.paused === true;
  const stream = on && !paused && seat?.state === "open" && seat.shown ? seat.stream : null;
  return {
    key: tileKey(m.session, source),
    session: m.session,
    source,
    name: m.name,
    self: false,
    stream,
    video: on ? (stream ? "on" : "waiting") : "off",
    waitingText: paused
      ? word("Your connection is too weak for the picture of {name}", { name: m.name })
      : seat
        ? word("Receiving the keys of {name}, usually under 2 seconds", { name: m.name })
        : word("Waiting for the picture of {name}", { name: m.name }),
    mirrored: false,
    muted: !(peer.says ? peer.says.mic : peer.on.includes("mic")),
    speaking: t.speaking.has(m.session),
    away: peer.away,
    mark: source === "camera" ? markOf(t.quality.get(m.session)) : "",
    hand: source === "camera" ? (t.hands.get(m.session) ?? 0) : 0,
    reaction: source === "camera" ? (t.reactions.get(m.session) ?? null) : null,
  };
}
