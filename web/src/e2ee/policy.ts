/** What our profile asks of leaves, groups and commits beyond RFC 9420 (PROTOCOL.md 2.4, 2.5). */
import {
  type Authority,
  checkAdmissions,
  checkFollows,
  checkGrant,
  closed,
  crowded,
  isByHost,
  leaps,
  names,
  OPEN,
  type Policy,
  parsePolicy,
} from "./access";
import { type Bytes, empty, eq, hex, utf8 } from "./bytes";
import type { Card, OldLink } from "./card";
import {
  CARD_EXTENSION,
  checkLeafInfo,
  LEAF_EXTENSION,
  type LeafInfo,
  POLICY_EXTENSION,
} from "./leaf";
import { type LinkKeys, linkPskId } from "./link";
import {
  type CommitInfo,
  CREDENTIAL,
  type Extension,
  encodeMessage,
  findExt,
  type GroupContext,
  type LeafNode,
  PROPOSAL,
  type Proposal,
  PSK,
  SENDER,
} from "./mls";
import type { NextLink } from "./relink";

/** What every member knows. keys, card and its hash are of the present link, and change with it. */
export interface Terms {
  room: string;
  keys: LinkKeys;
  card: Card;
  /** SHA-256 of the card as encoded. */
  cardHash: Uint8Array;
  /** Links that may take the place of the present one, by the host's word, the latest last. */
  announced: NextLink[];
}

/** Who is on each leaf. */
export type Infos = ReadonlyMap<number, LeafInfo>;

/** What the rules of the next commit depend on. */
export interface Standing {
  groupId: Bytes;
  infos: Infos;
  policy: Policy;
  /** The link that began with it, if another did. */
  link?: NextLink;
}

/** Outside of any group. */
export const nobody: Standing = { groupId: empty, infos: new Map(), policy: OPEN };

const MEMBER_ID = 16; // bytes

/** Checks one leaf of the tree, which may have come by a link of before that the card names. */
async function checkLeafOfTree(t: Terms, leaf: LeafNode): Promise<LeafInfo> {
  const links = [
    { number: t.card.linkNumber, admission: t.keys.admission },
    ...(t.card.changed?.older ?? []),
  ];
  let why: unknown;
  for (const link of links) {
    try {
      return await checkLeaf(t, leaf, link);
    } catch (e) {
      why = e;
    }
  }
  throw why;
}

/** Checks one leaf of a KeyPackage: it has to know the present link, or the one that is given. */
export async function checkLeaf(
  t: Terms,
  leaf: LeafNode,
  link: OldLink = { number: t.card.linkNumber, admission: t.keys.admission },
): Promise<LeafInfo> {
  const { credential, caps } = leaf;
  if (credential.type !== CREDENTIAL.basic || credential.identity.length !== MEMBER_ID) {
    throw new Error("leaf: not a member id");
  }
  if (
    caps.proposals.length > 0 ||
    ![LEAF_EXTENSION, CARD_EXTENSION, POLICY_EXTENSION].every((x) => caps.extensions.includes(x))
  ) {
    throw new Error("leaf: not of our profile");
  }
  const encoded = findExt(leaf.extensions, LEAF_EXTENSION);
  if (!encoded || leaf.extensions.length !== 1) throw new Error("leaf: it does not say who it is");
  const { identity } = credential;
  const { room } = t;
  return checkLeafInfo(
    link.admission,
    { room, linkNumber: link.number, memberId: identity, signatureKey: leaf.sigKey },
    encoded,
  );
}

export const authority = (t: Terms, groupId: Bytes): Authority => ({
  room: t.room,
  host: t.card.hostKey,
  groupId,
});

/** Checks the extensions of a group's context: the card, then the policy if there is one. */
async function readExtensions(
  t: Terms,
  cardHash: Uint8Array,
  groupId: Bytes,
  list: readonly Extension[],
): Promise<Policy> {
  const [card, policy, ...more] = list;
  if (card?.type !== CARD_EXTENSION || !eq(card.data, cardHash))
    throw new Error("group: not of this room's card");
  if (!policy) return OPEN;
  if (policy.type !== POLICY_EXTENSION || more.length > 0)
    throw new Error("group: an extension beside card and policy");
  return parsePolicy(authority(t, groupId), policy.data);
}

/** Checks a group that was joined or founded, each leaf of it. known is the latest policy that was seen in the room. */
export async function checkGroup(
  t: Terms,
  context: GroupContext,
  members: readonly { index: number; leaf: LeafNode }[],
  known: Policy,
): Promise<Standing> {
  const { groupId } = context;
  if (context.suite !== t.card.suite)
    throw new Error("group: of another cipher suite than its card");
  const room = utf8(t.room);
  if (groupId.length !== room.length + 16 || !eq(groupId.subarray(0, room.length), room))
    throw new Error("group: of another room");
  const policy = await readExtensions(t, t.cardHash, groupId, context.extensions);
  // Whoever was kept out could otherwise begin a group of his own, into which the server leads us.
  if (closed(known) && policy.number < known.number)
    throw new Error("group: its policy is older than a lobby or lock of before");
  if (known.number > 0 && leaps(policy, known))
    throw new Error("group: its policy is too far above the one of before");
  // Whoever was a moderator once could otherwise begin a group in which he is.
  if (policy.number > 0) checkGrant(policy.grant, known.grant);
  const infos = new Map(
    await Promise.all(
      members.map(async ({ index, leaf }) => [index, await checkLeafOfTree(t, leaf)] as const),
    ),
  );
  distinct(infos);
  return { groupId, infos, policy };
}

function distinct(infos: Infos): void {
  if (new Set([...infos.values()].map((i) => i.session)).size !== infos.size) {
    throw new Error("group: a session has two leaves");
  }
}

