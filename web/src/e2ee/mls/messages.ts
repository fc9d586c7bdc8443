/** What members tell each other: proposals, commits, framing, Welcomes (RFC 9420 §6, §8, §12). */
import {
  type Bytes,
  DecodeError,
  decode,
  empty,
  encode,
  MAX_LEAVES,
  MAX_MESSAGE,
  type Reader,
  type Writer,
} from "./codec";
import {
  decExtension,
  decKeyPackage,
  decLeaf,
  type Extension,
  encExtension,
  encKeyPackage,
  encLeaf,
  type KeyPackage,
  type LeafNode,
  MLS10,
} from "./leaf";
import { decCiphertext, encCiphertext, type HPKECiphertext, type Suite } from "./suite";

/** Most nodes of an update path: the levels above a leaf. */
const MAX_PATH = Math.log2(MAX_LEAVES);
/** Most proposals of a commit: every leaf replaced, and some more. */
const MAX_PROPOSALS = 2 * MAX_LEAVES + 64;

function version(r: Reader): void {
  if (r.u16() !== MLS10) throw new DecodeError("mls: of another protocol version");
}

/** §8.1. transcript is the confirmed transcript hash. */
export interface GroupContext {
  suite: number;
  groupId: Bytes;
  epoch: bigint;
  treeHash: Bytes;
  transcript: Bytes;
  extensions: Extension[];
}

export function encGroupContext(w: Writer, g: GroupContext): void {
  w.u16(MLS10);
  w.u16(g.suite);
  w.opaque(g.groupId);
  w.u64(g.epoch);
  w.opaque(g.treeHash);
  w.opaque(g.transcript);
  w.list(g.extensions, encExtension);
}

export function decGroupContext(r: Reader): GroupContext {
  version(r);
  return {
    suite: r.u16(),
    groupId: r.opaque(),
    epoch: r.u64(),
    treeHash: r.opaque(),
    transcript: r.opaque(),
    extensions: r.list(decExtension),
  };
}

export const PSK = { external: 1, resumption: 2 } as const;
export const PSK_USAGE = { application: 1, reinit: 2, branch: 3 } as const;

/** §8.4. id is of external PSKs; usage, groupId and epoch are of resumption PSKs. */
export interface PSKID {
  type: number;
  id: Bytes;
  usage: number;
  groupId: Bytes;
  epoch: bigint;
  nonce: Bytes;
}

export function encPskId(w: Writer, p: PSKID): void {
  w.u8(p.type);
  if (p.type === PSK.external) {
    w.opaque(p.id);
  } else {
    w.u8(p.usage);
    w.opaque(p.groupId);
    w.u64(p.epoch);
  }
  w.opaque(p.nonce);
}

export function decPskId(r: Reader): PSKID {
  const p: PSKID = { type: r.u8(), id: empty, usage: 0, groupId: empty, epoch: 0n, nonce: empty };
  if (p.type === PSK.external) {
    p.id = r.opaque();
  } else if (p.type === PSK.resumption) {
    p.usage = r.u8();
    p.groupId = r.opaque();
    p.epoch = r.u64();
    if (p.usage < 1 || p.usage > 3) throw new DecodeError("mls: a PSK of unknown usage");
  } else {
    throw new DecodeError("mls: a PSK of unknown type");
  }
  p.nonce = r.opaque();
  return p;
}

export const PROPOSAL = {
  add: 1,
  update: 2,
  remove: 3,
  psk: 4,
  reinit: 5,
  externalInit: 6,
  groupContextExtensions: 7,
} as const;

/** §12.1. Other types cannot be read: what follows a type has no length of its own. We never claim to know others. */
export type Proposal =
  | { type: 1; keyPackage: KeyPackage }
  | { type: 2; leaf: LeafNode }
  | { type: 3; removed: number }
  | { type: 4; psk: PSKID }
  | { type: 5; groupId: Bytes; version: number; suite: number; extensions: Extension[] }
  | { type: 6; kem: Bytes }
  | { type: 7; extensions: Extension[] };

export function encProposal(w: Writer, p: Proposal): void {
  w.u16(p.type);
  switch (p.type) {
    case 1:
      encKeyPackage(w, p.keyPackage);
      return;
    case 2:
      encLeaf(w, p.leaf);
      return;
    case 3:
      w.u32(p.removed);
      return;
    case 4:
      encPskId(w, p.psk);
      return;
    case 5:
      w.opaque(p.groupId);
      w.u16(p.version);
      w.u16(p.suite);
      w.list(p.extensions, encExtension);
      return;
    case 6:
      w.opaque(p.kem);
      return;
    case 7:
      w.list(p.extensions, encExtension);
      return;
  }
}

