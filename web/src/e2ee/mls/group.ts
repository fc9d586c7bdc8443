/** The group as one member sees it (RFC 9420 §11, §12). */
import { type Bytes, empty, encode, eq, hex, wipe } from "./codec";
import {
  type ExternalOptions,
  type Framing,
  frame,
  lowestSecret,
  openCommit,
  type Staged,
  sealCommit,
  stageExternal,
} from "./commit";
import {
  type Applied,
  apply,
  askProfile,
  type Base,
  type Config,
  forgetPast,
  keepKeys,
  type Origin,
  pastAfter,
  resumptionAfter,
} from "./epoch";
import {
  decodeExternalSenders,
  EXT,
  type Extension,
  findExt,
  type KeyPackagePrivate,
  type LeafNode,
  SOURCE,
  signLeaf,
} from "./leaf";
import { checkLifetime } from "./lifetime";
import {
  type Authenticated,
  CONTENT,
  type Commit,
  type GroupContext,
  type GroupInfo,
  groupInfoTbs,
  type Message,
  membershipTag,
  PROPOSAL,
  type Proposal,
  type ProposalOrRef,
  PSK,
  proposalRef,
  SENDER,
  type Sender,
  signContent,
  type UpdatePath,
  verifyContent,
  type Welcome,
  WIRE,
} from "./messages";
import {
  checkLeafContent,
  checkProposalSender,
  checkSupport,
  checkUnique,
  choose,
  type Listed,
} from "./rules";
import { exportSecret, interimHash, type Secrets, secretsOfEpoch } from "./schedule";
import { protect, SecretTree, unprotect } from "./secrettree";
import { getSuite, random, type Suite } from "./suite";
import { type Step, Tree } from "./tree";
import { applyPath, checkPathSecrets, type PrivateKeys } from "./treekem";
import { joinByWelcome, sealWelcome } from "./welcome";

export type { CommitInfo, Config } from "./epoch";

/** Most proposals that wait for a commit. */
const MAX_PENDING = 1024;

export interface CommitOptions {
  /** By value. Those that were received or proposed before are committed by reference, as far as they fit together. */
  proposals?: Proposal[];
  /** Sends a path even when none is required. */
  forcePath?: boolean;
  /** As a PublicMessage. */
  public?: boolean;
  /** Leaves the ratchet tree out of the Welcome: the joiner gets Committed.tree by another way. */
  noTree?: boolean;
  aad?: Bytes;
}

/** A commit of ours, staged: the group that made it stays as it is, next is for when the commit was accepted. */
export interface Committed {
  commit: Message;
  /** Present when somebody was added. */
  welcome?: Message;
  /** The ratchet tree of the next epoch, for those whom noTree leaves without. */
  tree: Bytes;
  next: Group;
}

/** What a message turned out to be. kind is one of CONTENT. */
export interface Event {
  kind: number;
  /** For an external commit, index is the new leaf. */
  sender: Sender;
  aad: Bytes;
  application?: Bytes | undefined;
  proposal?: Proposal | undefined;
  /** Of a commit: leaves of the next epoch. */
  added: number[];
  /** Of a commit: leaves of the epoch that it ends. */
  removed: number[];
  /** Of a commit, those by reference included. */
  proposals: Proposal[];
  hasPath: boolean;
  /** Of a commit that keeps us: the next epoch, staged. Absent when we were removed. */
  next?: Group;
}

/**
 * One member's view of one epoch. A commit leads to another Group, and leaves this one valid until the owner lets go of
 * it: retire() once the next is in use, discard() for a next that was not accepted, destroy() when the group is left.
 *
 * Not for concurrent use: wait for each method that returns a promise before the next call.
 */
export class Group {
  readonly suite: Suite;
  private readonly secretTree: SecretTree;
  private readonly interim: Bytes;
  private readonly pending = new Map<string, Listed>();
  /** Private keys of our own update proposals by public key. */
  private readonly proposed = new Map<string, Bytes>();