/** The link that begins with a commit: one that the host has announced, when the commit's context is of its card. */
export function linkAfter(t: Terms, c: CommitInfo): NextLink | undefined {
  for (const { proposal } of c.proposals) {
    const card = proposal.type === PROPOSAL.groupContextExtensions && proposal.extensions[0];
    const next = card ? t.announced.find((n) => eq(n.cardHash, card.data)) : undefined;
    if (next) return next;
  }
  return undefined;
}

/** Checks a commit before it takes effect, ours too, and returns how the group stands in the next epoch, which begins with that link. */
export async function checkCommit(
  t: Terms,
  c: CommitInfo,
  now: Standing,
  next = linkAfter(t, c),
): Promise<Standing> {
  if (c.sender.type !== SENDER.member) throw new Error("commit: not by a member");
  if (c.proposals.some((p) => p.ref !== undefined))
    throw new Error("commit: a proposal that is only referred to");
  const proposals = c.proposals.map((p) => p.proposal);
  const foreign = proposals.find(
    (p) =>
      p.type !== PROPOSAL.add &&
      p.type !== PROPOSAL.remove &&
      p.type !== PROPOSAL.psk &&
      p.type !== PROPOSAL.groupContextExtensions,
  );
  if (foreign)
    throw new Error(`commit: a proposal of type ${foreign.type}, which our profile does not have`);
  const psks = proposals.filter((p) => p.type === PROPOSAL.psk);
  const { card, cardHash } = next ?? t;
  if (psks.length !== 1 || !isLinkPsk(card, psks[0]!))
    throw new Error("commit: it lacks the link's PSK, or has another");
  if (next && c.added.length + c.removed.length > 0)
    throw new Error("commit: it changes the link, and who is in the group");
  if (c.removed.length > 0 && !c.hasPath) throw new Error("commit: a Remove without a path");
  const after = new Map(now.infos);
  for (const i of c.removed) after.delete(i);
  await Promise.all(
    c.added.map(async (i) => {
      const leaf = c.tree.leaf(i);
      if (!leaf) throw new Error("commit: an added leaf is not there");
      after.set(i, await checkLeaf(t, leaf));
    }),
  );
  checkUnchanged(c);
  distinct(after);
  const policy = await policyAfter(t, cardHash, proposals, now, next !== undefined);
  if (policy !== now.policy && c.added.length > 0)
    throw new Error("commit: it changes the policy and adds somebody");
  await checkAdmitted(t, c, proposals, now, after.size);
  return { groupId: now.groupId, infos: after, policy, ...(next ? { link: next } : {}) };
}

async function policyAfter(
  t: Terms,
  cardHash: Uint8Array,
  proposals: readonly Proposal[],
  now: Standing,
  relinks: boolean,
): Promise<Policy> {
  let { policy } = now;
  for (const p of proposals) {
    if (p.type !== PROPOSAL.groupContextExtensions) continue;
    policy = await readExtensions(t, cardHash, now.groupId, p.extensions);
    checkFollows(policy, now.policy);
    // The server has no order from a moderator who is faster than the host.
    if (relinks && !isByHost(authority(t, now.groupId), p.extensions[1]!.data))
      throw new Error("commit: it changes the link, and is not of the host's signing");
  }
  return policy;
}

/** Holds the Adds of a commit to the policy in force. Who comes back as himself, in the commit that removes his old leaf, is no newcomer, nor is a moderator. */
async function checkAdmitted(
  t: Terms,
  c: CommitInfo,
  proposals: readonly Proposal[],
  now: Standing,
  members: number,
): Promise<void> {
  const newcomers: Bytes[] = [];
  const shut = closed(now.policy);
  if (shut || now.policy.full > 0) {
    const back = new Set(
      c.removed.flatMap((i) => {
        const was = now.infos.get(i);
        return was ? [`${hex(was.deviceKey)} ${was.session}`] : [];
      }),
    );
    for (const p of proposals) {
      if (p.type !== PROPOSAL.add) continue;
      const is = await checkLeaf(t, p.keyPackage.leaf);
      const passes =
        back.has(`${hex(is.deviceKey)} ${is.session}`) || names(now.policy.grant, is.deviceKey);
      if (!passes) newcomers.push(encodeMessage({ wire: 5, keyPackage: p.keyPackage }));
    }
  }
  if (now.policy.locked && newcomers.length > 0)
    throw new Error("commit: it adds somebody to a locked meeting");
  if (newcomers.length > 0 && crowded(now.policy, members))
    throw new Error("commit: it adds somebody to a meeting that is full");
  // Who fits into an open meeting needs no signature.
  await checkAdmissions(authority(t, now.groupId), now.policy, shut ? newcomers : [], c.aad);
}

/** A committer may change its key for encryption, and nothing else of its leaf. */
function checkUnchanged(c: CommitInfo): void {
  const before = c.before.leaf(c.sender.index);
  const after = c.committer;
  if (!before) throw new Error("commit: its committer is not in the group");
  const same =
    eq(before.sigKey, after.sigKey) &&
    before.credential.type === after.credential.type &&
    eq(before.credential.identity, after.credential.identity) &&
    JSON.stringify(before.caps) === JSON.stringify(after.caps) &&
    before.extensions.length === after.extensions.length &&
    before.extensions.every((e, i) => {
      const other = after.extensions[i]!;
      return e.type === other.type && eq(e.data, other.data);
    });
  if (!same) throw new Error("commit: its committer became somebody else");
}

function isLinkPsk(card: Card, p: Proposal): boolean {
  return p.type === 4 && p.psk.type === PSK.external && eq(p.psk.id, linkPskId(card.linkNumber));
}
