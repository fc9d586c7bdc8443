/** Steps into a meeting, for tests over a FakeBrowser. */
import type { MeetingRules, Member, SourceName } from "../e2ee/protocol";
import { createApp } from "./app";
import { FakeBrowser, settle, theFragment, theRoom } from "./fake";
import type { AppModel } from "./model";

const secret = Buffer.alloc(32, 9).toString("base64");
export const linkAddress = { path: `/r/${theRoom}`, search: "", fragment: theFragment };

interface Other {
  session: string;
  on?: SourceName[];
}

export function joinedMessage(session: string, peers: Other[], more: object = {}) {
  const identity = { session, secret, resumed: false, received: 0, incarnation: "i1" };
  return {
    type: "joined",
    ...identity,
    generation: 1,
    founded: peers.length > 0,
    card: "",
    maxFile: 1 << 20,
    ...more,
  };
}

/** What a session hears when it becomes a member. */
export const peersMessage = (peers: Other[]) => ({
  type: "peers",
  peers: peers.map((p) => ({ session: p.session, on: p.on ?? [], away: false })),
});

export const noRules: MeetingRules = {
  lobby: false,
  locked: false,
  withheld: 0,
  full: 0,
  locks: 0,
  ends: 0,
  hostless: 0,
  keep: 0,
};

export const member = (
  session: string,
  leaf: number,
  self = false,
  device = `${session}00000000000`,
): Member => {
  const name = session[0]?.toUpperCase() + session.slice(1);
  return {
    session,
    leaf,
    id: session,
    name,
    self,
    device,
    firstSeen: 0,
    verified: false,
    newDevice: false,
    role: "",
    withheld: 0,
  };
};

/** Goes from the link to the device check. */
export async function atCheck(
  b = new FakeBrowser(linkAddress),
): Promise<{ b: FakeBrowser; app: AppModel }> {
  const app = createApp(b.env);
  await settle();
  return { b, app };
}

/** Goes on to the meeting, where Ben is already. */
export async function inMeeting(b?: FakeBrowser): Promise<{ b: FakeBrowser; app: AppModel }> {
  const t = await atCheck(b);
  t.app.check.setName("Ann");
  t.app.check.join();
  t.b.socket.open();
  const ben: Other = { session: "ben", on: ["mic", "camera"] };
  t.b.socket.say(joinedMessage("ann", [ben]));
  t.b.socket.say(peersMessage([ben]));
  await settle();
  return t;
}

export async function withBen(b?: FakeBrowser): Promise<{ b: FakeBrowser; app: AppModel }> {
  const t = await inMeeting(b);
  await rosterOf(t.b, [member("ben", 0), member("ann", 1, true)]);
  return t;
}

export async function rosterOf(b: FakeBrowser, members: Member[], epoch = 1): Promise<void> {
  b.worker.tell({ type: "phase", phase: "member", epoch });
  b.worker.tell({ type: "roster", epoch, code: ["12345"], emoji: [], members });
  await settle();
}
