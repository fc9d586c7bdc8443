/** The secret halves of a commit: its committer's, its receivers' and an external committer's (RFC 9420 §12.4). */
import { type Bytes, decode, empty, encode, eq, wipe } from "./codec";
import {
  type Applied,
  apply,
  askProfile,
  type Base,
  type Config,
  checkTag,
  keepKeys,
  nextContext,
  provisionalContext,
} from "./epoch";
import { EXT, findExt, type KeyPackagePrivate } from "./leaf";
import { checkLifetime } from "./lifetime";
import {
  type Authenticated,
  CONTENT,
  encGroupContext,
  type GroupContext,
  type GroupInfo,
  type Proposal,
  PSK,
  type PSKID,
  SENDER,
  type Sender,
  signContent,
  WIRE,
} from "./messages";
import { checkSupport, checkUnique } from "./rules";
import { epochSecrets, interimHash, joinerSecret, pskSecret, type Secrets } from "./schedule";
import { getSuite } from "./suite";
import type { Step, Tree } from "./tree";
import { decap, type Encapsulated, encap, type PrivateKeys } from "./treekem";
import { verifyGroupInfo } from "./welcome";

export interface Framing {
  contentType: number;
  wire: number;
  aad: Bytes;
}

/** Content of this epoch, still to be filled in and signed. */
export function frame(context: GroupContext, sender: Sender, f: Framing): Authenticated {
  const { groupId, epoch } = context;
  const { aad, contentType } = f;
  return {
    wire: f.wire,
    content: { groupId, epoch, sender, aad, contentType },
    signature: empty,
    tag: empty,
  };
}

function findPsk(base: Base, id: PSKID): Bytes | undefined {
  const ours = id.type === PSK.resumption && eq(id.groupId, base.context.groupId);
  return (ours ? base.resumption.get(id.epoch) : undefined) ?? base.config.psk?.(id);
}

/** A next epoch; past and resumption of its base are still those of this one. */
export interface Staged {
  base: Base;
  secrets: Secrets;
}

/** The committer's half: makes the path, signs, derives, and sets path, signature and tag of auth. */
export async function sealCommit(
  base: Base,
  interim: Bytes,
  applied: Applied,
  auth: Authenticated,
  forcePath: boolean,
  init: Bytes,
): Promise<Staged & { path: Encapsulated | undefined }> {
  const { suite: s, me, signer } = base;
  const { tree } = applied;
  const commit = auth.content.commit;
  if (!commit) throw new Error("mls: sealing what is no commit");
  let path: Encapsulated | undefined;
  if (applied.needsPath || forcePath) {
    path = await encap(tree, me, signer, base.context.groupId, applied.added, (hash) =>
      provisionalContext(base.context, applied, hash),
    );
    commit.path = path.path;
  }
  await askProfile(base, applied, auth, me);
  await signContent(s, auth, signer, base.context);
  const context = nextContext(base, interim, applied, auth);
  const psk = pskSecret(s, applied.psks, (id) => findPsk(base, id));
  const commitSecret = path?.commitSecret ?? s.zero();
  const secrets = epochSecrets(s, joinerSecret(s, init, commitSecret, context), psk, context);
  wipe(commitSecret);
  auth.tag = s.mac(secrets.confirmation, context.transcript);
  const keys = keepKeys(base.keys, base.tree, tree);
  for (const [x, key] of path?.keys ?? []) {
    wipe(keys.get(x));
    keys.set(x, key);
  }
  return { base: { ...base, context, tree, keys }, secrets, path };
}

/** The secret of the lowest node on a path that a newcomer is under. */
export function lowestSecret(
  tree: Tree,
  newcomer: number,
  path: Encapsulated | undefined,
): Bytes | undefined {
  const shared = tree.directPath(2 * newcomer).find((x) => path?.secrets.has(x));
  return shared === undefined ? undefined : path?.secrets.get(shared);
}