  /** Takes the secrets over. The tag has been checked. */
  private constructor(
    private readonly base: Base,
    private readonly secrets: Secrets,
    private readonly tag: Bytes,
    private readonly reinit?: Proposal,
  ) {
    const s = base.suite;
    this.suite = s;
    this.secretTree = new SecretTree(s, base.tree.leaves, secrets.encryption);
    this.interim = interimHash(s, base.context.transcript, tag);
    wipe(secrets.confirmation);
  }

  get ctx(): GroupContext {
    return this.base.context;
  }

  get epoch(): bigint {
    return this.base.context.epoch;
  }

  /** Our leaf index. */
  get me(): number {
    return this.base.me;
  }

  /** Not to be changed. */
  get tree(): Tree {
    return this.base.tree;
  }

  get epochAuthenticator(): Bytes {
    return this.secrets.authenticator.slice();
  }

  get confirmedTranscriptHash(): Bytes {
    return this.base.context.transcript;
  }

  /** The members of this epoch, in order of their leaves. */
  members(): { index: number; leaf: LeafNode }[] {
    return this.base.tree.members();
  }

  /** MLS-Exporter (§8.5), n bytes. What it returns is the caller's. */
  export(label: string, context: Uint8Array, n: number): Bytes {
    return exportSecret(this.suite, this.secrets.exporter, label, context, n);
  }

  /** Makes a group of one (§11). own keeps its secrets. */
  static create(
    suite: number,
    config: Config,
    groupId: Bytes,
    own: KeyPackagePrivate,
    extensions: Extension[] = [],
  ): Group {
    const s = getSuite(suite);
    checkLeafContent(s, own.kp.leaf);
    checkLifetime(own.kp.leaf, config);
    const tree = Tree.of(s, own.kp.leaf);
    checkSupport(tree, extensions);
    const context: GroupContext = {
      suite,
      groupId,
      epoch: 0n,
      treeHash: tree.hash(),
      transcript: empty,
      extensions,
    };
    const secrets = secretsOfEpoch(s, random(s.hashSize));
    const tag = s.mac(secrets.confirmation, empty);
    const base: Base = {
      suite: s,
      config,
      signer: own.signer,
      me: 0,
      context,
      tree,
      keys: new Map([[0, own.encPriv.slice()]]),
      past: new Map(),
      resumption: new Map([[0n, secrets.resumption]]),
    };
    return new Group(base, secrets, tag);
  }

  /**
   * Joins by a Welcome (§12.4.3.1). treeBytes is needed when the Welcome holds no tree. Moves the secrets out of own
   * when it succeeds; leaves own alone when it throws.
   */
  static async join(
    config: Config,
    m: Welcome,
    own: KeyPackagePrivate,
    treeBytes?: Uint8Array,
  ): Promise<Group> {
    const { base, secrets, tag } = await joinByWelcome(config, m, own, treeBytes);
    return new Group(base, secrets, tag);
  }

  /**
   * Joins without an invitation (§12.4.3.2). removeLeaf is a leaf of our own from before. next is for when the commit
   * was accepted.
   */
  static async externalJoin(
    config: Config,
    info: GroupInfo,
    own: KeyPackagePrivate,
    o: ExternalOptions = {},
  ): Promise<{ commit: Message; tree: Bytes; next: Group }> {
    const { auth, base, secrets } = await stageExternal(config, info, own, o);
    const commit: Message = { wire: 1, auth, membershipTag: empty };
    return { commit, tree: base.tree.marshal(), next: new Group(base, secrets, auth.tag) };
  }

  /** Describes the group to somebody outside (§12.4.3). external lets them join by themselves. */
  async groupInfo(external: boolean, withTree: boolean): Promise<GroupInfo> {
    const info: GroupInfo = {
      context: this.ctx,
      extensions: [],
      tag: this.tag,
      signer: this.me,
      signature: empty,
    };
    if (external) {
      const { pub, priv } = await this.suite.deriveKeyPair(this.secrets.external);
      wipe(priv);
      info.extensions.push({ type: EXT.externalPub, data: encode((w) => w.opaque(pub)) });
    }
    if (withTree) info.extensions.push({ type: EXT.ratchetTree, data: this.tree.marshal() });
    info.signature = await this.suite.sign(this.base.signer, "GroupInfoTBS", groupInfoTbs(info));
    return info;
  }

