/** Who commits what, and when (PROTOCOL.md 2.4). Decisions only: no clock, no keys. */

/** How long the member of the next rank waits. Longer, and a silent committer delays a join; shorter, and commits race. */
const STEP_IN = 750; // ms
/** How long it is quiet until a member that never sent a path does, where commits may be closer than that. */
const WARM_AFTER = 2_000;
const NEWCOMER = 1_000;
/** How long a member goes on with one key for encryption. Who once had its keys is out with its next path; each costs everybody a commit. */
const REFRESH_EVERY = 300_000;
/** How far apart refreshes of a whole group are at least. */
const REFRESH_APART = 30_000;

/**
 * How far a commit keeps from the one before, at most, that throws somebody out, who hears and sees meanwhile, or that is full, and takes
 * no more by waiting. Shorter, and a large group may not have followed yet.
 */
const HURRIED = 1_000;

/** How far apart commits are, and how many Adds one takes. */
export function pace(members: number): { spacing: number; adds: number } {
  if (members <= 20) return { spacing: 250, adds: 20 };
  return { spacing: members <= 100 ? 1_000 : members <= 200 ? 2_000 : 5_000, adds: 64 };
}

export interface Standing {
  session: string;
  /** It has never sent a path: a Remove costs more while it has not. */
  cold: boolean;
}

export interface Situation {
  me: number;
  epoch: number;
  members: ReadonlyMap<number, Standing>;
  /** The sessions that are in the room, and whether each is away. */
  present: ReadonlyMap<string, boolean>;
  /** Sessions that have asked and may be added, oldest first. */
  asked: readonly string[];
  /** Sessions that we throw out. */
  removing: ReadonlySet<string>;
  /** How many members the group may have. */
  capacity: number;
}

/** What is due: leaves to remove, sessions to add. */
export interface Due {
  removes: number[];
  adds: string[];
}

export function due(s: Situation): Due {
  const own = s.members.get(s.me)?.session;
  const stay = [...s.members.values()]
    .map((m) => m.session)
    .filter((x) => x === own || (s.present.has(x) && !s.removing.has(x)));
  const staying = new Set(stay);
  let free = s.capacity - stay.length;
  const adds = s.asked
    .filter((a) => a !== own && s.present.has(a))
    .filter((a) => staying.has(a) || free-- > 0) // who comes back takes its own place
    .slice(0, pace(s.members.size).adds);
  const removes: number[] = [];
  for (const [leaf, { session }] of s.members) {
    const goes = !s.present.has(session) || adds.includes(session) || s.removing.has(session);
    if (leaf !== s.me && goes) removes.push(leaf);
  }
  return { removes, adds };
}

/** How many members that could do it come before us, in ascending order of what place says of their leaves. */
function rank(
  s: Situation,
  eligible: (leaf: number, m: Standing) => boolean,
  place = (leaf: number) => leaf,
): number {
  const me = place(s.me);
  let before = 0;
  for (const [leaf, m] of s.members) {
    if (place(leaf) < me && s.present.get(m.session) === false && eligible(leaf, m)) before++;
  }
  return before;
}

/**
 * The 32 bits of a leaf's index in reverse. Each path in that order fills the largest part of the tree that is still blank;
 * neighbours would fill the same nodes over and over.
 */
export function reversed(leaf: number): number {
  let r = 0;
  for (let bit = 0; bit < 32; bit++) r = r * 2 + ((leaf >>> bit) & 1);
  return r;
}

export interface Times {
  now: number;
  /** When the last commit took effect, ours or another's. */
  lastCommit: number;
  joined: number;
  /** Since when something has been due. */
  dueSince: number;
  /** When our last path took effect; before that, when we joined. */
  path: number;
}

/** When to commit what is due. What nobody else would commit waits for nobody. */
export function commitAt(s: Situation, d: Due, t: Times, onlyOurs: boolean): number {
  const thrownOut = d.removes.some((leaf) => s.removing.has(s.members.get(leaf)?.session ?? ""));
  const usual = pace(s.members.size);
  const hurry = thrownOut || d.adds.length === usual.adds;
  const most = hurry ? HURRIED : Number.POSITIVE_INFINITY;
  const spacing = s.epoch === 0 ? 0 : Math.min(most, usual.spacing);
  const first = Math.max(t.dueSince, t.lastCommit + spacing);
  if (onlyOurs) return first;
  return first + rank(s, (leaf) => !d.removes.includes(leaf)) * STEP_IN;
}

/** When to send a path for its own sake; null when there is no need. */
export function warmAt(s: Situation, t: Times): number | null {
  if (s.members.size < 2 || !s.members.get(s.me)?.cold) return null;
  const before = rank(s, (_, m) => m.cold, reversed);
  const quiet = Math.max(WARM_AFTER, pace(s.members.size).spacing);
  return Math.max(t.joined + NEWCOMER, t.lastCommit + quiet + before * STEP_IN);
}

/** How long after its last path a member sends another one, in ms. In the bit-reversed order of leaves the times of a group are spread evenly. */
export function refreshAfter(members: number, leaf: number): number {
  const every = Math.max(REFRESH_EVERY, members * REFRESH_APART);
  return every * (1 + reversed(leaf) / 2 ** 32);
}

/** When to send another path though nothing is due; null when nobody is there to hear it. */
export function refreshAt(s: Situation, t: Times): number | null {
  if (s.members.size < 2) return null;
  const quiet = Math.max(WARM_AFTER, pace(s.members.size).spacing);
  return Math.max(t.path + refreshAfter(s.members.size, s.me), t.lastCommit + quiet);
}
