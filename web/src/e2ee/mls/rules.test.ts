/** Every rule of RFC 9420 that a receiver checks, each broken by a member that signs whatever it likes. */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert";
import test from "node:test";
import {
  add,
  CARD,
  card,
  commitOf,
  forge,
  forgeCommit,
  founder,
  groupOf,
  inside,
  keyPackage,
  LEAF,
  now,
  type Own,
  remove,
  signAgain,
  suite,
} from "../../../test/mls";
import { type Bytes, empty, encode } from "./codec";
import type { Config } from "./epoch";
import { Group } from "./group";
import { random } from "./suite";
import * as T from "./types";

const text = new TextEncoder();

/** Two members: the first breaks the rule, the second must refuse. */
async function pair(config: Config = {}): Promise<[Group, Group]> {
  const [a, b] = await groupOf(2, config);
  return [a!, b!];
}

async function refuses(b: Group, m: T.Message, why: RegExp): Promise<void> {
  const before = b.epochAuthenticator;
  await rejects(b.process(T.decodeMessage(T.encodeMessage(m))), why);
  deepStrictEqual(b.epochAuthenticator, before);
}

const psk = (change: Partial<T.PSKID> = {}): T.Proposal => ({
  type: 4,
  psk: {
    type: 1,
    id: text.encode("x"),
    usage: 0,
    groupId: empty,
    epoch: 0n,
    nonce: random(32),
    ...change,
  },
});

