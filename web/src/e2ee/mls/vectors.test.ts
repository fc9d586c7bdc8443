/** The official vectors of RFC 9420, for the suites that we carry. */
import { deepStrictEqual } from "node:assert";
import test from "node:test";
import { type Passive, passive } from "../../../test/passive";
import { eachVector, same, unhex } from "../../../test/vectors";
import { type Bytes, decode, empty, encode, Reader } from "./codec";
import * as K from "./schedule";
import { exportSecret } from "./schedule";
import { protect, SecretTree, senderDataKey, unprotect } from "./secrettree";
import { getSuite } from "./suite";
import { Tree } from "./tree";
import { applyPath, decap, encap } from "./treekem";
import { left, level, parent, right, rootOf, sibling, width } from "./treemath";
import * as T from "./types";

type Hex = string;
interface Suited {
  cipher_suite: number;
}
const s = getSuite(1);
const ours = (v: Suited): boolean => v.cipher_suite === 1;
const all = (): boolean => true;

interface TreeMath {
  n_leaves: number;
  n_nodes: number;
  root: number;
  left: (number | null)[];
  right: (number | null)[];
  parent: (number | null)[];
  sibling: (number | null)[];
}

test("tree-math", (t) =>
  eachVector<TreeMath>(t, "mls/tree-math.json", all, (v) => {
    deepStrictEqual(width(v.n_leaves), v.n_nodes);
    const root = rootOf(v.n_leaves);
    deepStrictEqual(root, v.root);
    for (let x = 0; x < v.n_nodes; x++) {
      deepStrictEqual(level(x) ? left(x) : null, v.left[x]);
      deepStrictEqual(level(x) ? right(x) : null, v.right[x]);
      deepStrictEqual(x === root ? null : parent(x), v.parent[x]);
      deepStrictEqual(x === root ? null : sibling(x), v.sibling[x]);
    }
  }));

interface Basics extends Suited {
  ref_hash: { label: string; value: Hex; out: Hex };
  expand_with_label: { secret: Hex; label: string; context: Hex; length: number; out: Hex };
  derive_secret: { secret: Hex; label: string; out: Hex };
  derive_tree_secret: { secret: Hex; label: string; generation: number; length: number; out: Hex };
  sign_with_label: { priv: Hex; pub: Hex; content: Hex; label: string; signature: Hex };
  encrypt_with_label: {
    priv: Hex;
    pub: Hex;
    label: string;
    context: Hex;
    plaintext: Hex;
    kem_output: Hex;
    ciphertext: Hex;
  };
}

test("crypto-basics", (t) =>
  eachVector<Basics>(t, "mls/crypto-basics.json", ours, async (v) => {
    same(s.refHash(v.ref_hash.label, unhex(v.ref_hash.value)), v.ref_hash.out, "RefHash");
    const x = v.expand_with_label;
    same(s.expandLabel(unhex(x.secret), x.label, unhex(x.context), x.length), x.out, "expand");
    same(s.derive(unhex(v.derive_secret.secret), v.derive_secret.label), v.derive_secret.out, "d");
    const d = v.derive_tree_secret;
    same(s.deriveTree(unhex(d.secret), d.label, d.generation, d.length), d.out, "tree secret");
    const g = v.sign_with_label;
    await s.verify(unhex(g.pub), g.label, unhex(g.content), unhex(g.signature));
    const signer = await s.importSigner(unhex(g.priv));
    same(await s.sign(signer, g.label, unhex(g.content)), g.signature, "signature");
    const e = v.encrypt_with_label;
    const c = { kem: unhex(e.kem_output), ct: unhex(e.ciphertext) };
    same(await s.decryptLabel(unhex(e.priv), e.label, unhex(e.context), c), e.plaintext, "open");
    const c2 = await s.encryptLabel(unhex(e.pub), e.label, unhex(e.context), unhex(e.plaintext));
    same(await s.decryptLabel(unhex(e.priv), e.label, unhex(e.context), c2), e.plaintext, "again");
  }));

interface Schedule extends Suited {
  group_id: Hex;
  initial_init_secret: Hex;
  epochs: (Record<string, Hex> & {
    exporter: { label: string; context: Hex; length: number; secret: Hex };
  })[];
}

