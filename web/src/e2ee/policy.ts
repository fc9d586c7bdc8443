/** What our profile asks of leaves, groups and commits beyond RFC 9420 (PROTOCOL.md 2.4, 2.5). */
import { eq } from "./bytes";
import type { Card } from "./card";
import { CARD_EXTENSION, checkLeafInfo, LEAF_EXTENSION, type LeafInfo } from "./leaf";
import { type LinkKeys, linkPskId } from "./link";
import {
  type CommitInfo,
  CREDENTIAL,
  findExt,
  type GroupContext,
  type LeafNode,
  PROPOSAL,
  type Proposal,
  PSK,
  SENDER,
} from "./mls";

/** What every member knows before it joins. */
export interface Terms {
  room: string;
  keys: LinkKeys;
  card: Card;
  /** SHA-256 of the card as encoded. */
  cardHash: Uint8Array;
}

/** Who is on each leaf. */
export type Infos = ReadonlyMap<number, LeafInfo>;

const MEMBER_ID = 16; // bytes

/** Checks one leaf of the tree or of a KeyPackage. */
export async function checkLeaf(t: Terms, leaf: LeafNode): Promise<LeafInfo> {
  const { credential, caps } = leaf;
  if (credential.type !== CREDENTIAL.basic || credential.identity.length !== MEMBER_ID) {
    throw new Error("leaf: not a member id");
  }
  if (
    caps.proposals.length > 0 ||
    ![LEAF_EXTENSION, CARD_EXTENSION].every((x) => caps.extensions.includes(x))
  ) {
    throw new Error("leaf: not of our profile");
  }
  const encoded = findExt(leaf.extensions, LEAF_EXTENSION);
  if (!encoded || leaf.extensions.length !== 1) throw new Error("leaf: it does not say who it is");
  const { identity } = credential;
  const { room, card } = t;
  return checkLeafInfo(
    t.keys.admission,
    { room, linkNumber: card.linkNumber, memberId: identity, signatureKey: leaf.sigKey },
    encoded,
  );
}

/** Checks a group that was joined or founded, each leaf of it. */
export async function checkGroup(
  t: Terms,
  context: GroupContext,
  members: readonly { index: number; leaf: LeafNode }[],
): Promise<Infos> {
  const hash = findExt(context.extensions, CARD_EXTENSION);
  if (context.extensions.length !== 1 || !hash || !eq(hash, t.cardHash)) {
    throw new Error("group: not of this room's card");
  }
  const infos = new Map(
    await Promise.all(
      members.map(async ({ index, leaf }) => [index, await checkLeaf(t, leaf)] as const),
    ),
  );
  distinct(infos);
  return infos;
}

function distinct(infos: Infos): void {
  if (new Set([...infos.values()].map((i) => i.session)).size !== infos.size) {
    throw new Error("group: a session has two leaves");
  }
}

/** Checks a commit before it takes effect, ours too, and returns who is in the next epoch. */
export async function checkCommit(t: Terms, c: CommitInfo, infos: Infos): Promise<Infos> {
  if (c.sender.type !== SENDER.member) throw new Error("commit: not by a member");
  if (c.proposals.some((p) => p.ref !== undefined))
    throw new Error("commit: a proposal that is only referred to");
  const proposals = c.proposals.map((p) => p.proposal);
  const foreign = proposals.find(
    (p) => p.type !== PROPOSAL.add && p.type !== PROPOSAL.remove && p.type !== PROPOSAL.psk,
  );
  if (foreign)
    throw new Error(`commit: a proposal of type ${foreign.type}, which our profile does not have`);
  const psks = proposals.filter((p) => p.type === PROPOSAL.psk);
  if (psks.length !== 1 || !isLinkPsk(t, psks[0]!))
    throw new Error("commit: it lacks the link's PSK, or has another");
  if (c.removed.length > 0 && !c.hasPath) throw new Error("commit: a Remove without a path");
  const after = new Map(infos);
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
  return after;
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

function isLinkPsk(t: Terms, p: Proposal): boolean {
  return p.type === 4 && p.psk.type === PSK.external && eq(p.psk.id, linkPskId(t.card.linkNumber));
}
