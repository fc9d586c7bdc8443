/** From one epoch to the next: what committers and receivers of a commit do alike (RFC 9420 §12.4). */
import { type Bytes, eq, wipe } from "./codec";
import { type Extension, type KeyPackage, type LeafNode, verifyLeafSignature } from "./leaf";
import { type Clocked, checkLifetime } from "./lifetime";
import type { Authenticated, GroupContext, Proposal, PSKID, Sender } from "./messages";
import { checkLeafContent, checkSupport, checkUnique, type Listed, plan, verifyKP } from "./rules";
import { confirmedHash, type Secrets } from "./schedule";
import type { SecretTree } from "./secrettree";
import type { Suite } from "./suite";
import type { Tree } from "./tree";
import type { PrivateKeys } from "./treekem";

/** A commit that is valid by RFC 9420 and has not taken effect. Leaf indices are those of tree unless noted. */
export interface CommitInfo {
  /** The epoch that the commit ends. */
  epoch: bigint;
  /** For an external commit, index is the new leaf. */
  sender: Sender;
  /** The committer's leaf, after the path if there is one. */
  committer: LeafNode;
  added: readonly number[];
  /** In the epoch that the commit ends. */
  removed: readonly number[];
  updated: readonly number[];
  proposals: readonly Listed[];
  hasPath: boolean;
  aad: Bytes;
  /** The tree that the commit leads to, and the one that it leaves. */
  tree: Tree;
  before: Tree;
  /** GroupContext extensions that the commit leads to. */
  extensions: readonly Extension[];
}

/** What the group asks of whoever uses it. Functions that throw refuse. */
export interface Config extends Clocked {
  /** Looks up an external PSK, or a resumption PSK of another group. What it returns stays its owner's. */
  psk?(id: PSKID): Bytes | undefined;
  /** The authentication service (§5.3.1): is asked for every leaf that is new to us. */
  validate?(leaf: LeafNode): void | Promise<void>;
  /** The last word on a commit, others' and our own, before any secret of it is used. */
  checkCommit?(info: CommitInfo): void | Promise<void>;
  /** PrivateMessages are padded to a multiple of so many bytes. */
  pad?: number;
}

/** An epoch that ended, as far as late application messages need it. */
export interface Past {
  context: GroupContext;
  tree: Tree;
  secretTree: SecretTree;
  senderData: Bytes;
}

/** For how many epochs late application messages can be read and resumption PSKs be used. More weakens forward secrecy. */
export const KEEP_EPOCHS = 3n;

/** A member's epoch without its secrets. keys is this epoch's own copy; past and resumption are shared with its neighbours. */
export interface Base {
  readonly suite: Suite;
  readonly config: Config;
  readonly signer: CryptoKey;
  readonly me: number;
  readonly context: GroupContext;
  readonly tree: Tree;
  readonly keys: PrivateKeys;
  readonly past: Map<bigint, Past>;
  readonly resumption: Map<bigint, Bytes>;
}

/** The public result of a list of proposals. */
export interface Applied {
  list: readonly Listed[];
  tree: Tree;
  extensions: Extension[];
  adds: KeyPackage[];
  added: number[];
  removed: number[];
  updated: number[];
  psks: PSKID[];
  needsPath: boolean;
  externalInit?: Bytes | undefined;
  reinit?: Proposal | undefined;
}

export interface Origin {
  suite: Suite;
  config: Config;
  context: GroupContext;
  tree: Tree;
}

async function checkAdd({ suite, config }: Origin, kp: KeyPackage): Promise<void> {
  await verifyKP(suite, kp);
  checkLifetime(kp.leaf, config);
  await config.validate?.(kp.leaf);
}

async function checkUpdate(from: Origin, i: number, leaf: LeafNode): Promise<void> {
  checkLeafContent(from.suite, leaf);
  await verifyLeafSignature(from.suite, leaf, from.context.groupId, i);
  await from.config.validate?.(leaf);
}

