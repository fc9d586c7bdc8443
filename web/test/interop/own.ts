/** A member by our own TypeScript. */
import { type Bytes, empty, hex } from "../../src/e2ee/mls/codec";
import { type Committed, Group } from "../../src/e2ee/mls/group";
import { getSuite } from "../../src/e2ee/mls/suite";
import {
  CONTENT,
  decodeMessage,
  encodeMessage,
  type KeyPackage,
  type KeyPackagePrivate,
  newKeyPackage,
  type Proposal,
} from "../../src/e2ee/mls/types";
import {
  CARD_EXTENSION,
  type CommitWish,
  LEAF_EXTENSION,
  type MadeCommit,
  type Member,
  type Processed,
  type ProposalWish,
  type State,
} from "./member";

const text = new TextEncoder();

function keyPackageIn(message: Bytes): KeyPackage {
  const m = decodeMessage(message);
  if (m.wire !== 5) throw new Error("not a key package");
  return m.keyPackage;
}

export class OwnMember implements Member {
  readonly kind = "own";
  readonly complete = true;
  private own: KeyPackagePrivate | null = null;
  private group: Group | null = null;
  private staged: Committed | null = null;

  constructor(
    readonly name: string,
    private readonly psks: Map<string, Bytes>,
    private readonly suite: number,
  ) {}

  private config = { psk: (p: { id: Bytes }) => this.psks.get(hex(p.id)), pad: 64 };

  private get g(): Group {
    if (!this.group) throw new Error(`${this.name}: in no group`);
    return this.group;
  }

  private take(next: Group): void {
    this.g.retire();
    this.group = next;
  }

  async keyPackage(): Promise<Bytes> {
    const s = getSuite(this.suite);
    const signer = await s.generateSigner();
    const now = BigInt(Math.floor(Date.now() / 1000));
    const credential = { type: 1, identity: text.encode(this.name) };
    const extensions = [{ type: LEAF_EXTENSION, data: text.encode(`leaf of ${this.name}`) }];
    this.own = await newKeyPackage(
      s,
      credential,
      signer.priv,
      signer.pub,
      now - 3600n,
      now + 86_400n,
      extensions,
      [LEAF_EXTENSION, CARD_EXTENSION],
    );
    return encodeMessage({ wire: 5, keyPackage: this.own.kp });
  }

  async create(groupId: Bytes): Promise<void> {
    const card = [{ type: CARD_EXTENSION, data: text.encode("card") }];
    this.group = Group.create(this.suite, this.config, groupId, this.own!, card);
  }

  async join(welcome: Bytes, tree: Bytes): Promise<void> {
    const m = decodeMessage(welcome);
    if (m.wire !== 3) throw new Error("not a Welcome");
    this.group = await Group.join(this.config, m.welcome, this.own!, tree);
  }

  async joinExternally(info: Bytes): Promise<Bytes> {
    const m = decodeMessage(info);
    if (m.wire !== 4) throw new Error("not a GroupInfo");
    const { commit, next } = await Group.externalJoin(this.config, m.groupInfo, this.own!);
    this.group = next;
    return encodeMessage(commit);
  }

  async groupInfo(): Promise<Bytes> {
    return encodeMessage({ wire: 4, groupInfo: await this.g.groupInfo(true, true) });
  }

  async propose(wish: ProposalWish, asPublic: boolean): Promise<Bytes> {
    return encodeMessage(await this.g.propose(await this.proposal(wish), asPublic));
  }

  private async proposal(wish: ProposalWish): Promise<Proposal> {
    switch (wish.kind) {
      case "add":
        return { type: 1, keyPackage: keyPackageIn(wish.keyPackage) };
      case "remove":
        return { type: 3, removed: wish.leaf };
      case "psk":
        return this.g.externalPSK(wish.id);
      case "update":
        return this.g.updateProposal();
    }
  }

  async commit(w: CommitWish): Promise<MadeCommit> {
    const proposals: Proposal[] = [
      ...w.psks.map((id) => this.g.externalPSK(id)),
      ...w.removes.map((removed): Proposal => ({ type: 3, removed })),
      ...w.adds.map((m): Proposal => ({ type: 1, keyPackage: keyPackageIn(m) })),
    ];
    const made = await this.g.commit({
      proposals,
      forcePath: w.force,
      public: w.asPublic,
      noTree: w.noTree,
    });
    this.staged = made;
    const welcome = made.welcome ? encodeMessage(made.welcome) : null;
    return { message: encodeMessage(made.commit), welcome, tree: made.tree };
  }

  async accept(): Promise<void> {
    if (!this.staged) throw new Error("nothing staged");
    this.take(this.staged.next);
    this.staged = null;
  }

  async reject(): Promise<void> {
    this.staged?.next.discard();
    this.staged = null;
  }

  async process(message: Bytes): Promise<Processed> {
    const ev = await this.g.process(decodeMessage(message));
    if (ev.application) return { kind: "application", data: ev.application };
    if (ev.kind !== CONTENT.commit) return { kind: "handshake", evicted: false };
    await this.reject();
    if (ev.next) this.take(ev.next);
    else this.g.destroy();
    return { kind: "handshake", evicted: !ev.next };
  }

  async encrypt(data: Bytes): Promise<Bytes> {
    return encodeMessage(await this.g.encrypt(data));
  }

  async state(): Promise<State> {
    return {
      epoch: Number(this.g.epoch),
      leaf: this.g.me,
      authenticator: hex(this.g.epochAuthenticator),
      baseKey: hex(this.g.export("SFrame 1.0 Base Key", empty, 16)),
    };
  }
}