export function decProposal(r: Reader): Proposal {
  const type = r.u16();
  switch (type) {
    case 1:
      return { type, keyPackage: decKeyPackage(r) };
    case 2:
      return { type, leaf: decLeaf(r) };
    case 3:
      return { type, removed: r.u32() };
    case 4:
      return { type, psk: decPskId(r) };
    case 5:
      return {
        type,
        groupId: r.opaque(),
        version: r.u16(),
        suite: r.u16(),
        extensions: r.list(decExtension),
      };
    case 6:
      return { type, kem: r.opaque() };
    case 7:
      return { type, extensions: r.list(decExtension) };
  }
  throw new DecodeError(`mls: no proposal type ${type}`);
}

/** §7.6. */
export interface UpdatePath {
  leaf: LeafNode;
  nodes: { key: Bytes; secrets: HPKECiphertext[] }[];
}

export function encUpdatePath(w: Writer, u: UpdatePath): void {
  encLeaf(w, u.leaf);
  w.list(u.nodes, (w, n) => {
    w.opaque(n.key);
    w.list(n.secrets, encCiphertext);
  });
}

export function decUpdatePath(r: Reader): UpdatePath {
  return {
    leaf: decLeaf(r),
    nodes: r.list(
      (r) => ({ key: r.opaque(), secrets: r.list(decCiphertext, MAX_LEAVES) }),
      MAX_PATH,
    ),
  };
}

/** A proposal by value, or the reference of one that was sent before. */
export type ProposalOrRef =
  | { proposal: Proposal; ref?: undefined }
  | { ref: Bytes; proposal?: undefined };

/** §12.4. */
export interface Commit {
  proposals: ProposalOrRef[];
  path?: UpdatePath | undefined;
}

export function encCommit(w: Writer, c: Commit): void {
  w.list(c.proposals, (w, p) => {
    if (p.proposal) {
      w.u8(1);
      encProposal(w, p.proposal);
    } else {
      w.u8(2);
      w.opaque(p.ref);
    }
  });
  w.u8(c.path ? 1 : 0);
  if (c.path) encUpdatePath(w, c.path);
}

export function decCommit(r: Reader): Commit {
  const proposals = r.list((r): ProposalOrRef => {
    const kind = r.u8();
    if (kind === 1) return { proposal: decProposal(r) };
    if (kind === 2) return { ref: r.opaque() };
    throw new DecodeError("mls: neither a proposal nor a reference");
  }, MAX_PROPOSALS);
  return { proposals, path: r.optional() ? decUpdatePath(r) : undefined };
}

export const SENDER = { member: 1, external: 2, newMemberProposal: 3, newMemberCommit: 4 } as const;
export const CONTENT = { application: 1, proposal: 2, commit: 3 } as const;
export const WIRE = { public: 1, private: 2, welcome: 3, groupInfo: 4, keyPackage: 5 } as const;

/** index is the leaf of a member, or the place in external_senders; 0 otherwise. */
export interface Sender {
  type: number;
  index: number;
}

/** FramedContent (§6). Exactly the field that contentType names is set. */
export interface Framed {
  groupId: Bytes;
  epoch: bigint;
  sender: Sender;
  aad: Bytes;
  contentType: number;
  application?: Bytes;
  proposal?: Proposal;
  commit?: Commit;
}

/** AuthenticatedContent (§6.1). tag is the confirmation tag of commits. */
export interface Authenticated {
  wire: number;
  content: Framed;
  signature: Bytes;
  tag: Bytes;
}

function missing(): never {
  throw new Error("mls: framed content lacks what its type names");
}

export function encBody(w: Writer, f: Framed): void {
  if (f.contentType === CONTENT.application) w.opaque(f.application ?? missing());
  else if (f.contentType === CONTENT.proposal) encProposal(w, f.proposal ?? missing());
  else encCommit(w, f.commit ?? missing());
}

