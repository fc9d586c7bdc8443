import { encode, decode, eq, hex, empty, type Bytes } from "./codec.js";
import { getSuite, random, type Suite } from "./suite.js";
import * as T from "./types.js";
import { Tree, below, type Step } from "./tree.js";
import * as K from "./schedule.js";

export interface Config { psk?: (id: T.PSKID) => Bytes | undefined; validate?: (l: T.LeafNode) => void | Promise<void>; pad?: number }
interface Pending { p: T.Proposal; sender: T.Sender }
interface Past { ctx: T.GroupContext; tree: Tree; st: K.SecretTree; senderData: Bytes }
interface Applied { tree: Tree; exts: T.Extension[]; added: number[]; addKPs: T.KeyPackage[]; psks: T.PSKID[]; needPath: boolean; extInit?: Bytes; removed: number[] }
export interface Event { kind: number; sender: T.Sender; aad: Bytes; application?: Bytes | undefined; proposal?: T.Proposal | undefined; next?: Group; added: number[]; removed: number[]; proposals: T.Proposal[]; hasPath: boolean }
export interface CommitOptions { proposals?: T.Proposal[]; forcePath?: boolean; public?: boolean; noTree?: boolean; aad?: Bytes }
const KEEP_EPOCHS = 3n;

/** One member's view of one epoch. Commits produce a new Group; switch to it once the delivery service accepted the commit. */
export class Group {
  ctx!: T.GroupContext; tree!: Tree; me = 0; priv = new Map<number, Bytes>(); sec!: K.Secrets; removedSelf = false;
  private st!: K.SecretTree; private interim: Bytes = empty; private tag: Bytes = empty;
  private pending = new Map<string, Pending & { ref: Bytes }>(); private pendingLeaf = new Map<string, Bytes>();
  private past = new Map<bigint, Past>(); private resumption = new Map<bigint, Bytes>();
  private constructor(readonly s: Suite, readonly cfg: Config, private signer: CryptoKey) {}
  get epoch() { return this.ctx.epoch; }
  get authenticator() { return this.sec.authenticator; }
  export(label: string, ctx: Uint8Array, n: number) { return K.exporter(this.s, this.sec.exporter, label, ctx, n); }
  private findPSK = (id: T.PSKID) => (id.type === 2 && eq(id.groupId, this.ctx.groupId) ? (id.epoch === this.ctx.epoch && this.sec ? this.sec.resumption : this.resumption.get(id.epoch)) : undefined) ?? this.cfg.psk?.(id);
  private install(e: K.Secrets) { this.sec = e; this.st = new K.SecretTree(this.s, this.tree.leaves, e.encryption); }
  private confirm(tag: Bytes) { if (!eq(this.s.mac(this.sec.confirmation, this.ctx.transcript), tag)) throw new Error("bad confirmation tag"); this.tag = tag; this.interim = K.interimHash(this.s, this.ctx.transcript, tag); }

