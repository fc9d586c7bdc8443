/** What RFC 9420 asks of leaves, key packages, proposals and their lists (§7.3, §10.1, §12.2). No state, no clock. */
import { type Bytes, empty, encode, eq, hex } from "./codec";
import {
  decodeExternalSenders,
  decodeRequiredCapabilities,
  EXT,
  type Extension,
  findExt,
  type KeyPackage,
  keyPackageTbs,
  type LeafNode,
  MLS10,
  SOURCE,
  verifyLeafSignature,
} from "./leaf";
import {
  encPskId,
  PROPOSAL,
  type Proposal,
  PSK,
  PSK_USAGE,
  type PSKID,
  SENDER,
  type Sender,
} from "./messages";
import type { Suite } from "./suite";
import type { Tree } from "./tree";

/** Types up to these are known to everybody, and are not listed in capabilities (§7.2). */
const DEFAULT_EXTENSIONS = 5;
const DEFAULT_PROPOSALS = 7;

/** A proposal with who made it; ref is set when the commit only refers to it. */
export interface Listed {
  proposal: Proposal;
  sender: Sender;
  ref?: Bytes | undefined;
}

/** §13.4: at most one extension of a type. */
export function checkExtensions(list: readonly Extension[]): void {
  if (new Set(list.map((e) => e.type)).size !== list.length) {
    throw new Error("mls: two extensions of one type");
  }
}

/** What a leaf must be for itself: consistent with its own capabilities and with the suite. */
export function checkLeafContent(s: Suite, l: LeafNode): void {
  checkExtensions(l.extensions);
  s.checkKey(l.encKey);
  if (!l.caps.versions.includes(MLS10) || !l.caps.suites.includes(s.id)) {
    throw new Error("mls: a leaf that cannot do this version or suite");
  }
  if (!l.caps.credentials.includes(l.credential.type)) {
    throw new Error("mls: a leaf that cannot do its own credential");
  }
  for (const e of l.extensions) {
    if (e.type > DEFAULT_EXTENSIONS && !l.caps.extensions.includes(e.type)) {
      throw new Error(`mls: a leaf that does not list its own extension ${e.type}`);
    }
  }
}

/** Reports whether now, in Unix seconds, lies in the lifetime of a key package's leaf, and that lasts at most max seconds. */
export function lifetimeHolds(l: LeafNode, now: number, max: number): boolean {
  return (
    l.notBefore <= l.notAfter &&
    Number(l.notAfter - l.notBefore) <= max &&
    Number(l.notBefore) <= now &&
    now <= Number(l.notAfter)
  );
}

/** §10.1, but for the lifetime. Throws unless the key package is its owner's own and fits the suite. */
export async function verifyKP(s: Suite, k: KeyPackage): Promise<void> {
  if (k.version !== MLS10 || k.suite !== s.id) {
    throw new Error("mls: a key package of another version or suite");
  }
  if (k.leaf.source !== SOURCE.keyPackage) throw new Error("mls: a key package with another leaf");
  if (eq(k.initKey, k.leaf.encKey)) throw new Error("mls: a key package with one key for two uses");
  s.checkKey(k.initKey);
  checkExtensions(k.extensions);
  checkLeafContent(s, k.leaf);
  await Promise.all([
    s.verify(k.leaf.sigKey, "KeyPackageTBS", keyPackageTbs(k), k.signature),
    verifyLeafSignature(s, k.leaf, empty, 0),
  ]);
}

/** Throws unless every leaf can do what the group asks, and everybody's credentials (§7.3, §11.1, §13.4). */
export function checkSupport(t: Tree, extensions: readonly Extension[]): void {
  checkExtensions(extensions);
  const senders = findExt(extensions, EXT.externalSenders);
  if (senders) decodeExternalSenders(senders);
  const required = findExt(extensions, EXT.requiredCapabilities);
  const asked = required
    ? decodeRequiredCapabilities(required)
    : { extensions: [], proposals: [], credentials: [] };
  const wanted = {
    extensions: [...asked.extensions, ...extensions.map((e) => e.type)].filter(
      (x) => x > DEFAULT_EXTENSIONS,
    ),
    proposals: asked.proposals.filter((x) => x > DEFAULT_PROPOSALS),
    credentials: new Set([...asked.credentials]),
  };
  const members = t.members();
  for (const { leaf } of members) wanted.credentials.add(leaf.credential.type);
  for (const { index, leaf } of members) {
    const lacks =
      wanted.extensions.some((x) => !leaf.caps.extensions.includes(x)) ||
      wanted.proposals.some((x) => !leaf.caps.proposals.includes(x)) ||
      [...wanted.credentials].some((x) => !leaf.caps.credentials.includes(x));
    if (lacks) throw new Error(`mls: leaf ${index} lacks what the group requires`);
  }
}

/** Throws when two leaves share a key (§7.3). */
export function checkUnique(t: Tree): void {
  const seen = new Set<string>();
  for (const { leaf } of t.members()) {
    for (const key of [`e${hex(leaf.encKey)}`, `s${hex(leaf.sigKey)}`]) {
      if (seen.has(key)) throw new Error("mls: two leaves share a key");
      seen.add(key);
    }
  }
}