  private frame(f: Framing): Authenticated {
    if (this.reinit) throw new Error("mls: the group was ended by a reinit");
    return frame(this.ctx, { type: SENDER.member, index: this.me }, f);
  }

  private async send(a: Authenticated, pad = this.base.config.pad ?? 0): Promise<Message> {
    if (a.wire === WIRE.public) {
      const tag = membershipTag(this.suite, a, this.secrets.membership, this.ctx);
      return { wire: 1, auth: a, membershipTag: tag };
    }
    const sealed = await protect(this.suite, this.secretTree, this.secrets.senderData, a, pad);
    return { wire: 2, private: sealed };
  }

  /** Proposes something to whoever commits next, ourselves included. */
  async propose(proposal: Proposal, asPublic = false, aad: Bytes = empty): Promise<Message> {
    const wire = asPublic ? WIRE.public : WIRE.private;
    const a = this.frame({ contentType: CONTENT.proposal, wire, aad });
    checkProposalSender(proposal, a.content.sender);
    a.content.proposal = proposal;
    await signContent(this.suite, a, this.base.signer, this.ctx);
    this.keep(a, proposal);
    return this.send(a);
  }

  private keep(a: Authenticated, proposal: Proposal): void {
    if (this.pending.size >= MAX_PENDING) throw new Error("mls: too many proposals wait");
    const ref = proposalRef(this.suite, a);
    this.pending.set(hex(ref), { proposal, sender: a.content.sender, ref });
  }

  /** An Update of our own leaf, to be proposed: we cannot commit it ourselves. */
  async updateProposal(): Promise<Proposal> {
    const { priv, pub } = await this.suite.generateKeyPair();
    const leaf: LeafNode = {
      ...this.tree.leaf(this.me)!,
      encKey: pub,
      source: SOURCE.update,
      parentHash: empty,
      notBefore: 0n,
      notAfter: 0n,
    };
    await signLeaf(this.suite, leaf, this.base.signer, this.ctx.groupId, this.me);
    this.proposed.set(hex(pub), priv);
    return { type: 2, leaf };
  }

  /** A proposal to mix in the external PSK of that id, with a fresh nonce. */
  externalPSK(id: Bytes): Proposal {
    const nonce = random(this.suite.hashSize);
    return { type: 4, psk: { type: PSK.external, id, usage: 0, groupId: empty, epoch: 0n, nonce } };
  }

  /** Stages a commit (§12.4.1). Throws when it would not be valid, or checkCommit refuses it. */
  async commit(o: CommitOptions = {}): Promise<Committed> {
    const wire = o.public ? WIRE.public : WIRE.private;
    const auth = this.frame({ contentType: CONTENT.commit, wire, aad: o.aad ?? empty });
    const { sender } = auth.content;
    const byRef = choose(this.pending.values(), this.me);
    const byValue = (o.proposals ?? []).map((proposal): Listed => ({ proposal, sender }));
    auth.content.commit = {
      proposals: [
        ...byRef.map((l) => ({ ref: l.ref! })),
        ...byValue.map(({ proposal }) => ({ proposal })),
      ],
    };
    const applied = await apply(this.origin(), [...byRef, ...byValue], sender);
    const force = o.forcePath ?? false;
    const { init } = this.secrets;
    const made = await sealCommit(this.base, this.interim, applied, auth, force, init);
    const next = this.next(made, auth.tag, applied);
    const commit = await this.send(auth);
    const out: Committed = { commit, tree: applied.tree.marshal(), next };
    if (applied.added.length > 0) {
      const info = await next.groupInfo(false, !o.noTree);
      const newcomers = applied.adds.map((kp, i) => ({
        kp,
        pathSecret: lowestSecret(applied.tree, applied.added[i]!, made.path),
      }));
      const welcome = await sealWelcome(this.suite, made.secrets, info, newcomers, applied.psks);
      out.welcome = { wire: 3, welcome };
    }
    wipe(made.secrets.joiner, made.secrets.welcome, ...(made.path?.secrets.values() ?? []));
    return out;
  }