/**
 * A receiver's half of a commit whose public part holds and was applied. keys are ours in its tree, before the path;
 * takes them over. Throws unless the commit leads where its committer says.
 */
export async function openCommit(
  base: Base,
  interim: Bytes,
  own: { init: Bytes; external: Bytes },
  auth: Authenticated,
  applied: Applied,
  steps: readonly Step[],
  keys: PrivateKeys,
): Promise<Staged> {
  const { suite: s, me } = base;
  const { tree } = applied;
  const path = auth.content.commit?.path;
  let commitSecret = s.zero();
  let init = own.init.slice();
  try {
    if (path) {
      const provisional = provisionalContext(base.context, applied, tree.hash());
      const encoded = encode((w) => encGroupContext(w, provisional));
      commitSecret = await decap(tree, me, keys, steps, path, applied.added, encoded);
    }
    if (applied.externalInit) {
      const { priv } = await s.deriveKeyPair(own.external);
      wipe(init);
      init = await s.exportFrom(priv, applied.externalInit);
      wipe(priv);
    }
    const context = nextContext(base, interim, applied, auth);
    const psk = pskSecret(s, applied.psks, (id) => findPsk(base, id));
    const secrets = epochSecrets(s, joinerSecret(s, init, commitSecret, context), psk, context);
    checkTag(s, secrets, context, auth.tag);
    wipe(secrets.joiner, secrets.welcome);
    return { base: { ...base, context, tree, keys }, secrets };
  } catch (e) {
    wipe(...keys.values());
    throw e;
  } finally {
    wipe(commitSecret, init);
  }
}

export interface ExternalOptions {
  /** Needed when the GroupInfo holds no tree. */
  tree?: Uint8Array;
  /** A leaf of our own from before. */
  removeLeaf?: number;
  psks?: PSKID[];
  aad?: Bytes;
}

/** An external commit (§12.4.3.2), staged. */
export async function stageExternal(
  config: Config,
  info: GroupInfo,
  own: KeyPackagePrivate,
  o: ExternalOptions,
): Promise<Staged & { auth: Authenticated }> {
  const s = getSuite(info.context.suite);
  const { context } = info;
  const pub = findExt(info.extensions, EXT.externalPub);
  if (!pub) throw new Error("mls: the group takes no external commits");
  checkLifetime(own.kp.leaf, config);
  const tree = await verifyGroupInfo(s, config, info, o.tree);
  const init = await s.exportTo(decode(pub, (r) => r.opaque()));
  const sender = { type: SENDER.newMemberCommit, index: 0 };
  const framing = { contentType: CONTENT.commit, wire: WIRE.public, aad: o.aad ?? empty };
  const auth = frame(context, sender, framing);
  const proposals: Proposal[] = [{ type: 6, kem: init.enc }];
  if (o.removeLeaf !== undefined) proposals.push({ type: 3, removed: o.removeLeaf });
  for (const psk of o.psks ?? []) proposals.push({ type: 4, psk });
  auth.content.commit = { proposals: proposals.map((proposal) => ({ proposal })) };
  const from = { suite: s, config, context, tree };
  const list = proposals.map((proposal) => ({ proposal, sender }));
  const applied = await apply(from, list, sender);
  const me = applied.tree.addLeaf(own.kp.leaf);
  applied.added.push(me);
  checkUnique(applied.tree);
  checkSupport(applied.tree, applied.extensions);
  const base: Base = {
    ...from,
    signer: own.signer,
    me,
    keys: new Map(),
    past: new Map(),
    resumption: new Map(),
  };
  const interim = interimHash(s, context.transcript, info.tag);
  const made = await sealCommit(base, interim, applied, auth, true, init.secret);
  const { secrets, path } = made;
  wipe(init.secret, secrets.joiner, secrets.welcome, ...(path?.secrets.values() ?? []));
  const resumption = new Map([[made.base.context.epoch, secrets.resumption]]);
  return { base: { ...made.base, resumption }, secrets, auth };
}