/** Throws unless the sender may make such a proposal at all (§12.1). */
export function checkProposalSender(p: Proposal, sender: Sender): void {
  const t = p.type;
  const allowed =
    sender.type === SENDER.member
      ? t !== PROPOSAL.externalInit
      : sender.type === SENDER.external
        ? t !== PROPOSAL.update && t !== PROPOSAL.externalInit
        : sender.type === SENDER.newMemberProposal && t === PROPOSAL.add;
  if (!allowed) throw new Error("mls: a proposal that its sender may not make");
}

/** What a valid list of proposals asks for. */
export interface Plan {
  adds: KeyPackage[];
  /** New leaves by index. */
  updates: Map<number, LeafNode>;
  removes: number[];
  psks: PSKID[];
  extensions?: Extension[];
  externalInit?: Bytes;
  reinit?: Proposal;
  needsPath: boolean;
}

function bad(what: string): never {
  throw new Error(`mls: invalid list of proposals: ${what}`);
}

/** §12.2 as far as it needs no signature. tree is that of the epoch which the commit ends. */
export function plan(s: Suite, tree: Tree, list: readonly Listed[], committer: Sender): Plan {
  const external = committer.type === SENDER.newMemberCommit;
  const p: Plan = {
    adds: [],
    updates: new Map(),
    removes: [],
    psks: [],
    needsPath: list.length === 0,
  };
  for (const l of list) {
    if (external) checkExternalEntry(l);
    take(s, tree, p, l, committer);
  }
  if (external && !p.externalInit) bad("an external commit without external init");
  if (external && p.removes.length > 1) bad("an external commit removes more than one");
  if (p.reinit && list.length > 1) bad("a reinit beside others");
  if (new Set(p.psks.map((x) => hex(encode((w) => encPskId(w, x))))).size !== p.psks.length) {
    bad("a PSK twice");
  }
  return p;
}

function checkExternalEntry(l: Listed): void {
  if (l.ref) bad("an external commit refers to a proposal");
  const t = l.proposal.type;
  if (t !== PROPOSAL.externalInit && t !== PROPOSAL.remove && t !== PROPOSAL.psk) {
    bad("not for an external commit");
  }
}

function take(s: Suite, tree: Tree, p: Plan, { proposal, sender }: Listed, by: Sender): void {
  const byMember = by.type === SENDER.member;
  switch (proposal.type) {
    case 1:
      p.adds.push(proposal.keyPackage);
      return;
    case 2: {
      const old = sender.type === SENDER.member ? tree.leaf(sender.index) : undefined;
      if (!old) bad("an update by no member");
      if (byMember && sender.index === by.index) bad("the committer's own update");
      if (p.updates.has(sender.index) || p.removes.includes(sender.index)) bad("a leaf twice");
      if (proposal.leaf.source !== SOURCE.update) bad("an update with another leaf");
      if (eq(old.encKey, proposal.leaf.encKey)) bad("an update that keeps its key");
      p.updates.set(sender.index, proposal.leaf);
      p.needsPath = true;
      return;
    }
    case 3: {
      const i = proposal.removed;
      if (!tree.leaf(i)) bad("a remove of a blank leaf");
      if (byMember && i === by.index) bad("the committer removes itself");
      if (p.updates.has(i) || p.removes.includes(i)) bad("a leaf twice");
      p.removes.push(i);
      p.needsPath = true;
      return;
    }
    case 4:
      if (proposal.psk.nonce.length !== s.hashSize) bad("a PSK nonce of another size");
      if (proposal.psk.type === PSK.resumption && proposal.psk.usage !== PSK_USAGE.application) {
        bad("a PSK of another use");
      }
      p.psks.push(proposal.psk);
      return;
    case 5:
      if (proposal.version !== MLS10) bad("a reinit to another version");
      p.reinit = proposal;
      return;
    case 6:
      if (by.type !== SENDER.newMemberCommit) bad("external init by a member");
      if (p.externalInit) bad("two external inits");
      p.externalInit = proposal.kem;
      p.needsPath = true;
      return;
    case 7:
      if (p.extensions) bad("two lists of extensions");
      p.extensions = proposal.extensions;
      p.needsPath = true;
      return;
  }
}

/** The pending proposals that member me can commit together: others are left out, not an error (§12.2). */
export function choose(pending: Iterable<Listed>, me: number): Listed[] {
  const out: Listed[] = [];
  const removed = new Set<number>();
  const updated = new Set<number>();
  const psks = new Set<string>();
  let extensions = false;
  const all = [...pending];
  for (const { proposal } of all) if (proposal.type === 3) removed.add(proposal.removed);
  const taken = new Set<number>();
  for (const l of all.reverse()) {
    const p = l.proposal;
    if (p.type === 2) {
      const i = l.sender.index;
      if (i === me || removed.has(i) || updated.has(i)) continue;
      updated.add(i);
    } else if (p.type === 3) {
      if (p.removed === me || taken.has(p.removed)) continue;
      taken.add(p.removed);
    } else if (p.type === 4) {
      const id = hex(encode((w) => encPskId(w, p.psk)));
      if (psks.has(id)) continue;
      psks.add(id);
    } else if (p.type === 5) {
      continue;
    } else if (p.type === 7) {
      if (extensions) continue;
      extensions = true;
    }
    out.push(l);
  }
  return out.reverse();
}