const twice = psk();
const lists: [string, (g: Group) => Promise<T.Proposal[]> | T.Proposal[], RegExp][] = [
  ["the committer's own Update", async (g) => [await g.updateProposal()], /committer's own update/],
  ["the committer removes itself", (g) => [remove(g.me)], /removes itself/],
  ["a Remove twice", () => [remove(1), remove(1)], /a leaf twice/],
  ["a Remove of a blank leaf", () => [remove(3)], /blank leaf/],
  ["a Remove beyond the tree", () => [remove(99)], /blank leaf/],
  ["a PSK twice", () => [twice, twice], /a PSK twice/],
  ["a PSK nonce that is too short", () => [psk({ nonce: random(16) })], /nonce of another size/],
  ["a resumption PSK for branching", () => [psk({ type: 2, usage: 3 })], /another use/],
  ["an unknown PSK", () => [psk()], /unknown PSK/],
  ["an external init by a member", () => [{ type: 6, kem: random(32) }], /by a member/],
  ["a reinit beside others", () => [reinit(1), psk()], /reinit beside/],
  ["a reinit to an older version", () => [reinit(0)], /another version/],
  ["two lists of extensions", () => [gce(card), gce(card)], /two lists/],
];

const reinit = (version: number): T.Proposal => ({
  type: 5,
  groupId: random(16),
  version,
  suite: 1,
  extensions: [],
});

const gce = (extensions: T.Extension[]): T.Proposal => ({ type: 7, extensions });

test("lists of proposals", async (t) => {
  const [a, b] = await pair();
  for (const [name, make, why] of lists) {
    await t.test(name, async () => {
      const proposals = await make(a);
      await refuses(b, await forgeCommit(a, proposals), why);
      const byUs = proposals.filter((p) => p.type !== 2);
      if (byUs.length > 0) await rejects(a.commit({ proposals: byUs }), why, "nor do we make it");
    });
  }
  const good = await a.commit({ public: true, forcePath: true });
  ok((await b.process(good.commit)).next, "what was refused left no trace");
});

test("commits without a path that need one", async () => {
  const [a, b, c] = (await groupOf(3)) as [Group, Group, Group];
  const why = /without the path/;
  await refuses(b, await forgeCommit(a, [remove(2)]), why);
  await refuses(b, await forgeCommit(a, [gce(card)]), why);
  await refuses(b, await forgeCommit(a, []), why);
  const update = await c.propose(await c.updateProposal(), true);
  await b.process(update);
  if (update.wire !== 1) throw new Error("not public");
  const ref = T.proposalRef(suite, update.auth);
  const m = await forge(a, (x) => {
    x.content.commit = { proposals: [{ ref }] };
  });
  await refuses(b, m, why);
  // An external commit without a path has no key that could have signed it.
  const external = await forge(
    a,
    (x) => {
      x.content.commit = { proposals: [{ proposal: { type: 6, kem: random(32) } }] };
    },
    { sender: { type: T.SENDER.newMemberCommit, index: 0 } },
  );
  await refuses(b, external, /unknown sender/);
});

const leaves: [string, (l: T.LeafNode) => void, RegExp][] = [
  ["of another suite", (l) => void (l.caps.suites = [2]), /version or suite/],
  ["of another version", (l) => void (l.caps.versions = [2]), /version or suite/],
  ["without its credential", (l) => void (l.caps.credentials = [2]), /own credential/],
  ["without its extension", (l) => void (l.caps.extensions = [CARD]), /own extension/],
  ["without the group's extension", (l) => void (l.caps.extensions = [LEAF]), /lacks what/],
  [
    "with an extension twice",
    (l) => void l.extensions.push({ type: LEAF, data: empty }),
    /two extensions/,
  ],
  [
    "with a credential that others lack",
    (l) => {
      l.credential = { type: 2, identity: empty, certs: [text.encode("cert")] };
      l.caps.credentials = [1, 2];
    },
    /lacks what/,
  ],
  ["that expired", (l) => void (l.notAfter = now() - 1n), /outside of its lifetime/],
  ["that is not valid yet", (l) => void (l.notBefore = now() + 60n), /outside of its lifetime/],
  ["that is valid for years", (l) => void (l.notAfter = now() * 2n), /outside of its lifetime/],
  ["that ends before it begins", (l) => void (l.notBefore = l.notAfter + 1n), /outside of its/],
  ["of an update", (l) => void (l.source = T.SOURCE.update), /with another leaf/],
  ["with a key of small order", (l) => void (l.encKey = new Uint8Array(32)), /small order/],
  ["with a key that is none", (l) => void (l.encKey = random(31)), /not a public key/],
];

const packages: [string, (o: Own) => void, RegExp][] = [
  ["for another suite", (o) => void (o.kp.suite = 2), /another version or suite/],
  ["of another version", (o) => void (o.kp.version = 2), /another version or suite/],
  ["with an init key of small order", (o) => void (o.kp.initKey = new Uint8Array(32)), /small/],
  ["with one key for both", (o) => void (o.kp.initKey = o.kp.leaf.encKey), /one key for two/],
  [
    "with an extension twice",
    (o) => void o.kp.extensions.push({ type: 9, data: empty }, { type: 9, data: empty }),
    /two extensions/,
  ],
];

async function refusesAdd(own: T.KeyPackagePrivate, why: RegExp): Promise<void> {
  const [a, b] = await pair();
  await refuses(b, await forgeCommit(a, [add(own)]), why);
  await rejects(a.commit({ proposals: [add(own)] }), why);
}

test("leaves of key packages", async (t) => {
  for (const [name, change, why] of leaves) {
    await t.test(name, async () => refusesAdd(await keyPackage("x", change), why));
  }
});

test("key packages", async (t) => {
  for (const [name, change, why] of packages) {
    await t.test(name, async () => {
      const own = await keyPackage("x");
      change(own);
      await signAgain(own);
      await refusesAdd(own, why);
    });
  }
  await t.test("with a signature of another", async () => {
    const own = await keyPackage("x");
    own.kp.signature = await suite.sign(
      (await keyPackage("y")).signer,
      "KeyPackageTBS",
      T.keyPackageTbs(own.kp),
    );
    await refusesAdd(own, /bad signature: KeyPackageTBS/);
  });
  await t.test("with a leaf signed by another", async () => {
    const own = await keyPackage("x");
    own.kp.leaf.credential.identity = text.encode("somebody else");
    own.kp.signature = await suite.sign(own.signer, "KeyPackageTBS", T.keyPackageTbs(own.kp));
    await refusesAdd(own, /bad signature: LeafNodeTBS/);
  });
});

test("two leaves share a key", async () => {
  const [a, b] = await pair();
  const own = await keyPackage("x");
  await refuses(b, await forgeCommit(a, [add(own), add(own)]), /two leaves share a key/);
  const taken = await keyPackage("y", (l) => void (l.encKey = a.tree.leaf(1)!.encKey));
  await refuses(b, await forgeCommit(a, [add(taken)]), /two leaves share a key/);
  // A key package whose owner is in the group already comes in only with the Remove of the old leaf.
  const made = await a.commit({ proposals: [add(own)], public: true });
  const { next } = await b.process(made.commit);
  await refuses(next!, await forgeCommit(made.next, [add(own)]), /two leaves share a key/);
  const back = await made.next.commit({ proposals: [add(own), remove(2)], public: true });
  ok((await next!.process(back.commit)).next);
});

test("required capabilities", async () => {
  const required = T.encodeRequiredCapabilities({
    extensions: [LEAF, 0xff01, 4],
    proposals: [0xff02, 7],
    credentials: [1],
  });
  const extensions = [...card, { type: T.EXT.requiredCapabilities, data: required }];
  const able = (l: T.LeafNode): void => {
    l.caps.extensions.push(0xff01);
    l.caps.proposals.push(0xff02);
  };
  await rejects(founder({}, extensions), /lacks what/);
  const own = await keyPackage("founder", able);
  const g = Group.create(1, {}, text.encode("group"), own, extensions);
  await rejects(g.commit({ proposals: [add(await keyPackage("x"))] }), /lacks what/);
  const made = await g.commit({ proposals: [add(await keyPackage("y", able))] });
  strictEqual(made.next.members().length, 2);
  // Nobody may ask for more than the members can.
  const [a, b] = await pair();
  const more = [...card, { type: T.EXT.requiredCapabilities, data: required }];
  await rejects(a.commit({ proposals: [gce(more)] }), /lacks what/);
  await refuses(b, await forgeCommit(a, [gce(more)]), /lacks what/);
  await refuses(b, await forgeCommit(a, [gce([{ type: 0xff05, data: empty }])]), /lacks what/);
  await refuses(b, await forgeCommit(a, [gce([...card, ...card])]), /two extensions/);
});

test("updates", async (t) => {
  const cases: [string, (l: T.LeafNode, old: T.LeafNode) => void, boolean, RegExp][] = [
    ["that keep their key", (l, old) => void (l.encKey = old.encKey), true, /keeps its key/],
    ["with the leaf of a commit", (l) => void (l.source = 3), true, /another leaf/],
    ["without their signature", (l) => void (l.encKey = random(32)), false, /LeafNodeTBS/],
    ["that lose their capabilities", (l) => void (l.caps.extensions = [LEAF]), true, /lacks what/],
    ["of small order", (l) => void (l.encKey = new Uint8Array(32)), true, /small order/],
    ["that lose their suite", (l) => void (l.caps.suites = []), true, /version or suite/],
  ];
  for (const [name, change, sign, why] of cases) {
    await t.test(name, async () => {
      const [a, b, c] = (await groupOf(3)) as [Group, Group, Group];
      const p = await c.updateProposal();
      if (p.type !== 2) throw new Error("no update");
      const leaf: T.LeafNode = { ...p.leaf, caps: { ...p.leaf.caps } };
      change(leaf, c.tree.leaf(2)!);
      if (sign) await T.signLeaf(suite, leaf, inside(c).base.signer, c.ctx.groupId, 2);
      const m = await c.propose({ type: 2, leaf }, true);
      await b.process(m);
      await a.process(m);
      if (m.wire !== 1) throw new Error("not public");
      const ref = T.proposalRef(suite, m.auth);
      const bad = await forge(a, (x) => {
        x.content.commit = { proposals: [{ ref }] };
      });
      await refuses(b, bad, why);
      await rejects(a.commit(), why);
    });
  }
  await t.test("beside a Remove of the same leaf", async () => {
    const [a, b, c] = (await groupOf(3)) as [Group, Group, Group];
    const m = await c.propose(await c.updateProposal(), true);
    await b.process(m);
    if (m.wire !== 1) throw new Error("not public");
    const ref = T.proposalRef(suite, m.auth);
    const bad = await forge(a, (x) => {
      x.content.commit = { proposals: [{ ref }, { proposal: remove(2) }] };
    });
    await refuses(b, bad, /a leaf twice/);
  });
});

test("paths", async (t) => {
  type Change = (p: T.UpdatePath, a: Group) => void;
  const node = (p: T.UpdatePath, i: number) => p.nodes[i]!;
  // Whether the leaf is signed again after the change.
  const cases: [string, Change, boolean, RegExp][] = [
    [
      "a leaf that its owner did not sign",
      (p) => void (p.leaf.encKey = random(32)),
      false,
      /LeafN/,
    ],
    ["a leaf of an update", (p) => void (p.leaf.source = 2), true, /of no commit/],
    ["another parent hash", (p) => void (p.leaf.parentHash = random(32)), true, /parent hash/],
    ["another key in a node", (p) => void (node(p, 0).key = random(32)), true, /parent hash/],
    ["a node less", (p) => void p.nodes.pop(), true, /another length/],
    ["a node more", (p) => void p.nodes.push(node(p, 0)), true, /another length/],
    ["a secret less", (p) => void node(p, 0).secrets.pop(), true, /number of secrets/],
    ["a secret more", (p) => void node(p, 0).secrets.push(node(p, 0).secrets[0]!), true, /number/],
    ["its old key", (p, a) => void (p.leaf.encKey = a.tree.leaf(0)!.encKey), true, /reuses/],
    ["another's key", (p, a) => void (p.leaf.encKey = a.tree.leaf(2)!.encKey), true, /reuses/],
    ["one key twice", (p) => void (p.leaf.encKey = node(p, 0).key), true, /reuses/],
    [
      "less capabilities",
      (p) => void (p.leaf.caps = { ...p.leaf.caps, suites: [] }),
      true,
      /suite/,
    ],
    [
      "a credential that it cannot do",
      (p) => void (p.leaf.credential = { type: 77, identity: empty }),
      true,
      /own credential/,
    ],
    ["a key of small order", (p) => void (p.leaf.encKey = new Uint8Array(32)), true, /small order/],
    ["a node of small order", (p) => void (node(p, 0).key = new Uint8Array(32)), true, /small/],
    ["a secret for somebody else", (p) => void (node(p, 0).secrets[0]!.ct[3]! ^= 1), true, /./],
  ];
  for (const [name, change, sign, why] of cases) {
    await t.test(name, async () => {
      const [a, b] = (await groupOf(4)) as [Group, Group];
      const good = await a.commit({ public: true, forcePath: true });
      const { path } = commitOf(good.commit);
      if (!path) throw new Error("no path");
      change(path, a);
      if (sign) await T.signLeaf(suite, path.leaf, inside(a).base.signer, a.ctx.groupId, 0);
      await refuses(b, await forgeCommit(a, [], path), why);
    });
  }
});

test("a tree with a node that nothing can be encrypted to", async () => {
  const [a] = (await groupOf(4)) as [Group];
  const { next } = await a.commit({ public: true, forcePath: true });
  next.tree.verifyStructure();
  const { parent } = next.tree.node(1)!;
  next.tree.set(1, { parent: { ...parent!, encKey: new Uint8Array(32) } });
  throws(() => next.tree.verifyStructure(), /small order/);
});

test("a path for another key of the sender, or another tag", async () => {
  const [a, b] = (await groupOf(4)) as [Group, Group];
  const other = await keyPackage("other");
  const good = await a.commit({ public: true, forcePath: true });
  const path = commitOf(good.commit).path!;
  // The committer takes the signature key of leaf 2; the new leaf is signed by who has that key.
  const [, , c] = await groupOf(3);
  path.leaf.sigKey = c!.tree.leaf(2)!.sigKey;
  await T.signLeaf(suite, path.leaf, other.signer, a.ctx.groupId, 0);
  await refuses(b, await forgeCommit(a, [], path), /bad signature/);
  const again = await a.commit({ public: true, forcePath: true });
  await refuses(b, await forgeCommit(a, [], commitOf(again.commit).path), /confirmation tag/);
});

test("framing", async (t) => {
  const [a, b] = await pair();
  const good = async (): Promise<T.Message & { wire: 1 }> => {
    const { commit } = await a.commit({ public: true, forcePath: true });
    if (commit.wire !== 1) throw new Error("not public");
    return commit;
  };
  const commit = commitOf(await good());
  const set = (a: T.Authenticated): void => void (a.content.commit = commit);
  const cases: [string, Promise<T.Message>, RegExp][] = [
    ["another membership tag", tampered((m) => void (m.membershipTag[0]! ^= 1)), /membership tag/],
    ["another signature", forge(a, set, { after: (x) => void (x.signature[0]! ^= 1) }), /bad sign/],
    ["another epoch", forge(a, epochSeven), /group or epoch/],
    ["another group", forge(a, elsewhere), /group or/],
    ["a blank sender", forge(a, set, { sender: { type: 1, index: 3 } }), /unknown sender/],
    ["a sender beyond", forge(a, set, { sender: { type: 1, index: 999 } }), /unknown sender/],
    ["an external sender", forge(a, set, { sender: { type: 2, index: 0 } }), /unknown sender/],
    ["in the name of another", forge(a, set, { sender: { type: 1, index: 1 } }), /bad signature/],
    ["an application message in clear", forge(a, application), /in clear/],
    ["a proposal that nobody sent", forge(a, unknown), /do not know/],
    [
      "an Update of an outsider",
      forge(a, set, { sender: { type: 3, index: 0 } }),
      /unknown sender/,
    ],
  ];
  function epochSeven(x: T.Authenticated): void {
    set(x);
    x.content.epoch = 7n;
  }
  function elsewhere(x: T.Authenticated): void {
    set(x);
    x.content.groupId = random(4);
  }
  function application(x: T.Authenticated): void {
    x.content.contentType = T.CONTENT.application;
    x.content.application = text.encode("hello");
  }
  function unknown(x: T.Authenticated): void {
    x.content.commit = { proposals: [{ ref: random(32) }] };
  }
  async function tampered(change: (m: T.Message & { wire: 1 }) => void): Promise<T.Message> {
    const m = await good();
    change(m);
    return m;
  }
  for (const [name, m, why] of cases) await t.test(name, async () => refuses(b, await m, why));
  await t.test("our own commit", async () => refuses(a, await good(), /our own commit/));
  await t.test("another confirmation tag", async () => {
    const m = await forge(a, set);
    await refuses(b, m, /confirmation tag/);
  });
  await t.test("a Welcome to a member", async () => {
    const made = await a.commit({ proposals: [add(await keyPackage("x"))] });
    await refuses(b, made.welcome!, /not a message to a group/);
  });
});

test("private messages", async (t) => {
  const sealed = async (a: Group): Promise<T.PrivateMessage> => {
    const m = await a.encrypt(text.encode("hello"));
    if (m.wire !== 2) throw new Error("not private");
    return m.private;
  };
  const changes: [string, (p: T.PrivateMessage) => void][] = [
    ["ciphertext", (p) => void (p.ciphertext[40]! ^= 1)],
    ["sender data", (p) => void (p.senderData[1]! ^= 1)],
    ["authenticated data", (p) => void (p.aad = text.encode("else"))],
    ["content type", (p) => void (p.contentType = 2)],
    ["group", (p) => void (p.groupId = random(3))],
    ["epoch", (p) => void (p.epoch = 9n)],
  ];
  for (const [name, change] of changes) {
    await t.test(`another ${name}`, async () => {
      const [a, b] = await pair();
      const p = await sealed(a);
      const bad = structuredClone(p);
      change(bad);
      await refuses(b, { wire: 2, private: bad }, /./);
      strictEqual((await b.process({ wire: 2, private: p })).kind, 1, "the real one is read");
    });
  }
  await t.test("a generation far ahead", async () => {
    const [a, b] = await pair();
    let p = await sealed(a);
    for (let i = 0; i < 1001; i++) p = await sealed(a);
    await refuses(b, { wire: 2, private: p }, /too far ahead/);
  });
});

test("external commits", async (t) => {
  const cases: [string, () => Promise<T.ProposalOrRef[]> | T.ProposalOrRef[], RegExp][] = [
    ["without external init", () => [], /without external init/],
    ["two external inits", () => [init(), init()], /two external inits/],
    ["an Add", async () => [init(), { proposal: add(await keyPackage("x")) }], /not for an ext/],
    ["an extension list", () => [init(), { proposal: gce(card) }], /not for an external/],
    ["two removes", () => [init(), { proposal: remove(0) }, { proposal: remove(1) }], /more than/],
  ];
  function init(): T.ProposalOrRef {
    return { proposal: { type: 6, kem: random(32) } };
  }
  const outsider = async (g: Group) => {
    const own = await keyPackage("outside");
    const { commit } = await Group.externalJoin({}, await g.groupInfo(true, true), own);
    return { own, commit: commitOf(commit), auth: commit.wire === 1 ? commit.auth : null };
  };
  for (const [name, make, why] of cases) {
    await t.test(name, async () => {
      const [a, b] = await pair();
      const { own, commit, auth } = await outsider(a);
      commit.proposals = await make();
      await T.signContent(suite, auth!, own.signer, a.ctx);
      await refuses(b, { wire: 1, auth: auth!, membershipTag: empty }, why);
    });
  }
  await t.test("a proposal by reference", async () => {
    const [a, b] = await pair();
    const m = await a.propose(remove(1), true);
    await b.process(m);
    const { own, commit, auth } = await outsider(a);
    commit.proposals.push({ ref: T.proposalRef(suite, m.wire === 1 ? m.auth : auth!) });
    await T.signContent(suite, auth!, own.signer, a.ctx);
    await refuses(b, { wire: 1, auth: auth!, membershipTag: empty }, /refers to a proposal/);
  });
});

test("Welcomes", async (t) => {
  const made = async () => {
    const [a] = await groupOf(3);
    const own = await keyPackage("new");
    const c = await a!.commit({ proposals: [add(own)], noTree: true, forcePath: true });
    if (c.welcome?.wire !== 3) throw new Error("no welcome");
    return { own, welcome: c.welcome.welcome, tree: c.tree };
  };
  type Made = Awaited<ReturnType<typeof made>>;
  const cases: [string, (m: Made) => void | Promise<void>, RegExp][] = [
    ["for somebody else", async (m) => void (m.own = await keyPackage("else")), /not for this/],
    ["without a tree", (m) => void (m.tree = empty), /too short/],
    ["of another tree", (m) => void (m.tree[60]! ^= 1), /another one|mls:/],
    ["with another GroupInfo", (m) => void (m.welcome.groupInfo[9]! ^= 1), /./],
    ["with another secret", (m) => void (m.welcome.secrets[0]!.ct.ct[9]! ^= 1), /./],
    ["of another suite", (m) => void (m.welcome.suite = 2), /no cipher suite 2/],
  ];
  for (const [name, change, why] of cases) {
    await t.test(name, async () => {
      const m = await made();
      await change(m);
      await rejects(Group.join({}, m.welcome, m.own, m.tree), why);
    });
  }
  await t.test("whose members the authentication service refuses", async () => {
    const m = await made();
    const validate = (l: T.LeafNode): void => {
      if (Buffer.from(l.credential.identity).toString() === "m2") throw new Error("not m2");
    };
    await rejects(Group.join({ validate }, m.welcome, m.own, m.tree), /not m2/);
    strictEqual((await Group.join({}, m.welcome, m.own, m.tree)).members().length, 4);
  });
});

test("proposals that their sender may not make", async () => {
  const [a, b] = await pair();
  const init = await forge(a, (x) => {
    x.content.contentType = T.CONTENT.proposal;
    x.content.proposal = { type: 6, kem: random(32) };
  });
  await refuses(b, init, /may not make/);
  await rejects(a.propose({ type: 6, kem: random(32) }), /may not make/);
});

test("what waits is bounded", async () => {
  const [a] = await pair();
  for (let i = 0; i < 1024; i++) await a.propose(psk(), true);
  await rejects(a.propose(psk(), true), /too many proposals/);
});

test("a group that was ended by a reinit is not used again", async () => {
  const [a, b] = await pair();
  const made = await a.commit({ proposals: [reinit(1)], public: true });
  const { next } = await b.process(made.commit);
  for (const g of [made.next, next!]) {
    await rejects(g.encrypt(text.encode("x")), /ended by a reinit/);
    await rejects(g.commit(), /ended by a reinit/);
  }
});

const signedBytes = (l: T.LeafNode): Bytes => encode((w) => T.encLeaf(w, l));

test("a forged leaf in the tree", async () => {
  const { base } = inside((await groupOf(2))[0]!);
  ok(signedBytes(base.tree.leaf(0)!).length > 100);
  const leaf = { ...base.tree.leaf(1)!, credential: { type: 1, identity: text.encode("m0") } };
  const tree = base.tree.clone();
  tree.set(2, { leaf });
  const info: T.GroupInfo = {
    context: { ...base.context, treeHash: tree.hash() },
    extensions: [{ type: T.EXT.ratchetTree, data: tree.marshal() }],
    tag: random(32),
    signer: 0,
    signature: empty,
  };
  info.extensions.push({ type: T.EXT.externalPub, data: encode((w) => w.opaque(random(32))) });
  info.signature = await suite.sign(base.signer, "GroupInfoTBS", T.groupInfoTbs(info));
  await rejects(Group.externalJoin({}, info, await keyPackage("x")), /LeafNodeTBS/);
});