  static create(suite: number, cfg: Config, groupId: Bytes, kp: T.KeyPackagePrivate, extensions: T.Extension[] = []): Group {
    const s = getSuite(suite), g = new Group(s, cfg, kp.signer);
    g.tree = new Tree(s, [{ leaf: kp.kp.leaf }]);
    g.priv.set(0, kp.encPriv);
    g.ctx = { suite, groupId, epoch: 0n, treeHash: g.tree.hash(), transcript: empty, extensions };
    g.install(K.fromEpoch(s, random(s.nh)));
    g.confirm(s.mac(g.sec.confirmation, empty));
    return g;
  }
  private static async verifyGI(s: Suite, cfg: Config, gi: T.GroupInfo, treeBytes?: Bytes): Promise<Tree> {
    if (gi.context.suite !== s.id) throw new Error("cipher suite mismatch");
    const b = T.findExt(gi.extensions, T.EXT.ratchetTree) ?? treeBytes;
    if (!b) throw new Error("no ratchet tree");
    const t = Tree.parse(s, b), l = t.leaf(gi.signer);
    if (!l) throw new Error("group info signer is no member");
    await s.verify(l.sigKey, "GroupInfoTBS", T.giTBS(gi), gi.signature);
    if (!eq(t.hash(), gi.context.treeHash)) throw new Error("tree hash mismatch");
    await t.validate(gi.context, cfg.validate);
    return t;
  }
  static async join(cfg: Config, m: T.Welcome, kp: T.KeyPackagePrivate, treeBytes?: Bytes, resume?: Group): Promise<Group> {
    const s = getSuite(m.suite), ref = T.kpRef(s, kp.kp), e = m.secrets.find((x) => eq(x.ref, ref));
    if (!e) throw new Error("welcome is not for this key package");
    const gs = decode(await s.decryptLabel(kp.initPriv, "Welcome", m.groupInfo, e.ct), T.decGS);
    const g = new Group(s, cfg, kp.signer), psk = K.pskSecret(s, gs.psks, resume ? resume.findPSK : (id) => cfg.psk?.(id));
    const wel = s.derive(s.extract(gs.joiner, psk), "welcome");
    const gi = decode(await s.open(s.expandLabel(wel, "key", empty, s.p.nk), s.expandLabel(wel, "nonce", empty, 12), empty, m.groupInfo), T.decGI);
    g.tree = await Group.verifyGI(s, cfg, gi, treeBytes);
    const mine = encode((w) => T.encLeaf(w, kp.kp.leaf));
    let me = -1;
    for (let j = 0; j < g.tree.leaves; j++) { const l = g.tree.leaf(j); if (l && eq(l.encKey, kp.kp.leaf.encKey) && eq(encode((w) => T.encLeaf(w, l)), mine)) me = j; }
    if (me < 0) throw new Error("own leaf is not in the tree");
    g.me = me; g.ctx = gi.context; g.priv.set(2 * me, kp.encPriv);
    if (gs.pathSecret) { const steps = g.tree.filteredPath(gi.signer), k = steps.findIndex((st) => below(2 * me, st.copath)); if (k < 0) throw new Error("bad path secret"); await g.tree.implant(g.priv, steps.slice(k).map((q) => q.node), gs.pathSecret); }
    g.install(K.epochSecrets(s, gs.joiner, psk, g.ctx));
    g.confirm(gi.tag);
    return g;
  }
  async groupInfo(external: boolean, withTree: boolean): Promise<T.GroupInfo> {
    const gi: T.GroupInfo = { context: this.ctx, extensions: [], tag: this.tag, signer: this.me, signature: empty };
    if (external) { const { pub } = await this.s.deriveKeyPair(this.sec.external); gi.extensions.push({ type: T.EXT.externalPub, data: encode((w) => w.opaque(pub)) }); }
    if (withTree) gi.extensions.push({ type: T.EXT.ratchetTree, data: this.tree.marshal() });
    gi.signature = await this.s.sign(this.signer, "GroupInfoTBS", T.giTBS(gi));
    return gi;
  }

  private frame(contentType: number, wire: number, aad: Bytes = empty): T.Auth { return { wire, content: { groupId: this.ctx.groupId, epoch: this.ctx.epoch, sender: { type: 1, index: this.me }, aad, contentType }, signature: empty, tag: empty }; }
  private async wrap(a: T.Auth): Promise<T.Message> {
    if (a.wire === 1) return { wire: 1, auth: a, membershipTag: T.membershipTag(this.s, a, this.sec.membership, this.ctx) };
    return { wire: 2, private: await K.protect(this.s, this.st, this.sec.senderData, a, this.cfg.pad ?? 0) };
  }
  async propose(p: T.Proposal, pub = false): Promise<T.Message> {
    const a = this.frame(2, pub ? 1 : 2);
    a.content.proposal = p;
    await T.signAuth(this.s, a, this.signer, this.ctx);
    const ref = T.proposalRef(this.s, a);
    this.pending.set(hex(ref), { p, sender: a.content.sender, ref });
    return this.wrap(a);
  }
  async updateProposal(): Promise<T.Proposal> {
    const k = await this.s.generateKeyPair(), leaf: T.LeafNode = { ...this.tree.leaf(this.me)!, encKey: k.pub, source: T.SRC.update, parentHash: empty, notBefore: 0n, notAfter: 0n };
    await T.signLeaf(this.s, leaf, this.signer, this.ctx.groupId, this.me);
    this.pendingLeaf.set(hex(k.pub), k.priv);
    return { type: 2, leaf };
  }
  externalPSK(id: Bytes): T.Proposal { return { type: 4, psk: { type: 1, id, usage: 0, groupId: empty, epoch: 0n, nonce: random(this.s.nh) } }; }

