/** GroupInfo and Welcome: making and opening them (RFC 9420 §12.4.3). */
import { type Bytes, decode, empty, encode, eq, MAX_MESSAGE, wipe } from "./codec";
import { type Base, type Config, checkTag } from "./epoch";
import {
  EXT,
  encLeaf,
  findExt,
  type KeyPackage,
  type KeyPackagePrivate,
  keyPackageRef,
  type LeafNode,
  verifyLeafSignature,
} from "./leaf";
import {
  decGroupInfo,
  decGroupSecrets,
  encGroupInfo,
  encGroupSecrets,
  type GroupInfo,
  type GroupSecrets,
  groupInfoTbs,
  PSK,
  PSK_USAGE,
  type PSKID,
  type Welcome,
} from "./messages";
import { checkExtensions, checkLeafContent, checkSupport, checkUnique } from "./rules";
import { epochSecrets, pskSecret, type Secrets, welcomeSecret } from "./schedule";
import { getSuite, NONCE_SIZE, type Suite } from "./suite";
import { Tree } from "./tree";
import { implant, type PrivateKeys } from "./treekem";
import { below } from "./treemath";

function infoKey(s: Suite, welcome: Bytes): { key: Bytes; nonce: Bytes } {
  return {
    key: s.expandLabel(welcome, "key", empty, s.keySize),
    nonce: s.expandLabel(welcome, "nonce", empty, NONCE_SIZE),
  };
}

/** Someone whom a commit added: pathSecret is that of the lowest node that they share with the committer. */
export interface Newcomer {
  kp: KeyPackage;
  pathSecret: Bytes | undefined;
}

/** Seals a GroupInfo, and the secrets of its epoch to each newcomer. */
export async function sealWelcome(
  s: Suite,
  secrets: { welcome: Bytes; joiner: Bytes },
  info: GroupInfo,
  newcomers: readonly Newcomer[],
  psks: PSKID[],
): Promise<Welcome> {
  const k = infoKey(s, secrets.welcome);
  const plaintext = encode((w) => encGroupInfo(w, info));
  const groupInfo = await s.seal(k.key, k.nonce, empty, plaintext);
  wipe(k.key, k.nonce);
  const sealed = newcomers.map(async ({ kp, pathSecret }) => {
    const content = encode((w) => encGroupSecrets(w, { joiner: secrets.joiner, pathSecret, psks }));
    const ct = await s.encryptLabel(kp.initKey, "Welcome", groupInfo, content);
    wipe(content);
    return { ref: keyPackageRef(s, kp), ct };
  });
  return { suite: s.id, groupInfo, secrets: await Promise.all(sealed) };
}

/** What a Welcome tells the owner of a key package. Its signature and tree are not checked yet. */
interface Opened {
  secrets: GroupSecrets;
  info: GroupInfo;
  /** The PSK secret of the epoch. */
  psk: Bytes;
}

async function openWelcome(
  s: Suite,
  config: Config,
  m: Welcome,
  own: KeyPackagePrivate,
): Promise<Opened> {
  if (own.kp.suite !== m.suite) throw new Error("mls: a Welcome of another suite");
  const ref = keyPackageRef(s, own.kp);
  const entry = m.secrets.find((x) => eq(x.ref, ref));
  if (!entry) throw new Error("mls: the Welcome is not for this key package");
  const plaintext = await s.decryptLabel(own.initPriv, "Welcome", m.groupInfo, entry.ct);
  const secrets = decode(plaintext, decGroupSecrets);
  wipe(plaintext);
  checkWelcomePsks(s, secrets.psks);
  const psk = pskSecret(s, secrets.psks, (id) => config.psk?.(id));
  const welcome = welcomeSecret(s, secrets.joiner, psk);
  const k = infoKey(s, welcome);
  const info = decode(await s.open(k.key, k.nonce, empty, m.groupInfo), decGroupInfo);
  wipe(welcome, k.key, k.nonce);
  if (secrets.psks.some(isResumption) && info.context.epoch !== 1n) {
    throw new Error("mls: a Welcome that resumes a group beyond its first epoch");
  }
  return { secrets, info, psk };
}