  private origin(): Origin {
    return { suite: this.suite, config: this.base.config, context: this.ctx, tree: this.tree };
  }

  private next(staged: Staged, tag: Bytes, applied: Applied): Group {
    const { base, secrets } = staged;
    const past = pastAfter(this.base, this.secretTree, this.secrets.senderData);
    const resumption = resumptionAfter(this.base, secrets.resumption);
    return new Group({ ...base, past, resumption }, secrets, tag, applied.reinit);
  }

  /** Reads what a member sent; throws for what is not valid, not for us, or not of this epoch. */
  async process(m: Message): Promise<Event> {
    if (m.wire === WIRE.public) return this.processPublic(m.auth, m.membershipTag);
    if (m.wire !== WIRE.private) throw new Error("mls: not a message to a group");
    const p = m.private;
    const here = {
      context: this.ctx,
      tree: this.tree,
      secretTree: this.secretTree,
      senderData: this.secrets.senderData,
    };
    const late = p.contentType === CONTENT.application ? this.base.past.get(p.epoch) : undefined;
    const of = p.epoch === this.epoch ? here : late;
    if (!of || !eq(p.groupId, this.ctx.groupId)) throw new Error("mls: of another group or epoch");
    const got = await unprotect(this.suite, of.secretTree, of.senderData, p);
    try {
      await verifyContent(this.suite, got.auth, this.keyOf(got.auth, of.tree), of.context);
    } catch (e) {
      got.release();
      throw e;
    }
    got.accept();
    return this.take(got.auth);
  }

  private async processPublic(a: Authenticated, tag: Bytes): Promise<Event> {
    const c = a.content;
    if (c.contentType === CONTENT.application)
      throw new Error("mls: an application message in clear");
    if (!eq(c.groupId, this.ctx.groupId) || c.epoch !== this.epoch) {
      throw new Error("mls: of another group or epoch");
    }
    if (c.sender.type === SENDER.member) {
      const want = membershipTag(this.suite, a, this.secrets.membership, this.ctx);
      if (!eq(want, tag)) throw new Error("mls: bad membership tag");
    }
    await verifyContent(this.suite, a, this.keyOf(a, this.tree), this.ctx);
    return this.take(a);
  }

  /** The key that must have signed (§6.1). Throws for a sender that may not send such content. */
  private keyOf(a: Authenticated, tree: Tree): Bytes {
    const c = a.content;
    let key: Bytes | undefined;
    switch (c.sender.type) {
      case SENDER.member:
        key = tree.leaf(c.sender.index)?.sigKey;
        break;
      case SENDER.external: {
        const senders = findExt(this.ctx.extensions, EXT.externalSenders);
        if (senders && c.proposal) key = decodeExternalSenders(senders)[c.sender.index]?.sigKey;
        break;
      }
      case SENDER.newMemberProposal:
        if (c.proposal?.type === PROPOSAL.add) key = c.proposal.keyPackage.leaf.sigKey;
        break;
      case SENDER.newMemberCommit:
        key = c.commit?.path?.leaf.sigKey;
        break;
    }
    if (!key) throw new Error("mls: unknown sender");
    return key;
  }

  private async take(a: Authenticated): Promise<Event> {
    const c = a.content;
    const ev: Event = {
      kind: c.contentType,
      sender: c.sender,
      aad: c.aad,
      application: c.application,
      proposal: c.proposal,
      added: [],
      removed: [],
      proposals: [],
      hasPath: false,
    };
    if (c.proposal) {
      checkProposalSender(c.proposal, c.sender);
      this.keep(a, c.proposal);
    }
    if (c.commit) await this.processCommit(a, c.commit, ev);
    return ev;
  }