test("key-schedule", (t) =>
  eachVector<Schedule>(t, "mls/key-schedule.json", ours, async (v) => {
    let init = unhex(v.initial_init_secret);
    for (const [i, e] of v.epochs.entries()) {
      const gc = context(v.group_id, i, e.tree_hash!, e.confirmed_transcript_hash!);
      const encoded = encode((w) => T.encGroupContext(w, gc));
      same(encoded, e.group_context!, "context");
      const joiner = K.joinerSecret(s, init, unhex(e.commit_secret!), gc);
      same(joiner, e.joiner_secret!, "joiner");
      const y = K.epochSecrets(s, joiner, unhex(e.psk_secret!), gc);
      same(y.welcome, e.welcome_secret!, "welcome");
      same(y.init, e.init_secret!, "init");
      same(y.senderData, e.sender_data_secret!, "sender data");
      same(y.encryption, e.encryption_secret!, "encryption");
      same(y.exporter, e.exporter_secret!, "exporter");
      same(y.authenticator, e.epoch_authenticator!, "authenticator");
      same(y.external, e.external_secret!, "external");
      same(y.confirmation, e.confirmation_key!, "confirmation");
      same(y.membership, e.membership_key!, "membership");
      same(y.resumption, e.resumption_psk!, "resumption");
      same((await s.deriveKeyPair(y.external)).pub, e.external_pub!, "external pub");
      const x = e.exporter;
      same(exportSecret(s, y.exporter, x.label, unhex(x.context), x.length), x.secret, "export");
      init = y.init;
    }
  }));

function context(groupId: Hex, epoch: number, treeHash: Hex, transcript: Hex): T.GroupContext {
  return {
    suite: 1,
    groupId: unhex(groupId),
    epoch: BigInt(epoch),
    treeHash: unhex(treeHash),
    transcript: unhex(transcript),
    extensions: [],
  };
}

interface Psks extends Suited {
  psks: { psk_id: Hex; psk_nonce: Hex; psk: Hex }[];
  psk_secret: Hex;
}

test("psk_secret", (t) =>
  eachVector<Psks>(t, "mls/psk_secret.json", ours, (v) => {
    const known = new Map(v.psks.map((p) => [p.psk_nonce + p.psk_id, unhex(p.psk)]));
    const ids = v.psks.map((p): T.PSKID => {
      const [id, nonce] = [unhex(p.psk_id), unhex(p.psk_nonce)];
      return { type: 1, id, usage: 0, groupId: empty, epoch: 0n, nonce };
    });
    const hexOf = (b: Bytes): string => Buffer.from(b).toString("hex");
    const got = K.pskSecret(s, ids, (id) => known.get(hexOf(id.nonce) + hexOf(id.id)));
    same(got, v.psk_secret, "psk secret");
  }));

interface Secrets extends Suited {
  sender_data: { sender_data_secret: Hex; ciphertext: Hex; key: Hex; nonce: Hex };
  encryption_secret: Hex;
  leaves: {
    generation: number;
    handshake_key: Hex;
    handshake_nonce: Hex;
    application_key: Hex;
    application_nonce: Hex;
  }[][];
}

test("secret-tree", (t) =>
  eachVector<Secrets>(t, "mls/secret-tree.json", ours, (v) => {
    const d = v.sender_data;
    const k = senderDataKey(s, unhex(d.sender_data_secret), unhex(d.ciphertext));
    same(k.key, d.key, "sender data key");
    same(k.nonce, d.nonce, "sender data nonce");
    const tree = new SecretTree(s, v.leaves.length, unhex(v.encryption_secret));
    v.leaves.forEach((generations, leaf) => {
      for (const g of generations) {
        const h = tree.ratchet(leaf, T.CONTENT.commit).lease(g.generation);
        same(h.key, g.handshake_key, "handshake key");
        same(h.nonce, g.handshake_nonce, "handshake nonce");
        h.accept();
        const a = tree.ratchet(leaf, T.CONTENT.application).lease(g.generation);
        same(a.key, g.application_key, "application key");
        same(a.nonce, g.application_nonce, "application nonce");
        a.accept();
      }
    });
  }));

interface Transcript extends Suited {
  confirmation_key: Hex;
  authenticated_content: Hex;
  interim_transcript_hash_before: Hex;
  confirmed_transcript_hash_after: Hex;
  interim_transcript_hash_after: Hex;
}

test("transcript-hashes", (t) =>
  eachVector<Transcript>(t, "mls/transcript-hashes.json", ours, (v) => {
    const a = decode(unhex(v.authenticated_content), T.decAuthenticated);
    const confirmed = K.confirmedHash(s, unhex(v.interim_transcript_hash_before), a);
    same(confirmed, v.confirmed_transcript_hash_after, "confirmed");
    same(K.interimHash(s, confirmed, a.tag), v.interim_transcript_hash_after, "interim");
    deepStrictEqual(s.mac(unhex(v.confirmation_key), confirmed), a.tag);
  }));

