/** Groups for tests, and members that break the rules. For tests only. */
import { type Bytes, empty } from "../src/e2ee/mls/codec";
import { frame } from "../src/e2ee/mls/commit";
import type { Base, Config } from "../src/e2ee/mls/epoch";
import { Group } from "../src/e2ee/mls/group";
import type { Secrets } from "../src/e2ee/mls/schedule";
import { getSuite, random } from "../src/e2ee/mls/suite";
import {
  type Authenticated,
  CONTENT,
  type Commit,
  type Extension,
  type KeyPackagePrivate,
  keyPackageTbs,
  type LeafNode,
  type Message,
  membershipTag,
  newKeyPackage,
  type Proposal,
  SENDER,
  type Sender,
  signContent,
  signLeaf,
  WIRE,
} from "../src/e2ee/mls/types";

export const suite = getSuite(1);
export const LEAF = 0xf1ca;
export const CARD = 0xf1cb;
const text = new TextEncoder();

export const now = (): bigint => BigInt(Math.floor(Date.now() / 1000));

export interface Own extends KeyPackagePrivate {
  signerPub: Bytes;
}

/** A key package; change alters its leaf before it is signed. */
export async function keyPackage(
  name: string,
  change: (l: LeafNode) => void = () => {},
): Promise<Own> {
  const signer = await suite.generateSigner();
  const credential = { type: 1, identity: text.encode(name) };
  const extensions = [{ type: LEAF, data: text.encode(name) }];
  const own = await newKeyPackage(
    suite,
    credential,
    signer.priv,
    signer.pub,
    now() - 3600n,
    now() + 86_400n,
    extensions,
    [LEAF, CARD],
  );
  change(own.kp.leaf);
  await signAgain(own);
  return { ...own, signerPub: signer.pub };
}

export async function signAgain(own: KeyPackagePrivate): Promise<void> {
  await signLeaf(suite, own.kp.leaf, own.signer, empty, 0);
  own.kp.signature = await suite.sign(own.signer, "KeyPackageTBS", keyPackageTbs(own.kp));
}

export const card: Extension[] = [{ type: CARD, data: text.encode("card") }];

export async function founder(
  config: Config = {},
  extensions: Extension[] = card,
  name = "founder",
): Promise<Group> {
  return Group.create(1, config, text.encode("group"), await keyPackage(name), extensions);
}

export const add = (own: KeyPackagePrivate): Proposal => ({ type: 1, keyPackage: own.kp });
export const remove = (removed: number): Proposal => ({ type: 3, removed });

/** A group of n, by one commit; config is everybody's. The first is leaf 0, and so on. */
export async function groupOf(n: number, config: Config = {}, extensions = card): Promise<Group[]> {
  const first = await founder(config, extensions);
  if (n === 1) return [first];
  const owns = await Promise.all(Array.from({ length: n - 1 }, (_, i) => keyPackage(`m${i + 1}`)));
  const made = await first.commit({ proposals: owns.map(add), public: true, noTree: true });
  if (made.welcome?.wire !== 3) throw new Error("no welcome");
  const { welcome } = made.welcome;
  const joined = await Promise.all(owns.map((o) => Group.join(config, welcome, o, made.tree)));
  return [made.next, ...joined];
}

/** The private parts of a group, for members that do not keep the rules. */
export function inside(g: Group): { base: Base; secrets: Secrets } {
  return g as unknown as { base: Base; secrets: Secrets };
}

export interface Forgery {
  /** After signing, before the membership tag. */
  after?(a: Authenticated): void;
  sender?: Sender;
  tag?: Bytes;
}

/** Signs whatever content it is given as member g, without asking whether it is valid. */
export async function forge(
  g: Group,
  change: (a: Authenticated) => void,
  o: Forgery = {},
): Promise<Message> {
  const { base, secrets } = inside(g);
  const sender = o.sender ?? { type: SENDER.member, index: g.me };
  const framing = { contentType: CONTENT.commit, wire: WIRE.public, aad: empty };
  const auth = frame(g.ctx, sender, framing);
  auth.tag = o.tag ?? random(32);
  change(auth);
  await signContent(suite, auth, base.signer, g.ctx);
  o.after?.(auth);
  const tag = membershipTag(suite, auth, secrets.membership, g.ctx);
  return { wire: 1, auth, membershipTag: tag };
}

/** A commit of these proposals by value, without a path unless one is given. */
export function forgeCommit(
  g: Group,
  proposals: Proposal[],
  path?: Commit["path"],
): Promise<Message> {
  return forge(g, (a) => {
    a.content.commit = { proposals: proposals.map((proposal) => ({ proposal })), path };
  });
}

export function commitOf(m: Message): Commit {
  if (m.wire !== 1 || !m.auth.content.commit) throw new Error("not a public commit");
  return m.auth.content.commit;
}