  private async apply(list: Pending[], committer: T.Sender): Promise<Applied> {
    const bad = (m: string): never => { throw new Error("invalid proposal list: " + m); };
    const r: Applied = { tree: this.tree.clone(), exts: this.ctx.extensions, added: [], addKPs: [], psks: [], needPath: list.length === 0, removed: [] };
    const ext = committer.type === 4, touched = new Set<number>(), seen = new Set<string>(), checks: Promise<unknown>[] = [];
    let gce = false;
    for (const { p, sender } of list) {
      if (ext && p.type !== 6 && p.type !== 3 && p.type !== 4) bad("not allowed in an external commit");
      switch (p.type) {
        case 1: checks.push(T.verifyKP(this.s, p.keyPackage), Promise.resolve(this.cfg.validate?.(p.keyPackage.leaf))); break;
        case 2:
          if (sender.type !== 1 || (committer.type === 1 && sender.index === committer.index) || touched.has(sender.index) || p.leaf.source !== T.SRC.update) bad("update");
          touched.add(sender.index); r.needPath = true;
          checks.push(T.verifyLeaf(this.s, p.leaf, this.ctx.groupId, sender.index), Promise.resolve(this.cfg.validate?.(p.leaf))); break;
        case 3:
          if (!this.tree.leaf(p.removed) || touched.has(p.removed) || (committer.type === 1 && p.removed === committer.index)) bad("remove");
          touched.add(p.removed); r.needPath = true; r.removed.push(p.removed); break;
        case 4: { const k = hex(encode((w) => T.encPSK(w, p.psk))); if (seen.has(k) || p.psk.nonce.length !== this.s.nh || (p.psk.type === 2 && p.psk.usage !== 1)) bad("psk"); seen.add(k); r.psks.push(p.psk); break; }
        case 5: if (list.length !== 1 || ext) bad("reinit"); break;
        case 6: if (!ext || r.extInit) bad("external init"); r.extInit = p.kem; r.needPath = true; break;
        case 7: if (gce) bad("group context extensions"); gce = true; r.exts = p.extensions; r.needPath = true; break;
      }
    }
    if (ext && !r.extInit) bad("no external init");
    await Promise.all(checks);
    for (const { p, sender } of list) if (p.type === 2) r.tree.updateLeaf(sender.index, p.leaf);
    for (const i of r.removed) r.tree.removeLeaf(i);
    for (const { p } of list) if (p.type === 1) { r.added.push(r.tree.addLeaf(p.keyPackage.leaf)); r.addKPs.push(p.keyPackage); }
    if (r.added.length || touched.size) {
      const keys = new Set<string>();
      for (const n of r.tree.n) if (n?.leaf) for (const k of [hex(n.leaf.encKey), "s" + hex(n.leaf.sigKey)]) { if (keys.has(k)) bad("duplicate key"); keys.add(k); }
    }
    return r;
  }
  private next(r: Applied, a: T.Auth, treeHash: Bytes): Group {
    const n = new Group(this.s, this.cfg, this.signer);
    n.tree = r.tree; n.me = this.me; n.priv = new Map(this.priv); n.past = new Map(this.past); n.resumption = new Map(this.resumption);
    n.ctx = { suite: this.s.id, groupId: this.ctx.groupId, epoch: this.ctx.epoch + 1n, treeHash, transcript: K.confirmedHash(this.s, this.interim, a), extensions: r.exts };
    if (this.sec) { n.past.set(this.epoch, { ctx: this.ctx, tree: this.tree, st: this.st, senderData: this.sec.senderData }); n.resumption.set(this.epoch, this.sec.resumption); }
    for (const e of n.past.keys()) if (e + KEEP_EPOCHS < n.ctx.epoch) n.past.delete(e);
    return n;
  }
  private prune() { for (const x of this.priv.keys()) if (!this.tree.n[x]) this.priv.delete(x); }
  private provisional(r: Applied, treeHash: Bytes): T.GroupContext { return { suite: this.s.id, groupId: this.ctx.groupId, epoch: this.ctx.epoch + 1n, treeHash, transcript: this.ctx.transcript, extensions: r.exts }; }
  private async finish(r: Applied, a: T.Auth, force: boolean, init: Bytes) {
    const s = this.s;
    let commitSecret = s.zero(), priv: Map<number, Bytes> | undefined, secrets: Map<number, Bytes> | undefined;
    if (r.needPath || force) { const e = await r.tree.encap(this.me, this.signer, this.ctx.groupId, r.added, (th) => this.provisional(r, th)); a.content.commit!.path = e.path; commitSecret = e.commitSecret; priv = e.priv; secrets = e.secrets; }
    await T.signAuth(s, a, this.signer, this.ctx);
    const psk = K.pskSecret(s, r.psks, this.findPSK), n = this.next(r, a, r.tree.hash());
    priv?.forEach((k, x) => n.priv.set(x, k));
    n.prune();
    n.install(K.epochSecrets(s, K.joinerSecret(s, init, commitSecret, n.ctx), psk, n.ctx));
    a.tag = s.mac(n.sec.confirmation, n.ctx.transcript);
    n.confirm(a.tag);
    return { n, secrets };
  }
  async commit(o: CommitOptions = {}): Promise<{ commit: T.Message; welcome?: T.Message; next: Group }> {
    const s = this.s, a = this.frame(3, o.public ? 1 : 2, o.aad), c: T.Commit = { proposals: [] }, list: Pending[] = [];
    a.content.commit = c;
    for (const q of this.pending.values()) { list.push(q); c.proposals.push({ ref: q.ref }); }
    for (const p of o.proposals ?? []) { list.push({ p, sender: a.content.sender }); c.proposals.push({ proposal: p }); }
    const r = await this.apply(list, a.content.sender), { n, secrets } = await this.finish(r, a, !!o.forcePath, this.sec.init), commit = await this.wrap(a);
    if (!r.added.length) return { commit, next: n };
    const giv = await n.groupInfo(false, !o.noTree), gi = encode((w) => T.encGI(w, giv)), groupInfo = await s.seal(s.expandLabel(n.sec.welcome, "key", empty, s.p.nk), s.expandLabel(n.sec.welcome, "nonce", empty, 12), empty, gi);
    return { commit, next: n, welcome: { wire: 3, welcome: { suite: s.id, groupInfo, secrets: await Promise.all(r.addKPs.map(async (kp, i) => {
      const x = secrets && n.tree.directPath(2 * r.added[i]!).find((x) => secrets.has(x));
      return { ref: T.kpRef(s, kp), ct: await s.encryptLabel(kp.initKey, "Welcome", groupInfo, encode((w) => T.encGS(w, { joiner: n.sec.joiner, pathSecret: x === undefined ? undefined : secrets!.get(x), psks: r.psks }))) };
    })) } } };
  }
  static async externalJoin(cfg: Config, gi: T.GroupInfo, kp: T.KeyPackagePrivate, o: { tree?: Bytes; removeLeaf?: number; psks?: T.PSKID[] } = {}): Promise<{ commit: T.Message; next: Group }> {
    const s = getSuite(gi.context.suite), t = await Group.verifyGI(s, cfg, gi, o.tree), ep = T.findExt(gi.extensions, T.EXT.externalPub);
    if (!ep) throw new Error("no external_pub");
    const { enc, secret } = await s.exportTo(decode(ep, (r) => r.opaque())), g = new Group(s, cfg, kp.signer);
    g.ctx = gi.context; g.tree = t; g.interim = K.interimHash(s, gi.context.transcript, gi.tag);
    const a: T.Auth = { wire: 1, content: { groupId: g.ctx.groupId, epoch: g.ctx.epoch, sender: { type: 4, index: 0 }, aad: empty, contentType: 3 }, signature: empty, tag: empty };
    const ps: T.Proposal[] = [{ type: 6, kem: enc }];
    if (o.removeLeaf !== undefined) ps.push({ type: 3, removed: o.removeLeaf });
    for (const psk of o.psks ?? []) ps.push({ type: 4, psk });
    a.content.commit = { proposals: ps.map((proposal) => ({ proposal })) };
    const r = await g.apply(ps.map((p) => ({ p, sender: a.content.sender })), a.content.sender);
    g.me = r.tree.addLeaf(kp.kp.leaf);
    const { n } = await g.finish(r, a, true, secret);
    return { commit: { wire: 1, auth: a, membershipTag: empty }, next: n };
  }

