import { Writer, Reader, encode, decode, DecodeError, empty, type Bytes } from "./codec.js";
import { type Suite, type HPKECiphertext, encCT, decCT } from "./suite.js";

export interface Credential { type: number; identity: Bytes; certs?: Bytes[] }
const encCred = (w: Writer, c: Credential) => { w.u16(c.type); if (c.type === 2) w.list(c.certs!, (w, x) => w.opaque(x)); else w.opaque(c.identity); };
const decCred = (r: Reader): Credential => { const type = r.u16(); return type === 2 ? { type, identity: empty, certs: r.list((r) => r.opaque()) } : { type, identity: r.opaque() }; };
export interface Capabilities { versions: number[]; suites: number[]; extensions: number[]; proposals: number[]; credentials: number[] }
export interface Extension { type: number; data: Bytes }
export const EXT = { ratchetTree: 2, requiredCapabilities: 3, externalPub: 4, externalSenders: 5 } as const;
export const encExt = (w: Writer, e: Extension) => { w.u16(e.type); w.opaque(e.data); };
export const decExt = (r: Reader): Extension => ({ type: r.u16(), data: r.opaque() });
export const findExt = (es: Extension[], t: number) => es.find((e) => e.type === t)?.data;

export const SRC = { keyPackage: 1, update: 2, commit: 3 } as const;
export interface LeafNode {
  encKey: Bytes; sigKey: Bytes; credential: Credential; caps: Capabilities;
  source: number; notBefore: bigint; notAfter: bigint; parentHash: Bytes; extensions: Extension[]; signature: Bytes;
}
const encLeafBody = (w: Writer, l: LeafNode) => {
  w.opaque(l.encKey); w.opaque(l.sigKey); encCred(w, l.credential);
  w.u16s(l.caps.versions); w.u16s(l.caps.suites); w.u16s(l.caps.extensions); w.u16s(l.caps.proposals); w.u16s(l.caps.credentials);
  w.u8(l.source);
  if (l.source === SRC.keyPackage) { w.u64(l.notBefore); w.u64(l.notAfter); } else if (l.source === SRC.commit) w.opaque(l.parentHash);
  w.list(l.extensions, encExt);
};
export const encLeaf = (w: Writer, l: LeafNode) => { encLeafBody(w, l); w.opaque(l.signature); };
export const decLeaf = (r: Reader): LeafNode => {
  const l = { encKey: r.opaque(), sigKey: r.opaque(), credential: decCred(r), caps: { versions: r.u16s(), suites: r.u16s(), extensions: r.u16s(), proposals: r.u16s(), credentials: r.u16s() }, source: r.u8(), notBefore: 0n, notAfter: 0n, parentHash: empty, extensions: [] as Extension[], signature: empty };
  if (l.source === SRC.keyPackage) { l.notBefore = r.u64(); l.notAfter = r.u64(); } else if (l.source === SRC.commit) l.parentHash = r.opaque(); else if (l.source !== SRC.update) throw new DecodeError("leaf source");
  l.extensions = r.list(decExt); l.signature = r.opaque();
  return l;
};
const leafTBS = (l: LeafNode, groupId: Bytes, leaf: number) => encode((w) => { encLeafBody(w, l); if (l.source !== SRC.keyPackage) { w.opaque(groupId); w.u32(leaf); } });
export const signLeaf = async (s: Suite, l: LeafNode, k: CryptoKey, groupId: Bytes, leaf: number) => { l.signature = await s.sign(k, "LeafNodeTBS", leafTBS(l, groupId, leaf)); };
export const verifyLeaf = (s: Suite, l: LeafNode, groupId: Bytes, leaf: number) => s.verify(l.sigKey, "LeafNodeTBS", leafTBS(l, groupId, leaf), l.signature);