/** Checks a list of proposals and applies it to a copy of the tree (§12.3). */
export async function apply(
  from: Origin,
  list: readonly Listed[],
  committer: Sender,
): Promise<Applied> {
  const p = plan(from.suite, from.tree, list, committer);
  await Promise.all([
    ...p.adds.map((kp) => checkAdd(from, kp)),
    ...[...p.updates].map(([i, leaf]) => checkUpdate(from, i, leaf)),
  ]);
  const tree = from.tree.clone();
  for (const [i, leaf] of p.updates) tree.updateLeaf(i, leaf);
  for (const i of p.removes) tree.removeLeaf(i);
  const added = p.adds.map((kp) => tree.addLeaf(kp.leaf));
  const extensions = p.extensions ?? from.context.extensions;
  checkUnique(tree);
  checkSupport(tree, extensions);
  return {
    list,
    tree,
    extensions,
    adds: p.adds,
    added,
    removed: p.removes,
    updated: [...p.updates.keys()],
    psks: p.psks,
    needsPath: p.needsPath,
    externalInit: p.externalInit,
    reinit: p.reinit,
  };
}

/** Asks the profile above about a commit whose public part holds. */
export async function askProfile(
  from: Origin,
  applied: Applied,
  a: Authenticated,
  committer: number,
): Promise<void> {
  const leaf = applied.tree.leaf(committer);
  if (!leaf) throw new Error("mls: a commit without its committer");
  await from.config.checkCommit?.({
    epoch: from.context.epoch,
    sender: { ...a.content.sender, index: committer },
    committer: leaf,
    added: applied.added,
    removed: applied.removed,
    updated: applied.updated,
    proposals: applied.list,
    hasPath: a.content.commit?.path !== undefined,
    aad: a.content.aad,
    tree: applied.tree,
    before: from.tree,
    extensions: applied.extensions,
  });
}

/** The GroupContext that the secrets of an update path are bound to (§7.6). */
export function provisionalContext(
  context: GroupContext,
  applied: Applied,
  treeHash: Bytes,
): GroupContext {
  return {
    ...context,
    epoch: context.epoch + 1n,
    treeHash,
    extensions: applied.extensions,
  };
}

/** The GroupContext of the next epoch. */
export function nextContext(
  from: Origin,
  interim: Bytes,
  applied: Applied,
  a: Authenticated,
): GroupContext {
  return {
    ...provisionalContext(from.context, applied, applied.tree.hash()),
    transcript: confirmedHash(from.suite, interim, a),
  };
}

/** Copies the private keys of nodes that are still there with the same public key. */
export function keepKeys(keys: PrivateKeys, before: Tree, after: Tree): PrivateKeys {
  const out: PrivateKeys = new Map();
  for (const [x, key] of keys) {
    if (before.node(x) === after.node(x) || sameKey(before, after, x)) out.set(x, key.slice());
  }
  return out;
}

function sameKey(before: Tree, after: Tree, x: number): boolean {
  const a = before.node(x);
  const b = after.node(x);
  if (!a || !b) return false;
  return eq(a.leaf ? a.leaf.encKey : a.parent.encKey, b.leaf ? b.leaf.encKey : b.parent.encKey);
}

/** Throws unless the confirmation tag is that of the epoch (§8.1). */
export function checkTag(s: Suite, secrets: Secrets, context: GroupContext, tag: Bytes): void {
  if (!eq(s.mac(secrets.confirmation, context.transcript), tag)) {
    throw new Error("mls: bad confirmation tag");
  }
}

/** The epochs that end with this one, added to those before it. */
export function pastAfter(
  base: Base,
  secretTree: SecretTree,
  senderData: Bytes,
): Map<bigint, Past> {
  const { context, tree } = base;
  const out = new Map(base.past);
  out.set(context.epoch, { context, tree, secretTree, senderData });
  for (const e of out.keys()) if (e + KEEP_EPOCHS < context.epoch + 1n) out.delete(e);
  return out;
}

/** The resumption PSKs that the next epoch can use, its own among them. */
export function resumptionAfter(base: Base, own: Bytes): Map<bigint, Bytes> {
  const epoch = base.context.epoch + 1n;
  const out = new Map(base.resumption);
  out.set(epoch, own);
  for (const e of out.keys()) if (e + KEEP_EPOCHS < epoch) out.delete(e);
  return out;
}

/** Wipes what the next epoch does not hold any more. */
export function forgetPast(base: Base): void {
  for (const [e, p] of base.past) {
    if (e + KEEP_EPOCHS >= base.context.epoch + 1n) continue;
    p.secretTree.destroy();
    wipe(p.senderData);
  }
  for (const [e, secret] of base.resumption) {
    if (e + KEEP_EPOCHS < base.context.epoch + 1n) wipe(secret);
  }
}
