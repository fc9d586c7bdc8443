/** GroupInfo and Welcome: making and opening them (RFC 9420 §12.4.3). */
import { type Bytes, decode, empty, encode, eq, MAX_MESSAGE, wipe } from "./codec";
import type { Config } from "./epoch";
import {
  EXT,
  findExt,
  type KeyPackage,
  type KeyPackagePrivate,
  keyPackageRef,
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
import { welcomeSecret } from "./schedule";
import { NONCE_SIZE, type Suite } from "./suite";
import { Tree } from "./tree";

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
export interface Opened {
  secrets: GroupSecrets;
  info: GroupInfo;
}

/** Opens a Welcome. psk makes the PSK secret for the ids in it, and the returned one is wiped. */
export async function openWelcome(
  s: Suite,
  m: Welcome,
  own: KeyPackagePrivate,
  psk: (ids: readonly PSKID[]) => Bytes,
): Promise<Opened> {
  if (own.kp.suite !== m.suite) throw new Error("mls: a Welcome of another suite");
  const ref = keyPackageRef(s, own.kp);
  const entry = m.secrets.find((x) => eq(x.ref, ref));
  if (!entry) throw new Error("mls: the Welcome is not for this key package");
  const plaintext = await s.decryptLabel(own.initPriv, "Welcome", m.groupInfo, entry.ct);
  const secrets = decode(plaintext, decGroupSecrets);
  wipe(plaintext);
  checkWelcomePsks(s, secrets.psks);
  const mixed = psk(secrets.psks);
  const welcome = welcomeSecret(s, secrets.joiner, mixed);
  const k = infoKey(s, welcome);
  const info = decode(await s.open(k.key, k.nonce, empty, m.groupInfo), decGroupInfo);
  wipe(mixed, welcome, k.key, k.nonce);
  const resumes = secrets.psks.some(isResumption);
  if (resumes && info.context.epoch !== 1n) {
    throw new Error("mls: a Welcome that resumes a group beyond its first epoch");
  }
  return { secrets, info };
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
    tree.members().flatMap(({ index, leaf }) => {
      checkLeafContent(s, leaf);
      return [verifyLeafSignature(s, leaf, groupId, index), config.validate?.(leaf)];
    }),
  );
  return tree;
}
