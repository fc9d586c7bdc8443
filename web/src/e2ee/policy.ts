/** What our profile asks of commits and Welcomes beyond RFC 9420 (PROTOCOL.md 2.4, 2.5). */
import { eq, hex } from "./bytes";
import type { Card } from "./card";
import { CARD_EXTENSION, checkLeafInfo, LEAF_EXTENSION, type LeafInfo } from "./leaf";
import { type LinkKeys, linkPskId } from "./link";
import type { Event, Group } from "./mls/group";
import { findExt, type LeafNode, type Proposal } from "./mls/types";

export interface Terms {
  room: string;
  keys: LinkKeys;
  card: Card;
  cardHash: Uint8Array;
}

export type Infos = ReadonlyMap<number, LeafInfo>;

const PSK = 4;

/** Checks one leaf of the tree or of a KeyPackage. */
export async function checkLeaf(t: Terms, leaf: LeafNode): Promise<LeafInfo> {
  if (leaf.credential.type !== 1 || leaf.credential.identity.length !== 16) throw new Error("leaf: not a member id");
  const encoded = findExt(leaf.extensions, LEAF_EXTENSION);
  if (!encoded || leaf.extensions.length !== 1) throw new Error("leaf: it does not say who it is");
  const context = {
    room: t.room,
    linkNumber: t.card.linkNumber,
    memberId: leaf.credential.identity,
    signatureKey: leaf.sigKey,
  };
  return checkLeafInfo(t.keys.admission, context, encoded);
}

/** Checks every leaf of a group that was joined. */
export async function checkGroup(t: Terms, g: Group): Promise<Infos> {
  const exts = g.ctx.extensions;
  const hash = findExt(exts, CARD_EXTENSION);
  if (exts.length !== 1 || !hash || !eq(hash, t.cardHash)) throw new Error("group: not of this room's card");
  const leaves: [number, LeafNode][] = [];
  for (let i = 0; i < g.tree.leaves; i++) {
    const leaf = g.tree.leaf(i);
    if (leaf) leaves.push([i, leaf]);
  }
  const infos = new Map(await Promise.all(leaves.map(async ([i, l]) => [i, await checkLeaf(t, l)] as const)));
  distinct(infos);
  return infos;
}

function distinct(infos: Infos): void {
  if (new Set([...infos.values()].map((i) => i.session)).size !== infos.size) {
    throw new Error("group: a session has two leaves");
  }
}

/** Checks a commit that was processed but not taken yet, and returns who is in the next epoch. */
export async function checkCommit(t: Terms, ev: Event, infos: Infos): Promise<Infos> {
  let psks = 0;
  for (const p of ev.proposals) {
    if (p.type === PSK) psks += isLinkPsk(t, p) ? 1 : 2;
    else if (p.type !== 1 && p.type !== 3) throw new Error("commit: a proposal that our profile does not have");
  }
  if (psks !== 1) throw new Error("commit: it lacks the link's PSK, or has another");
  if (ev.removed.length > 0 && !ev.hasPath) throw new Error("commit: a Remove without a path");
  const next = ev.next;
  if (!next) throw new Error("commit: it leads nowhere");
  const after = new Map(infos);
  for (const i of ev.removed) after.delete(i);
  for (const i of ev.added) {
    const leaf = next.tree.leaf(i);
    if (!leaf) throw new Error("commit: an added leaf is not there");
    after.set(i, await checkLeaf(t, leaf));
  }
  if (ev.hasPath) await unchanged(t, next, ev.sender.index, after);
  distinct(after);
  return after;
}

/** A committer may change its keys for encryption, nothing else of its leaf. */
async function unchanged(t: Terms, next: Group, committer: number, infos: Infos): Promise<void> {
  const leaf = next.tree.leaf(committer);
  const before = infos.get(committer);
  if (!leaf || !before) throw new Error("commit: its committer is not in the group");
  const after = await checkLeaf(t, leaf);
  if (hex(after.signature) !== hex(before.signature) || after.name !== before.name || after.session !== before.session) {
    throw new Error("commit: its committer became somebody else");
  }
}

export function isLinkPsk(t: Terms, p: Proposal): boolean {
  return p.type === PSK && p.psk.type === 1 && eq(p.psk.id, linkPskId(t.card.linkNumber));
}