const isResumption = (id: PSKID): boolean =>
  id.type === PSK.resumption && id.usage !== PSK_USAGE.application;

function checkWelcomePsks(s: Suite, psks: readonly PSKID[]): void {
  if (psks.filter(isResumption).length > 1)
    throw new Error("mls: a Welcome that resumes two groups");
  if (psks.some((id) => id.nonce.length !== s.hashSize)) {
    throw new Error("mls: a PSK nonce of another size");
  }
}

/**
 * Checks a GroupInfo and the tree that it comes with, and returns the tree. treeBytes is used when the GroupInfo holds
 * none. Lifetimes of leaves are not checked: see lifetime.ts.
 */
export async function verifyGroupInfo(
  s: Suite,
  config: Config,
  info: GroupInfo,
  treeBytes?: Uint8Array,
): Promise<Tree> {
  if (info.context.suite !== s.id) throw new Error("mls: a group of another suite");
  checkExtensions(info.extensions);
  const bytes = findExt(info.extensions, EXT.ratchetTree) ?? treeBytes;
  if (!bytes) throw new Error("mls: a group without its tree");
  if (bytes.length > 2 * MAX_MESSAGE) throw new Error("mls: the tree is too long");
  const tree = Tree.parse(s, bytes);
  const signer = tree.leaf(info.signer);
  if (!signer) throw new Error("mls: the signer of the group's description is no member");
  await s.verify(signer.sigKey, "GroupInfoTBS", groupInfoTbs(info), info.signature);
  if (!eq(tree.hash(), info.context.treeHash)) throw new Error("mls: the tree is another one");
  tree.verifyStructure();
  checkUnique(tree);
  checkSupport(tree, info.context.extensions);
  const { groupId } = info.context;
  await Promise.all(
    tree.members().map(async ({ index, leaf }) => {
      checkLeafContent(s, leaf);
      await verifyLeafSignature(s, leaf, groupId, index);
      await config.validate?.(leaf);
    }),
  );
  return tree;
}

/** Joins by a Welcome (§12.4.3.1). Moves the secrets out of own when it succeeds. */
export async function joinByWelcome(
  config: Config,
  m: Welcome,
  own: KeyPackagePrivate,
  treeBytes?: Uint8Array,
): Promise<{ base: Base; secrets: Secrets; tag: Bytes }> {
  const s = getSuite(m.suite);
  const { secrets: told, info, psk } = await openWelcome(s, config, m, own);
  const tree = await verifyGroupInfo(s, config, info, treeBytes);
  const me = ownLeaf(tree, own.kp.leaf);
  const keys: PrivateKeys = new Map([[2 * me, own.encPriv.slice()]]);
  if (told.pathSecret) {
    const steps = tree.filteredPath(info.signer);
    const k = steps.findIndex((step) => below(2 * me, step.copath));
    if (k < 0) throw new Error("mls: a path secret from nowhere");
    const above = steps.slice(k).map((step) => step.node);
    wipe(await implant(tree, keys, above, told.pathSecret));
  }
  const { context, tag } = info;
  const secrets = epochSecrets(s, told.joiner, psk, context);
  checkTag(s, secrets, context, tag);
  wipe(secrets.joiner, secrets.welcome, own.initPriv, own.encPriv);
  const base: Base = {
    suite: s,
    config,
    signer: own.signer,
    me,
    context,
    tree,
    keys,
    past: new Map(),
    resumption: new Map([[context.epoch, secrets.resumption]]),
  };
  return { base, secrets, tag };
}

function ownLeaf(tree: Tree, leaf: LeafNode): number {
  const encoded = (l: LeafNode): Bytes => encode((w) => encLeaf(w, l));
  const want = encoded(leaf);
  for (const { index, leaf: l } of tree.members()) {
    if (eq(l.sigKey, leaf.sigKey) && eq(encoded(l), want)) return index;
  }
  throw new Error("mls: our leaf is not in the tree");
}