export interface KeyPackage { suite: number; initKey: Bytes; leaf: LeafNode; extensions: Extension[]; signature: Bytes }
const encKPBody = (w: Writer, k: KeyPackage) => { w.u16(1); w.u16(k.suite); w.opaque(k.initKey); encLeaf(w, k.leaf); w.list(k.extensions, encExt); };
export const encKP = (w: Writer, k: KeyPackage) => { encKPBody(w, k); w.opaque(k.signature); };
const v1 = (r: Reader) => { if (r.u16() !== 1) throw new DecodeError("version"); };
export const decKP = (r: Reader): KeyPackage => { v1(r); return { suite: r.u16(), initKey: r.opaque(), leaf: decLeaf(r), extensions: r.list(decExt), signature: r.opaque() }; };
export const kpRef = (s: Suite, k: KeyPackage) => s.refHash("MLS 1.0 KeyPackage Reference", encode((w) => encKP(w, k)));
export const verifyKP = async (s: Suite, k: KeyPackage) => {
  if (k.suite !== s.id || k.leaf.source !== SRC.keyPackage) throw new Error("invalid key package");
  await Promise.all([s.verify(k.leaf.sigKey, "KeyPackageTBS", encode((w) => encKPBody(w, k)), k.signature), verifyLeaf(s, k.leaf, empty, 0)]);
};
export interface KeyPackagePrivate { kp: KeyPackage; initPriv: Bytes; encPriv: Bytes; signer: CryptoKey }
export async function newKeyPackage(s: Suite, credential: Credential, signer: CryptoKey, sigKey: Bytes, notBefore: bigint, notAfter: bigint, extensions: Extension[] = [], understood: number[] = []): Promise<KeyPackagePrivate> {
  const [init, enc] = await Promise.all([s.generateKeyPair(), s.generateKeyPair()]);
  const leaf: LeafNode = { encKey: enc.pub, sigKey, credential, caps: { versions: [1], suites: [s.id], extensions: understood, proposals: [], credentials: [1] }, source: SRC.keyPackage, notBefore, notAfter, parentHash: empty, extensions, signature: empty };
  await signLeaf(s, leaf, signer, empty, 0);
  const kp: KeyPackage = { suite: s.id, initKey: init.pub, leaf, extensions: [], signature: empty };
  kp.signature = await s.sign(signer, "KeyPackageTBS", encode((w) => encKPBody(w, kp)));
  return { kp, initPriv: init.priv, encPriv: enc.priv, signer };
}

export interface GroupContext { suite: number; groupId: Bytes; epoch: bigint; treeHash: Bytes; transcript: Bytes; extensions: Extension[] }
export const encGC = (w: Writer, g: GroupContext) => { w.u16(1); w.u16(g.suite); w.opaque(g.groupId); w.u64(g.epoch); w.opaque(g.treeHash); w.opaque(g.transcript); w.list(g.extensions, encExt); };
const decGC = (r: Reader): GroupContext => { v1(r); return { suite: r.u16(), groupId: r.opaque(), epoch: r.u64(), treeHash: r.opaque(), transcript: r.opaque(), extensions: r.list(decExt) }; };

export interface PSKID { type: number; id: Bytes; usage: number; groupId: Bytes; epoch: bigint; nonce: Bytes }
export const encPSK = (w: Writer, p: PSKID) => { w.u8(p.type); if (p.type === 1) w.opaque(p.id); else { w.u8(p.usage); w.opaque(p.groupId); w.u64(p.epoch); } w.opaque(p.nonce); };
const decPSK = (r: Reader): PSKID => { const type = r.u8(); if (type !== 1 && type !== 2) throw new DecodeError("psk type"); const e = { type, id: empty, usage: 0, groupId: empty, epoch: 0n, nonce: empty }; if (type === 1) e.id = r.opaque(); else { e.usage = r.u8(); e.groupId = r.opaque(); e.epoch = r.u64(); } e.nonce = r.opaque(); return e; };

export type Proposal =
  | { type: 1; keyPackage: KeyPackage } | { type: 2; leaf: LeafNode } | { type: 3; removed: number } | { type: 4; psk: PSKID }
  | { type: 5; groupId: Bytes; version: number; suite: number; extensions: Extension[] } | { type: 6; kem: Bytes } | { type: 7; extensions: Extension[] };
