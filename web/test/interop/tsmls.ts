/** A member by ts-mls, an independent implementation; test/interop/patch.mjs puts four faults of it right. */
import {
  type CiphersuiteImpl,
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPubAndRatchetTree,
  createProposal,
  decodeMlsMessage,
  defaultCapabilities,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  type KeyPackage,
  type MLSMessage,
  mlsExporter,
  type PrivateKeyPackage,
  type Proposal,
  processMessage,
} from "ts-mls";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { type Bytes, hex } from "../../src/e2ee/mls/codec";
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
const copy = (b: Uint8Array): Bytes => new Uint8Array(b);

function read(b: Bytes): MLSMessage {
  const got = decodeMlsMessage(b, 0);
  if (got?.[1] !== b.length) throw new Error("ts-mls: not a message");
  return got[0];
}

function keyPackageIn(b: Bytes): KeyPackage {
  const m = read(b);
  if (m.wireformat !== "mls_key_package") throw new Error("ts-mls: not a key package");
  return m.keyPackage;
}

let suite: Promise<CiphersuiteImpl> | undefined;
function getSuite(): Promise<CiphersuiteImpl> {
  const name = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
  suite ??= getCiphersuiteImpl(getCiphersuiteFromName(name));
  return suite;
}

export class TsMlsMember implements Member {
  readonly kind = "ts-mls";
  readonly complete = false;
  private own: { publicPackage: KeyPackage; privatePackage: PrivateKeyPackage } | null = null;
  private state_: ClientState | null = null;
  private staged: ClientState | null = null;

  constructor(
    readonly name: string,
    private readonly psks: Map<string, Bytes>,
  ) {}

  private get s(): ClientState {
    if (!this.state_) throw new Error(`${this.name}: in no group`);
    return this.state_;
  }

  private index = {
    findPsk: (id: { psktype: string; pskId?: Uint8Array }) =>
      id.psktype === "external" && id.pskId ? this.psks.get(hex(id.pskId)) : undefined,
  };

  async keyPackage(): Promise<Bytes> {
    const now = BigInt(Math.floor(Date.now() / 1000));
    const capabilities = defaultCapabilities();
    capabilities.extensions = [...capabilities.extensions, LEAF_EXTENSION, CARD_EXTENSION];
    this.own = await generateKeyPackage(
      { credentialType: "basic", identity: text.encode(this.name) },
      capabilities,
      { notBefore: now - 3600n, notAfter: now + 86_400n },
      [],
      await getSuite(),
      [{ extensionType: LEAF_EXTENSION, extensionData: text.encode(`leaf of ${this.name}`) }],
    );
    const { publicPackage: keyPackage } = this.own;
    const m = { version: "mls10", wireformat: "mls_key_package", keyPackage } as const;
    return copy(encodeMlsMessage(m));
  }

  async create(groupId: Bytes): Promise<void> {
    const { publicPackage, privatePackage } = this.own!;
    const card = [{ extensionType: CARD_EXTENSION, extensionData: text.encode("card") }];
    const cs = await getSuite();
    this.state_ = await createGroup(groupId, publicPackage, privatePackage, card, cs);
  }

  async join(welcome: Bytes, tree: Bytes): Promise<void> {
    const m = read(welcome);
    if (m.wireformat !== "mls_welcome") throw new Error("ts-mls: not a Welcome");
    const { publicPackage, privatePackage } = this.own!;
    const ratchetTree = decodeRatchetTree(tree, 0)?.[0];
    if (!ratchetTree) throw new Error("ts-mls: not a tree");
    const cs = await getSuite();
    this.state_ = await joinGroup(
      m.welcome,
      publicPackage,
      privatePackage,
      this.index,
      cs,
      ratchetTree,
    );
  }

  async joinExternally(info: Bytes): Promise<Bytes> {
    const m = read(info);
    if (m.wireformat !== "mls_group_info") throw new Error("ts-mls: not a GroupInfo");
    const { publicPackage, privatePackage } = this.own!;
    const cs = await getSuite();
    const made = await joinGroupExternal(m.groupInfo, publicPackage, privatePackage, false, cs);
    this.state_ = made.newState;
    const { publicMessage } = made;
    const out = { version: "mls10", wireformat: "mls_public_message", publicMessage } as const;
    return copy(encodeMlsMessage(out));
  }