interface Protection extends Suited {
  [field: string]: Hex | number;
}

test("message-protection", (t) =>
  eachVector<Protection>(t, "mls/message-protection.json", ours, async (v) => {
    const h = (name: string): Bytes => unhex(v[name] as Hex);
    const gc = context(
      v.group_id as Hex,
      v.epoch as number,
      v.tree_hash as Hex,
      v.confirmed_transcript_hash as Hex,
    );
    const body = (a: T.Authenticated): Bytes =>
      a.content.application ?? encode((w) => T.encBody(w, a.content));
    const tree = (): SecretTree => new SecretTree(s, 2, h("encryption_secret"));
    for (const kind of ["proposal", "commit", "application"]) {
      if (kind !== "application") {
        const m = T.decodeMessage(h(`${kind}_pub`));
        if (m.wire !== 1) throw new Error("not public");
        deepStrictEqual(T.membershipTag(s, m.auth, h("membership_key"), gc), m.membershipTag);
        await T.verifyContent(s, m.auth, h("signature_pub"), gc);
        same(body(m.auth), v[kind] as Hex, "public");
      }
      const m = T.decodeMessage(h(`${kind}_priv`));
      if (m.wire !== 2) throw new Error("not private");
      const { auth } = await unprotect(s, tree(), h("sender_data_secret"), m.private);
      await T.verifyContent(s, auth, h("signature_pub"), gc);
      same(body(auth), v[kind] as Hex, "private");
      const again = await protect(s, tree(), h("sender_data_secret"), auth, 64);
      const back = await unprotect(s, tree(), h("sender_data_secret"), again);
      await T.verifyContent(s, back.auth, h("signature_pub"), gc);
    }
  }));

interface Operation extends Suited {
  tree_before: Hex;
  proposal: Hex;
  proposal_sender: number;
  tree_hash_before: Hex;
  tree_after: Hex;
  tree_hash_after: Hex;
}

test("tree-operations", (t) =>
  eachVector<Operation>(t, "mls/tree-operations.json", ours, (v) => {
    const tree = Tree.parse(s, unhex(v.tree_before));
    same(tree.hash(), v.tree_hash_before, "before");
    const p = decode(unhex(v.proposal), T.decProposal);
    if (p.type === 1) tree.addLeaf(p.keyPackage.leaf);
    else if (p.type === 2) tree.updateLeaf(v.proposal_sender, p.leaf);
    else if (p.type === 3) tree.removeLeaf(p.removed);
    same(tree.marshal(), v.tree_after, "after");
    same(tree.hash(), v.tree_hash_after, "hash after");
  }));

interface Validation extends Suited {
  tree: Hex;
  group_id: Hex;
  tree_hashes: Hex[];
  resolutions: number[][];
}

test("tree-validation", (t) =>
  eachVector<Validation>(t, "mls/tree-validation.json", ours, async (v) => {
    const tree = Tree.parse(s, unhex(v.tree));
    v.tree_hashes.forEach((h, x) => {
      same(tree.hashAt(x), h, `hash ${x}`);
      deepStrictEqual(tree.resolution(x), v.resolutions[x]);
    });
    tree.verifyStructure();
    for (const { index, leaf } of tree.members()) {
      await T.verifyLeafSignature(s, leaf, unhex(v.group_id), index);
    }
    same(tree.marshal(), v.tree, "encoded again");
  }));

interface TreeKem extends Suited {
  group_id: Hex;
  epoch: number;
  confirmed_transcript_hash: Hex;
  ratchet_tree: Hex;
  leaves_private: {
    index: number;
    encryption_priv: Hex;
    signature_priv: Hex;
    path_secrets: { node: number; path_secret: Hex }[];
  }[];
  update_paths: {
    sender: number;
    update_path: Hex;
    path_secrets: (Hex | null)[];
    commit_secret: Hex;
    tree_hash_after: Hex;
  }[];
}