export const encProposal = (w: Writer, p: Proposal) => {
  w.u16(p.type);
  switch (p.type) {
    case 1: return encKP(w, p.keyPackage);
    case 2: return encLeaf(w, p.leaf);
    case 3: return w.u32(p.removed);
    case 4: return encPSK(w, p.psk);
    case 5: w.opaque(p.groupId); w.u16(p.version); w.u16(p.suite); return w.list(p.extensions, encExt);
    case 6: return w.opaque(p.kem);
    case 7: return w.list(p.extensions, encExt);
  }
};
export const decProposal = (r: Reader): Proposal => {
  const type = r.u16();
  switch (type) {
    case 1: return { type, keyPackage: decKP(r) };
    case 2: return { type, leaf: decLeaf(r) };
    case 3: return { type, removed: r.u32() };
    case 4: return { type, psk: decPSK(r) };
    case 5: return { type, groupId: r.opaque(), version: r.u16(), suite: r.u16(), extensions: r.list(decExt) };
    case 6: return { type, kem: r.opaque() };
    case 7: return { type, extensions: r.list(decExt) };
  }
  throw new DecodeError("proposal type " + type);
};
export interface UpdatePath { leaf: LeafNode; nodes: { key: Bytes; secrets: HPKECiphertext[] }[] }
export const encPath = (w: Writer, u: UpdatePath) => { encLeaf(w, u.leaf); w.list(u.nodes, (w, n) => { w.opaque(n.key); w.list(n.secrets, encCT); }); };
export const decPath = (r: Reader): UpdatePath => ({ leaf: decLeaf(r), nodes: r.list((r) => ({ key: r.opaque(), secrets: r.list(decCT) })) });
export interface Commit { proposals: ({ proposal: Proposal; ref?: undefined } | { ref: Bytes; proposal?: undefined })[]; path?: UpdatePath | undefined }
export const encCommit = (w: Writer, c: Commit) => { w.list(c.proposals, (w, p) => { if (p.proposal) { w.u8(1); encProposal(w, p.proposal); } else { w.u8(2); w.opaque(p.ref!); } }); if (c.path) { w.u8(1); encPath(w, c.path); } else w.u8(0); };
export const decCommit = (r: Reader): Commit => ({ proposals: r.list((r) => { const t = r.u8(); if (t === 1) return { proposal: decProposal(r) }; if (t === 2) return { ref: r.opaque() }; throw new DecodeError("proposal or ref"); }), path: r.optional() ? decPath(r) : undefined });

export const SENDER = { member: 1, external: 2, newProposal: 3, newCommit: 4 } as const;
export const CONTENT = { application: 1, proposal: 2, commit: 3 } as const;
export const WIRE = { public: 1, private: 2, welcome: 3, groupInfo: 4, keyPackage: 5 } as const;
export interface Sender { type: number; index: number }
export interface Framed { groupId: Bytes; epoch: bigint; sender: Sender; aad: Bytes; contentType: number; application?: Bytes; proposal?: Proposal; commit?: Commit }
export interface Auth { wire: number; content: Framed; signature: Bytes; tag: Bytes }
export const encBody = (w: Writer, f: Framed) => { if (f.contentType === 1) w.opaque(f.application!); else if (f.contentType === 2) encProposal(w, f.proposal!); else encCommit(w, f.commit!); };
export const decBody = (r: Reader, f: Framed) => { if (f.contentType === 1) f.application = r.opaque(); else if (f.contentType === 2) f.proposal = decProposal(r); else if (f.contentType === 3) f.commit = decCommit(r); else throw new DecodeError("content type"); };
const encSender = (w: Writer, s: Sender) => { w.u8(s.type); if (s.type <= 2) w.u32(s.index); };
const decSender = (r: Reader): Sender => { const type = r.u8(); if (type < 1 || type > 4) throw new DecodeError("sender"); return { type, index: type <= 2 ? r.u32() : 0 }; };
export const encFramed = (w: Writer, f: Framed) => { w.opaque(f.groupId); w.u64(f.epoch); encSender(w, f.sender); w.opaque(f.aad); w.u8(f.contentType); encBody(w, f); };
const decFramed = (r: Reader): Framed => { const f: Framed = { groupId: r.opaque(), epoch: r.u64(), sender: decSender(r), aad: r.opaque(), contentType: r.u8() }; decBody(r, f); return f; };
export const encAuthData = (w: Writer, a: Auth) => { w.opaque(a.signature); if (a.content.contentType === 3) w.opaque(a.tag); };
export const decAuthData = (r: Reader, a: Auth) => { a.signature = r.opaque(); if (a.content.contentType === 3) a.tag = r.opaque(); };
export const encAuth = (w: Writer, a: Auth) => { w.u16(a.wire); encFramed(w, a.content); encAuthData(w, a); };
export const decAuth = (r: Reader): Auth => { const a: Auth = { wire: r.u16(), content: decFramed(r), signature: empty, tag: empty }; decAuthData(r, a); return a; };
export const authTBS = (a: Auth, gc: GroupContext) => encode((w) => { w.u16(1); w.u16(a.wire); encFramed(w, a.content); const t = a.content.sender.type; if (t === 1 || t === 4) encGC(w, gc); });
export const signAuth = async (s: Suite, a: Auth, k: CryptoKey, gc: GroupContext) => { a.signature = await s.sign(k, "FramedContentTBS", authTBS(a, gc)); };
export const verifyAuth = (s: Suite, a: Auth, pub: Bytes, gc: GroupContext) => s.verify(pub, "FramedContentTBS", authTBS(a, gc), a.signature);
export const membershipTag = (s: Suite, a: Auth, key: Bytes, gc: GroupContext) => s.mac(key, encode((w) => { w.raw(authTBS(a, gc)); encAuthData(w, a); }));
export const proposalRef = (s: Suite, a: Auth) => s.refHash("MLS 1.0 Proposal Reference", encode((w) => encAuth(w, a)));