export function decBody(r: Reader, f: Framed): void {
  if (f.contentType === CONTENT.application) f.application = r.opaque(MAX_MESSAGE);
  else if (f.contentType === CONTENT.proposal) f.proposal = decProposal(r);
  else if (f.contentType === CONTENT.commit) f.commit = decCommit(r);
  else throw new DecodeError("mls: unknown content type");
}

function encSender(w: Writer, s: Sender): void {
  w.u8(s.type);
  if (s.type === SENDER.member || s.type === SENDER.external) w.u32(s.index);
}

function decSender(r: Reader): Sender {
  const type = r.u8();
  if (type < 1 || type > 4) throw new DecodeError("mls: unknown sender type");
  return { type, index: type <= SENDER.external ? r.u32() : 0 };
}

export function encFramed(w: Writer, f: Framed): void {
  w.opaque(f.groupId);
  w.u64(f.epoch);
  encSender(w, f.sender);
  w.opaque(f.aad);
  w.u8(f.contentType);
  encBody(w, f);
}

export function decFramed(r: Reader): Framed {
  const f: Framed = {
    groupId: r.opaque(),
    epoch: r.u64(),
    sender: decSender(r),
    aad: r.opaque(),
    contentType: r.u8(),
  };
  decBody(r, f);
  return f;
}

export function encAuthData(w: Writer, a: Authenticated): void {
  w.opaque(a.signature);
  if (a.content.contentType === CONTENT.commit) w.opaque(a.tag);
}

export function decAuthData(r: Reader, a: Authenticated): void {
  a.signature = r.opaque();
  if (a.content.contentType === CONTENT.commit) a.tag = r.opaque();
}

export function encAuthenticated(w: Writer, a: Authenticated): void {
  w.u16(a.wire);
  encFramed(w, a.content);
  encAuthData(w, a);
}

export function decAuthenticated(r: Reader): Authenticated {
  const a: Authenticated = { wire: r.u16(), content: decFramed(r), signature: empty, tag: empty };
  decAuthData(r, a);
  return a;
}

/** FramedContentTBS (§6.1). */
const framedTbs = (a: Authenticated, context: GroupContext): Bytes =>
  encode((w) => {
    w.u16(MLS10);
    w.u16(a.wire);
    encFramed(w, a.content);
    const t = a.content.sender.type;
    if (t === SENDER.member || t === SENDER.newMemberCommit) encGroupContext(w, context);
  });

export async function signContent(
  s: Suite,
  a: Authenticated,
  key: CryptoKey,
  context: GroupContext,
): Promise<void> {
  a.signature = await s.sign(key, "FramedContentTBS", framedTbs(a, context));
}

/** Throws unless the key signed the content in this context. */
export function verifyContent(
  s: Suite,
  a: Authenticated,
  pub: Bytes,
  context: GroupContext,
): Promise<void> {
  return s.verify(pub, "FramedContentTBS", framedTbs(a, context), a.signature);
}

/** The membership tag of a PublicMessage (§6.2). */
export const membershipTag = (
  s: Suite,
  a: Authenticated,
  key: Bytes,
  context: GroupContext,
): Bytes =>
  s.mac(
    key,
    encode((w) => {
      w.raw(framedTbs(a, context));
      encAuthData(w, a);
    }),
  );

/** ProposalRef (§5.2). */
export const proposalRef = (s: Suite, a: Authenticated): Bytes =>
  s.refHash(
    "MLS 1.0 Proposal Reference",
    encode((w) => encAuthenticated(w, a)),
  );

/** §6.3. */
export interface PrivateMessage {
  groupId: Bytes;
  epoch: bigint;
  contentType: number;
  aad: Bytes;
  senderData: Bytes;
  ciphertext: Bytes;
}

/** §12.4.3. signer is a leaf index. */
export interface GroupInfo {
  context: GroupContext;
  extensions: Extension[];
  tag: Bytes;
  signer: number;
  signature: Bytes;
}

function encGroupInfoBody(w: Writer, g: GroupInfo): void {
  encGroupContext(w, g.context);
  w.list(g.extensions, encExtension);
  w.opaque(g.tag);
  w.u32(g.signer);
}

export const groupInfoTbs = (g: GroupInfo): Bytes => encode((w) => encGroupInfoBody(w, g));

export function encGroupInfo(w: Writer, g: GroupInfo): void {
  encGroupInfoBody(w, g);
  w.opaque(g.signature);
}

