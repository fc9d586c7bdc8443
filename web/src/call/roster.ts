/** Who is here: names come from the group's leaves alone, never from the server. */
import type { Member } from "../e2ee/protocol";
import { skeleton } from "../e2ee/skeleton";
import { barredOf, isListener } from "./barred";
import type { Person } from "./model";
import type { Quality } from "./peers";
import { markOf } from "./quality";
import type { PeerView } from "./tiles";
import { msg } from "./words";

const DAY = 86_400_000; // ms

export interface RosterInput {
  order: readonly string[];
  members: ReadonlyMap<string, Member>;
  peers: ReadonlyMap<string, PeerView>;
  speaking: ReadonlySet<string>;
  /** What we have switched on ourselves. */
  own: { mic: boolean; camera: boolean; screen: boolean };
  /** Places in the line of raised hands, by session. */
  hands: ReadonlyMap<string, number>;
  /** How connections do, by session. */
  quality: ReadonlyMap<string, Quality>;
  now: number;
}

/** When this browser first saw a device key, in words. */
export const firstSeen = (at: number, now: number): string =>
  at > now - DAY ? msg("first seen today") : msg("seen before");

export const shortDevice = (device: string): string =>
  `${device.slice(0, 4)} ${device.slice(4, 8)}`;

/** The same device key twice is the same browser twice. */
function noteOf(m: Member, members: ReadonlyMap<string, Member>): string {
  const twins = [...members.values()].filter((o) => o.device === m.device && o !== m);
  if (m.self || twins.length === 0) return "";
  if (twins.some((o) => o.self)) return msg("another tab of yours");
  return twins.some((o) => o.leaf < m.leaf) ? msg("second tab of the same browser") : "";
}

/** Why to look twice at who somebody is: the name is ours, that of somebody else here, or one met with another device. */
export type Doubt = "own-name" | "same-name" | "new-device";

const doubts: Readonly<Record<Doubt, string>> = {
  "own-name": msg("has your name, on another device"),
  "same-name": msg("has a name that another person here has, too"),
  "new-device": msg("a new device: you met this name with another one"),
};

/** What is doubtful of a member, or of somebody who asks to become one; null: nothing. Names are not proof: device keys are. */
export function doubtOf(
  m: Pick<Member, "name" | "device" | "verified" | "newDevice"> & { self?: boolean },
  members: ReadonlyMap<string, Member>,
): Doubt | null {
  if (m.self || m.verified) return null;
  const own = skeleton(m.name);
  const alike = [...members.values()].find(
    (o) => o.device !== m.device && skeleton(o.name) === own,
  );
  if (alike) return alike.self ? "own-name" : "same-name";
  return m.newDevice ? "new-device" : null;
}

/** The same in words; "" for nothing. */
export function warningOf(...of: Parameters<typeof doubtOf>): string {
  const doubt = doubtOf(...of);
  return doubt ? doubts[doubt] : "";
}

export function listPeople(r: RosterInput): Person[] {
  return r.order.flatMap((session): Person[] => {
    const m = r.members.get(session);
    const peer = r.peers.get(session);
    if (!m || (!m.self && !peer)) return []; // has left; the group has not noticed yet
    const on = (s: "mic" | "camera" | "screen"): boolean =>
      peer?.says?.[s] ?? peer?.on.includes(s) ?? false;
    const is = m.self ? r.own : { mic: on("mic"), camera: on("camera"), screen: on("screen") };
    return [
      {
        session,
        name: m.name,
        self: m.self,
        ...is,
        speaking: r.speaking.has(session),
        away: peer?.away ?? false,
        mark: markOf(r.quality.get(session)),
        note: noteOf(m, r.members),
        seen: firstSeen(m.firstSeen, r.now),
        device: shortDevice(m.device),
        verified: m.verified && !m.self,
        warning: warningOf(m, r.members),
        hand: r.hands.get(session) ?? 0,
        role: m.role || (isListener(m.withheld) ? "listener" : "speaker"),
        barred: barredOf(m.withheld),
      },
    ];
  });
}