export interface PrivateMessage { groupId: Bytes; epoch: bigint; contentType: number; aad: Bytes; senderData: Bytes; ciphertext: Bytes }
export interface GroupInfo { context: GroupContext; extensions: Extension[]; tag: Bytes; signer: number; signature: Bytes }
const encGIBody = (w: Writer, g: GroupInfo) => { encGC(w, g.context); w.list(g.extensions, encExt); w.opaque(g.tag); w.u32(g.signer); };
export const giTBS = (g: GroupInfo) => encode((w) => encGIBody(w, g));
export const encGI = (w: Writer, g: GroupInfo) => { encGIBody(w, g); w.opaque(g.signature); };
export const decGI = (r: Reader): GroupInfo => ({ context: decGC(r), extensions: r.list(decExt), tag: r.opaque(), signer: r.u32(), signature: r.opaque() });
export interface Welcome { suite: number; secrets: { ref: Bytes; ct: HPKECiphertext }[]; groupInfo: Bytes }
export interface GroupSecrets { joiner: Bytes; pathSecret?: Bytes | undefined; psks: PSKID[] }
export const encGS = (w: Writer, g: GroupSecrets) => { w.opaque(g.joiner); if (g.pathSecret) { w.u8(1); w.opaque(g.pathSecret); } else w.u8(0); w.list(g.psks, encPSK); };
export const decGS = (r: Reader): GroupSecrets => ({ joiner: r.opaque(), pathSecret: r.optional() ? r.opaque() : undefined, psks: r.list(decPSK) });
export type Message =
  | { wire: 1; auth: Auth; membershipTag: Bytes } | { wire: 2; private: PrivateMessage } | { wire: 3; welcome: Welcome } | { wire: 4; groupInfo: GroupInfo } | { wire: 5; keyPackage: KeyPackage };
export const encodeMessage = (m: Message): Bytes => encode((w) => {
  w.u16(1); w.u16(m.wire);
  switch (m.wire) {
    case 1: encFramed(w, m.auth.content); encAuthData(w, m.auth); if (m.auth.content.sender.type === 1) w.opaque(m.membershipTag); break;
    case 2: { const p = m.private; w.opaque(p.groupId); w.u64(p.epoch); w.u8(p.contentType); w.opaque(p.aad); w.opaque(p.senderData); w.opaque(p.ciphertext); break; }
    case 3: w.u16(m.welcome.suite); w.list(m.welcome.secrets, (w, e) => { w.opaque(e.ref); encCT(w, e.ct); }); w.opaque(m.welcome.groupInfo); break;
    case 4: encGI(w, m.groupInfo); break;
    case 5: encKP(w, m.keyPackage); break;
  }
});
export const decodeMessage = (b: Uint8Array): Message => decode(b, (r): Message => {
  v1(r);
  const wire = r.u16();
  switch (wire) {
    case 1: { const a: Auth = { wire: 1, content: decFramed(r), signature: empty, tag: empty }; decAuthData(r, a); return { wire, auth: a, membershipTag: a.content.sender.type === 1 ? r.opaque() : empty }; }
    case 2: return { wire, private: { groupId: r.opaque(), epoch: r.u64(), contentType: r.u8(), aad: r.opaque(), senderData: r.opaque(), ciphertext: r.opaque() } };
    case 3: return { wire, welcome: { suite: r.u16(), secrets: r.list((r) => ({ ref: r.opaque(), ct: decCT(r) })), groupInfo: r.opaque() } };
    case 4: return { wire, groupInfo: decGI(r) };
    case 5: return { wire, keyPackage: decKP(r) };
  }
  throw new DecodeError("wire format");
});