export function decGroupInfo(r: Reader): GroupInfo {
  return {
    context: decGroupContext(r),
    extensions: r.list(decExtension),
    tag: r.opaque(),
    signer: r.u32(),
    signature: r.opaque(),
  };
}

/** §12.4.3.1. One entry of secrets for each new member. */
export interface Welcome {
  suite: number;
  secrets: { ref: Bytes; ct: HPKECiphertext }[];
  groupInfo: Bytes;
}

export interface GroupSecrets {
  joiner: Bytes;
  pathSecret?: Bytes | undefined;
  psks: PSKID[];
}

export function encGroupSecrets(w: Writer, g: GroupSecrets): void {
  w.opaque(g.joiner);
  w.u8(g.pathSecret ? 1 : 0);
  if (g.pathSecret) w.opaque(g.pathSecret);
  w.list(g.psks, encPskId);
}

export function decGroupSecrets(r: Reader): GroupSecrets {
  return {
    joiner: r.opaque(),
    pathSecret: r.optional() ? r.opaque() : undefined,
    psks: r.list(decPskId),
  };
}

/** MLSMessage (§6). membershipTag is empty unless the sender is a member. */
export type Message =
  | { wire: 1; auth: Authenticated; membershipTag: Bytes }
  | { wire: 2; private: PrivateMessage }
  | { wire: 3; welcome: Welcome }
  | { wire: 4; groupInfo: GroupInfo }
  | { wire: 5; keyPackage: KeyPackage };

function encPrivate(w: Writer, p: PrivateMessage): void {
  w.opaque(p.groupId);
  w.u64(p.epoch);
  w.u8(p.contentType);
  w.opaque(p.aad);
  w.opaque(p.senderData);
  w.opaque(p.ciphertext);
}

function encWelcome(w: Writer, m: Welcome): void {
  w.u16(m.suite);
  w.list(m.secrets, (w, e) => {
    w.opaque(e.ref);
    encCiphertext(w, e.ct);
  });
  w.opaque(m.groupInfo);
}

/** Throws when the message is longer than receivers take. */
export function encodeMessage(m: Message): Bytes {
  const out = encode((w) => {
    w.u16(MLS10);
    w.u16(m.wire);
    switch (m.wire) {
      case 1:
        encFramed(w, m.auth.content);
        encAuthData(w, m.auth);
        if (m.auth.content.sender.type === SENDER.member) w.opaque(m.membershipTag);
        return;
      case 2:
        encPrivate(w, m.private);
        return;
      case 3:
        encWelcome(w, m.welcome);
        return;
      case 4:
        encGroupInfo(w, m.groupInfo);
        return;
      case 5:
        encKeyPackage(w, m.keyPackage);
        return;
    }
  });
  if (out.length > MAX_MESSAGE) throw new Error("mls: the message is too long");
  return out;
}

function decPublic(r: Reader): Message {
  const auth: Authenticated = {
    wire: WIRE.public,
    content: decFramed(r),
    signature: empty,
    tag: empty,
  };
  decAuthData(r, auth);
  const byMember = auth.content.sender.type === SENDER.member;
  return { wire: WIRE.public, auth, membershipTag: byMember ? r.opaque() : empty };
}

/** Reads an MLSMessage; throws DecodeError. Nothing in it is authenticated yet. */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > MAX_MESSAGE) throw new DecodeError("mls: the message is too long");
  return decode(bytes, (r): Message => {
    version(r);
    const wire = r.u16();
    switch (wire) {
      case 1:
        return decPublic(r);
      case 2: {
        const head = {
          groupId: r.opaque(),
          epoch: r.u64(),
          contentType: r.u8(),
          aad: r.opaque(),
        };
        if (head.contentType < 1 || head.contentType > 3) {
          throw new DecodeError("mls: unknown content type");
        }
        const senderData = r.opaque();
        return { wire, private: { ...head, senderData, ciphertext: r.opaque(MAX_MESSAGE) } };
      }
      case 3: {
        const suite = r.u16();
        const secrets = r.list((r) => ({ ref: r.opaque(), ct: decCiphertext(r) }), MAX_LEAVES);
        return { wire, welcome: { suite, secrets, groupInfo: r.opaque(MAX_MESSAGE) } };
      }
      case 4:
        return { wire, groupInfo: decGroupInfo(r) };
      case 5:
        return { wire, keyPackage: decKeyPackage(r) };
    }
    throw new DecodeError("mls: unknown wire format");
  });
}