  private async processCommit(a: Authenticated, commit: Commit, ev: Event): Promise<void> {
    const { sender } = a.content;
    if (this.reinit) throw new Error("mls: the group was ended by a reinit");
    const external = sender.type === SENDER.newMemberCommit;
    if (!external && sender.index === this.me) throw new Error("mls: our own commit");
    const list = commit.proposals.map((p) => this.resolve(p, sender));
    const applied = await apply(this.origin(), list, sender);
    const { path } = commit;
    if (applied.needsPath && !path) throw new Error("mls: a commit without the path that it needs");
    let committer = sender.index;
    if (external && path) {
      committer = applied.tree.addLeaf({ ...path.leaf, encKey: empty });
      applied.added.push(committer);
    }
    const steps = path ? await this.takePath(applied, committer, path) : [];
    await askProfile(this.origin(), applied, a, committer);
    ev.sender = { ...sender, index: committer };
    ev.added = applied.added;
    ev.removed = applied.removed;
    ev.proposals = list.map((l) => l.proposal);
    ev.hasPath = path !== undefined;
    if (applied.removed.includes(this.me)) return;
    const keys = this.keysAfter(applied);
    const staged = await openCommit(this.base, this.interim, this.secrets, a, applied, steps, keys);
    ev.next = this.next(staged, a.tag, applied);
  }

  private resolve(p: ProposalOrRef, sender: Sender): Listed {
    if (p.proposal) return { proposal: p.proposal, sender };
    const known = this.pending.get(hex(p.ref));
    if (!known) throw new Error("mls: a commit of a proposal that we do not know");
    return known;
  }

  /** The public half of a path: checked, and put into the tree. */
  private async takePath(applied: Applied, committer: number, path: UpdatePath): Promise<Step[]> {
    const { tree } = applied;
    checkLeafContent(this.suite, path.leaf);
    await this.base.config.validate?.(path.leaf);
    const steps = await applyPath(tree, committer, path, this.ctx.groupId);
    checkPathSecrets(steps, path, applied.added);
    checkUnique(tree);
    checkSupport(tree, applied.extensions);
    return steps;
  }

  /** Our private keys in the tree after a commit's proposals, our own update among them. */
  private keysAfter(applied: Applied): PrivateKeys {
    const keys = keepKeys(this.base.keys, this.tree, applied.tree);
    for (const { proposal, sender } of applied.list) {
      if (proposal.type !== 2 || sender.index !== this.me) continue;
      const own = this.proposed.get(hex(proposal.leaf.encKey));
      if (own) keys.set(2 * this.me, own.slice());
    }
    return keys;
  }

  /** Seals an application message, padded to a multiple of pad bytes. */
  async encrypt(data: Bytes, aad: Bytes = empty, pad?: number): Promise<Message> {
    const a = this.frame({ contentType: CONTENT.application, wire: WIRE.private, aad });
    a.content.application = data;
    await signContent(this.suite, a, this.base.signer, this.ctx);
    return this.send(a, pad);
  }

  /** Wipes what only this epoch needed. For when a next one is in use; late messages stay readable there. */
  retire(): void {
    this.wipeSecrets();
    forgetPast(this.base);
  }

  /** Wipes what is kept of the epochs up to this one for late messages and for resumption. */
  forget(epoch: bigint): void {
    const { past, resumption } = this.base;
    for (const [e, p] of past) {
      if (e > epoch) continue;
      p.secretTree.destroy();
      wipe(p.senderData);
      past.delete(e);
    }
    for (const [e, secret] of resumption) {
      if (e > epoch) continue;
      wipe(secret);
      resumption.delete(e);
    }
  }

  /** Wipes a staged epoch that was not accepted. The group that staged it stays whole. */
  discard(): void {
    this.wipeSecrets();
    wipe(this.secrets.senderData, this.secrets.resumption);
    this.secretTree.destroy();
  }

  /** Wipes everything, past epochs too. */
  destroy(): void {
    this.discard();
    for (const p of this.base.past.values()) {
      p.secretTree.destroy();
      wipe(p.senderData);
    }
    wipe(...this.base.resumption.values());
  }

  private wipeSecrets(): void {
    const { init, exporter, external, membership, authenticator } = this.secrets;
    wipe(init, exporter, external, membership, authenticator);
    wipe(...this.base.keys.values(), ...this.proposed.values());
  }
}