  async groupInfo(): Promise<Bytes> {
    const cs = await getSuite();
    const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(this.s, [], cs);
    const m = { version: "mls10", wireformat: "mls_group_info", groupInfo } as const;
    return copy(encodeMlsMessage(m));
  }

  private psk(id: Bytes, nonce: Bytes): Proposal {
    const preSharedKeyId = { psktype: "external", pskId: id, pskNonce: nonce } as const;
    return { proposalType: "psk", psk: { preSharedKeyId } };
  }

  private fresh(): Bytes {
    return globalThis.crypto.getRandomValues(new Uint8Array(32));
  }

  async propose(wish: ProposalWish, asPublic: boolean): Promise<Bytes> {
    let p: Proposal;
    if (wish.kind === "add") {
      p = { proposalType: "add", add: { keyPackage: keyPackageIn(wish.keyPackage) } };
    } else if (wish.kind === "remove") {
      p = { proposalType: "remove", remove: { removed: wish.leaf } };
    } else if (wish.kind === "psk") {
      p = this.psk(wish.id, this.fresh());
    } else {
      throw new Error("ts-mls: has no update proposals of its own");
    }
    const made = await createProposal(this.s, asPublic, p, await getSuite());
    this.state_ = made.newState;
    return copy(encodeMlsMessage(made.message));
  }

  async commit(w: CommitWish): Promise<MadeCommit> {
    const extraProposals: Proposal[] = [
      ...w.psks.map((id) => this.psk(id, this.fresh())),
      ...w.removes.map((removed): Proposal => ({ proposalType: "remove", remove: { removed } })),
      ...w.adds.map(
        (m): Proposal => ({ proposalType: "add", add: { keyPackage: keyPackageIn(m) } }),
      ),
    ];
    const made = await createCommit(
      { state: this.s, cipherSuite: await getSuite(), pskIndex: this.index },
      { wireAsPublicMessage: w.asPublic, extraProposals, ratchetTreeExtension: !w.noTree },
    );
    this.staged = made.newState;
    const { welcome } = made;
    const wrapped = welcome
      ? copy(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome }))
      : null;
    return {
      message: copy(encodeMlsMessage(made.commit)),
      welcome: wrapped,
      tree: copy(encodeRatchetTree(made.newState.ratchetTree)),
    };
  }

  async accept(): Promise<void> {
    if (!this.staged) throw new Error("nothing staged");
    this.state_ = this.staged;
    this.staged = null;
  }

  async reject(): Promise<void> {
    this.staged = null;
  }

  async process(message: Bytes): Promise<Processed> {
    const m = read(message);
    if (m.wireformat !== "mls_public_message" && m.wireformat !== "mls_private_message") {
      throw new Error("ts-mls: not a group message");
    }
    const accept = (): "accept" => "accept";
    const got = await processMessage(m, this.s, this.index, accept, await getSuite());
    this.state_ = got.newState;
    if (got.kind === "applicationMessage") return { kind: "application", data: copy(got.message) };
    const evicted = got.newState.groupActiveState.kind === "removedFromGroup";
    return { kind: "handshake", evicted };
  }

  async encrypt(data: Bytes): Promise<Bytes> {
    const made = await createApplicationMessage(this.s, data, await getSuite());
    this.state_ = made.newState;
    const { privateMessage } = made;
    const m = { version: "mls10", wireformat: "mls_private_message", privateMessage } as const;
    return copy(encodeMlsMessage(m));
  }

  async state(): Promise<State> {
    const { exporterSecret, epochAuthenticator } = this.s.keySchedule;
    const label = "SFrame 1.0 Base Key";
    const key = await mlsExporter(exporterSecret, label, new Uint8Array(), 16, await getSuite());
    return {
      epoch: Number(this.s.groupContext.epoch),
      leaf: this.s.privatePath.leafIndex,
      authenticator: hex(epochAuthenticator),
      baseKey: hex(key),
    };
  }
}