  async process(m: T.Message): Promise<Event> {
    const s = this.s;
    let a: T.Auth, done = () => {}, src: { ctx: T.GroupContext; tree: Tree } = this;
    if (m.wire === 1) {
      a = m.auth;
      if (a.content.contentType === 1) throw new Error("public application message");
      if (!eq(a.content.groupId, this.ctx.groupId) || a.content.epoch !== this.epoch) throw new Error("wrong group or epoch");
      if (a.content.sender.type === 1 && !eq(T.membershipTag(s, a, this.sec.membership, this.ctx), m.membershipTag)) throw new Error("bad membership tag");
    } else if (m.wire === 2) {
      let st = this.st, sd = this.sec.senderData;
      if (m.private.epoch !== this.epoch && m.private.contentType === 1) { const o = this.past.get(m.private.epoch); if (o) { src = o; st = o.st; sd = o.senderData; } }
      if (!eq(m.private.groupId, this.ctx.groupId) || m.private.epoch !== src.ctx.epoch) throw new Error("wrong group or epoch");
      ({ auth: a, done } = await K.unprotect(s, st, sd, m.private));
    } else throw new Error("not a group message");
    const c = a.content;
    let key: Bytes | undefined;
    switch (c.sender.type) {
      case 1: key = src.tree.leaf(c.sender.index)?.sigKey; break;
      case 2: { const e = T.findExt(this.ctx.extensions, T.EXT.externalSenders); if (e && c.contentType === 2) key = decode(e, (r) => r.list((r) => { const k = r.opaque(); if (r.u16() === 2) r.list((r) => r.opaque()); else r.opaque(); return k; }))[c.sender.index]; break; }
      case 3: if (c.proposal?.type === 1) key = c.proposal.keyPackage.leaf.sigKey; break;
      case 4: key = c.commit?.path?.leaf.sigKey; break;
    }
    if (!key) throw new Error("unknown sender");
    await T.verifyAuth(s, a, key, src.ctx);
    done();
    const ev: Event = { kind: c.contentType, sender: c.sender, aad: c.aad, application: c.application, proposal: c.proposal, added: [], removed: [], proposals: [], hasPath: false };
    if (c.contentType === 2) { const ref = T.proposalRef(s, a); this.pending.set(hex(ref), { p: c.proposal!, sender: c.sender, ref }); }
    if (c.contentType === 3) await this.processCommit(a, ev);
    return ev;
  }
  private async processCommit(a: T.Auth, ev: Event) {
    const s = this.s, c = a.content.commit!, sender = a.content.sender;
    if (sender.type === 1 && sender.index === this.me) throw new Error("own commit");
    const list = c.proposals.map((p): Pending => { if (p.proposal) return { p: p.proposal, sender }; const q = this.pending.get(hex(p.ref!)); if (!q) throw new Error("commit refers to an unknown proposal"); return q; });
    const r = await this.apply(list, sender);
    if (r.needPath && !c.path) throw new Error("commit lacks a required path");
    ev.added = r.added; ev.removed = r.removed; ev.proposals = list.map((q) => q.p); ev.hasPath = c.path !== undefined;
    if (r.removed.includes(this.me)) { const n = Object.assign(Object.create(Group.prototype), this) as Group; n.removedSelf = true; ev.next = n; return; }
    let from = sender.index, steps: Step[] = [], commitSecret = s.zero();
    if (sender.type === 4) {
      const l = c.path!.leaf;
      for (const n of r.tree.n) if (n && (eq((n.leaf ?? n.parent)!.encKey, l.encKey) || (n.leaf && eq(n.leaf.sigKey, l.sigKey)))) throw new Error("duplicate key in external commit");
      from = r.tree.addLeaf({ ...l, encKey: empty });
      ev.added = [from]; ev.sender = { ...sender, index: from };
    }
    if (c.path) { await this.cfg.validate?.(c.path.leaf); steps = await r.tree.applyPath(from, c.path, this.ctx.groupId); }
    const th = r.tree.hash(), n = this.next(r, a, th);
    for (const { p, sender: q } of list) if (p.type === 2 && q.index === this.me) { const k = this.pendingLeaf.get(hex(p.leaf.encKey)); if (k) n.priv = new Map([[2 * this.me, k]]); }
    n.prune();
    if (c.path) commitSecret = await r.tree.decap(this.me, n.priv, steps, c.path, r.added, encode((w) => T.encGC(w, this.provisional(r, th))));
    const init = r.extInit ? await s.exportFrom((await s.deriveKeyPair(this.sec.external)).priv, r.extInit) : this.sec.init;
    n.install(K.epochSecrets(s, K.joinerSecret(s, init, commitSecret, n.ctx), K.pskSecret(s, r.psks, this.findPSK), n.ctx));
    n.confirm(a.tag);
    ev.next = n;
  }
  async encrypt(data: Bytes, aad: Bytes = empty): Promise<T.Message> {
    const a = this.frame(1, 2, aad);
    a.content.application = data;
    await T.signAuth(this.s, a, this.signer, this.ctx);
    return this.wrap(a);
  }
}