test("treekem", (t) =>
  eachVector<TreeKem>(t, "mls/treekem.json", ours, async (v) => {
    const base = Tree.parse(s, unhex(v.ratchet_tree));
    const groupId = unhex(v.group_id);
    const keysOf = async (l: TreeKem["leaves_private"][number]) => {
      const keys = new Map([[2 * l.index, unhex(l.encryption_priv)]]);
      for (const y of l.path_secrets) {
        const pair = await s.deriveKeyPair(s.derive(unhex(y.path_secret), "node"));
        keys.set(y.node, pair.priv);
      }
      return keys;
    };
    const contextOf = (hash: Bytes): T.GroupContext => ({
      ...context(v.group_id, v.epoch, "", v.confirmed_transcript_hash),
      treeHash: hash,
    });
    const openAll = async (sender: number, path: T.UpdatePath, want: Hex, hash: Hex) => {
      const tree = base.clone();
      const steps = await applyPath(tree, sender, path, groupId);
      same(tree.hash(), hash, "tree hash");
      const gc = encode((w) => T.encGroupContext(w, contextOf(tree.hash())));
      for (const l of v.leaves_private) {
        if (l.index === sender) continue;
        const got = await decap(tree, l.index, await keysOf(l), steps, path, [], gc);
        same(got, want, "commit secret");
      }
    };
    for (const u of v.update_paths) {
      const path = decode(unhex(u.update_path), T.decUpdatePath);
      await openAll(u.sender, path, u.commit_secret, u.tree_hash_after);
      const tree = base.clone();
      const own = v.leaves_private.find((l) => l.index === u.sender)!;
      const signer = await s.importSigner(unhex(own.signature_priv));
      const made = await encap(tree, u.sender, signer, groupId, [], contextOf);
      const hexOf = (b: Bytes): Hex => Buffer.from(b).toString("hex");
      await openAll(u.sender, made.path, hexOf(made.commitSecret), hexOf(tree.hash()));
    }
  }));

const proposalTypes: Record<string, number> = {
  add_proposal: 1,
  update_proposal: 2,
  remove_proposal: 3,
  pre_shared_key_proposal: 4,
  re_init_proposal: 5,
  external_init_proposal: 6,
  group_context_extensions_proposal: 7,
};

test("messages", (t) =>
  eachVector<Record<string, Hex>>(t, "mls/messages.json", all, (v) => {
    for (const [kind, h] of Object.entries(v)) {
      const b = unhex(h);
      const type = proposalTypes[kind];
      if (type) {
        const whole = unhex(`000${type}${h}`);
        const again = encode((w) => T.encProposal(w, decode(whole, T.decProposal)));
        deepStrictEqual(again, whole);
      } else if (kind === "ratchet_tree") {
        same(Tree.parse(s, b).marshal(), h, kind);
      } else if (kind === "group_secrets") {
        const got = decode(b, T.decGroupSecrets);
        same(
          encode((w) => T.encGroupSecrets(w, got)),
          h,
          kind,
        );
      } else if (kind === "commit") {
        const got = decode(b, T.decCommit);
        same(
          encode((w) => T.encCommit(w, got)),
          h,
          kind,
        );
      } else {
        same(T.encodeMessage(T.decodeMessage(b)), h, kind);
      }
    }
  }));

test("deserialization", (t) =>
  eachVector<{ vlbytes_header: Hex; length: number }>(t, "mls/deserialization.json", all, (v) => {
    deepStrictEqual(new Reader(unhex(v.vlbytes_header)).varint(), v.length);
  }));

interface WelcomeVector extends Suited {
  init_priv: Hex;
  key_package: Hex;
  signer_pub: Hex;
  welcome: Hex;
}

test("welcome", (t) =>
  eachVector<WelcomeVector>(t, "mls/welcome.json", ours, async (v) => {
    const kp = T.decodeMessage(unhex(v.key_package));
    const m = T.decodeMessage(unhex(v.welcome));
    if (kp.wire !== 5 || m.wire !== 3) throw new Error("other messages");
    const entry = m.welcome.secrets.find(
      (e) => Buffer.compare(e.ref, T.keyPackageRef(s, kp.keyPackage)) === 0,
    )!;
    const sealed = m.welcome.groupInfo;
    const opened = await s.decryptLabel(unhex(v.init_priv), "Welcome", sealed, entry.ct);
    const { joiner } = decode(opened, T.decGroupSecrets);
    const welcome = K.welcomeSecret(s, joiner, s.zero());
    const key = s.expandLabel(welcome, "key", empty, s.keySize);
    const nonce = s.expandLabel(welcome, "nonce", empty, 12);
    const info = decode(await s.open(key, nonce, empty, sealed), T.decGroupInfo);
    await s.verify(unhex(v.signer_pub), "GroupInfoTBS", T.groupInfoTbs(info), info.signature);
    const y = K.epochSecrets(s, joiner, s.zero(), info.context);
    deepStrictEqual(s.mac(y.confirmation, info.context.transcript), info.tag);
  }));

test("passive-client-welcome", (t) =>
  eachVector<Passive>(t, "mls/passive-client-welcome.json", ours, passive));

test("passive-client-handling-commit", (t) =>
  eachVector<Passive>(t, "mls/passive-client-handling-commit.json", ours, passive));
