/** What an insider who knows the link, or has stolen a leaf, can't do to the others (PROTOCOL.md 2.4, 2.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, cat, empty, hex, random, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { type Meeting, newDevice, newMeeting, Server, type User } from "./fakeserver";
import { CARD_EXTENSION, type Device, LEAF_EXTENSION, makeLeafInfo } from "./leaf";
import { linkPskId } from "./link";
import {
  type CommitInfo,
  type CommitOptions,
  type Committed,
  type Config,
  decodeMessage,
  encodeMessage,
  Group,
  getSuite,
  type KeyPackage,
  type KeyPackagePrivate,
  membershipTag,
  newKeyPackage,
  type Proposal,
  SENDER,
} from "./mls";
import { frame, sealCommit } from "./mls/commit";
import { apply, type Base } from "./mls/epoch";
import type { Secrets } from "./mls/schedule";
import { MAX_LIFETIME, makeLeaf } from "./newleaf";
import { checkCommit, checkLeaf, type Standing } from "./policy";

const suite = getSuite(1);

/** What a malicious client changes in its own code. */
interface Insides {
  group: Group;
  checks: { config: Config };
  standing: Standing;
}
interface GroupInsides {
  base: Base;
  secrets: Secrets;
  interim: Bytes;
}

interface Scene {
  server: Server;
  meeting: Meeting;
  ann: User;
  ben: User;
  eve: User;
  /** Her group, which lets her do everything. */
  rogue: Group;
}

async function scene(): Promise<Scene> {
  const meeting = await newMeeting();
  const server = new Server(meeting);
  const users: User[] = [];
  for (const s of ["ann", "ben", "eve"]) {
    users.push(await server.join(s));
    await server.advance(300);
  }
  const [ann, ben, eve] = users as [User, User, User];
  const insides = eve.member as unknown as Insides;
  insides.checks.config.psk = (id) =>
    hex(id.id) === hex(linkPskId(1)) ? meeting.keys.psk : utf8("hers");
  Object.assign(insides.checks.config, { checkCommit: undefined, maxLifetime: Infinity });
  return { server, meeting, ann, ben, eve, rogue: insides.group };
}

const linkPsk = (g: Group): Proposal => g.externalPSK(linkPskId(1));

async function send(s: Scene, made: Pick<Committed, "commit">): Promise<void> {
  const epoch = s.server.epoch;
  const place = { room: s.meeting.room, type: envelopeType.commit, generation: 1, epoch };
  const body = await sealEnvelope(s.meeting.keys.envelope, place, encodeMessage(made.commit));
  s.server.take("eve", { type: "commit", generation: 1, epoch, body, to: [] });
  await s.server.settle();
}

const baseOf = (g: Group): string => hex(g.export("SFrame 1.0 Base Key", empty, 16));

type Attack = (s: Scene) => Promise<CommitOptions>;

/** Commits it in eve's name; reports what ann and ben make of it. */
async function attempt(attack: Attack): Promise<{ s: Scene; taken: boolean[] }> {
  const s = await scene();
  const options = await attack(s);
  const made = await s.rogue.commit({ public: true, noTree: true, ...options });
  const next = baseOf(made.next);
  await send(s, made);
  return { s, taken: [s.ann, s.ben].map((u) => u.bases.includes(next)) };
}

async function refused(attack: Attack): Promise<void> {
  const { s, taken } = await attempt(attack);
  assert.deepEqual(taken, [false, false]);
  for (const u of [s.ann, s.ben]) assert.equal(u.lostCount, 1, "it starts over");
}

/** Somebody of eve's making. */
async function ghost(
  s: Scene,
  o: { meeting?: Meeting; session?: string; device?: Device } = {},
): Promise<KeyPackagePrivate> {
  const device = o.device ?? (await newDevice());
  const session = o.session ?? "ghost";
  return makeLeaf(suite, o.meeting ?? s.meeting, device, session, "Ghost", s.server.clock.wall());
}
const add = (kp: KeyPackagePrivate): Proposal => ({ type: 1, keyPackage: kp.kp });

test("the harness: what is valid is taken", async () => {
  for (const attack of [
    async (s: Scene) => ({ proposals: [linkPsk(s.rogue)], forcePath: true }),
    async (s: Scene) => ({ proposals: [linkPsk(s.rogue), add(await ghost(s))] }),
  ]) {
    const { taken, s } = await attempt(attack);
    assert.deepEqual(taken, [true, true]);
    assert.equal(s.ann.lostCount, 0);
  }
});

test("a commit without the link's PSK is refused", () =>
  refused(async () => ({ forcePath: true })));

test("a ghost added without the link's PSK is refused", () =>
  refused(async (s) => ({ proposals: [add(await ghost(s))] })));

test("a commit with another PSK is refused", () =>
  refused(async (s) => ({ proposals: [s.rogue.externalPSK(utf8("link-2"))], forcePath: true })));

test("a commit with the link's PSK and another one is refused", () =>
  refused(async (s) => ({
    proposals: [linkPsk(s.rogue), s.rogue.externalPSK(utf8("x"))],
    forcePath: true,
  })));

test("a commit with the link's PSK twice is refused", () =>
  refused(async (s) => ({ proposals: [linkPsk(s.rogue), linkPsk(s.rogue)], forcePath: true })));

test("a ghost without the admission MAC is refused", () =>
  refused(async (s) => {
    const keys = { ...s.meeting.keys, admission: random(32) };
    return {
      proposals: [linkPsk(s.rogue), add(await ghost(s, { meeting: { ...s.meeting, keys } }))],
    };
  }));

test("a ghost with a stolen device key is refused", () =>
  refused(async (s) => {
    const publicKey = [...s.ann.infos.values()].find((i) => i.session === "ann")!.deviceKey;
    const device: Device = { publicKey, sign: (await newDevice()).sign };
    return { proposals: [linkPsk(s.rogue), add(await ghost(s, { device }))] };
  }));

test("a ghost whose key package is valid for longer than ours is refused", async () => {
  const lasting = (more: number) => async (s: Scene) => {
    const { credential, extensions, caps } = (await ghost(s)).kp.leaf;
    const { priv, pub } = await suite.generateSigner();
    const place = { room: s.meeting.room, linkNumber: 1, memberId: credential.identity };
    const { admission } = s.meeting.keys;
    const at = { ...place, signatureKey: pub };
    const data = await makeLeafInfo(admission, at, await newDevice(), "ghost", "Ghost");
    const now = Math.floor(s.server.clock.wall() / 1000);
    const [from, to] = [BigInt(now - 60), BigInt(now - 60 + MAX_LIFETIME + more)];
    const says = [{ ...extensions[0]!, data }];
    const kp = await newKeyPackage(suite, credential, priv, pub, from, to, says, caps.extensions);
    return { proposals: [linkPsk(s.rogue), add(kp)] };
  };
  assert.deepEqual((await attempt(lasting(0))).taken, [true, true]);
  await refused(lasting(1));
});

test("a ghost of another room is refused", () =>
  refused(async (s) => {
    const meeting = { ...s.meeting, room: "a".repeat(26) };
    return { proposals: [linkPsk(s.rogue), add(await ghost(s, { meeting }))] };
  }));

test("a second leaf for a session is refused", () =>
  refused(async (s) => ({
    proposals: [linkPsk(s.rogue), add(await ghost(s, { session: "ben" }))],
  })));

test("a change of the group's extensions is refused", () =>
  refused(async (s) => ({
    proposals: [
      linkPsk(s.rogue),
      { type: 7, extensions: [{ type: CARD_EXTENSION, data: random(32) }] },
    ],
  })));

test("an end of the group by ReInit is refused", () =>
  refused(async () => ({
    proposals: [{ type: 5, groupId: random(42), version: 1, suite: 1, extensions: [] }],
    forcePath: true,
  })));

test("a commit that refers to a proposal is refused, even to one that all have", async () => {
  const s = await scene();
  const proposal = await s.rogue.propose({ type: 3, removed: 0 }, true);
  for (const u of [s.ann, s.ben]) await (u.member as unknown as Insides).group.process(proposal);
  const made = await s.rogue.commit({ public: true, noTree: true, proposals: [linkPsk(s.rogue)] });
  await send(s, made);
  for (const u of [s.ann, s.ben]) assert(!u.bases.includes(baseOf(made.next)));
});

test("a Remove without a path is refused: who is removed could follow", async () => {
  const s = await scene();
  const { base, secrets, interim } = s.rogue as unknown as GroupInsides;
  const sender = { type: SENDER.member, index: s.rogue.me };
  const proposals: Proposal[] = [linkPsk(s.rogue), { type: 3, removed: 0 }];
  const auth = frame(s.rogue.ctx, sender, { contentType: 3, wire: 1, aad: empty });
  auth.content.commit = { proposals: proposals.map((proposal) => ({ proposal })) };
  const listed = proposals.map((proposal) => ({ proposal, sender }));
  const origin = { suite, config: base.config, context: s.rogue.ctx, tree: s.rogue.tree };
  const applied = await apply(origin, listed, sender);
  applied.needsPath = false;
  await sealCommit(base, interim, applied, auth, false, secrets.init);
  assert.equal(auth.content.commit.path, undefined);
  const tag = membershipTag(suite, auth, secrets.membership, s.rogue.ctx);
  const epochs = s.ben.epochs.length;
  const next = s.ben.epochNow + 1;
  await send(s, { commit: { wire: 1, auth, membershipTag: tag } });
  // Whether they have found each other again by now is chance; if so, it is in the first epochs of another group.
  const since = s.ben.epochs.slice(epochs).map((e) => e.epoch);
  assert(next > 2 && !since.includes(next), `entered ${since} of ${next}`);
  assert.equal(s.ben.lostCount, 1);
});

test("a committer that becomes somebody else is refused", async () => {
  for (const name of ["Ann", "Eve again"]) {
    await refused(async (s) => {
      const leaf = s.rogue.tree.leaf(s.rogue.me)!;
      const place = {
        room: s.meeting.room,
        linkNumber: 1,
        memberId: leaf.credential.identity,
        signatureKey: leaf.sigKey,
      };
      const data = await makeLeafInfo(
        s.meeting.keys.admission,
        place,
        await newDevice(),
        "eve",
        name,
      );
      leaf.extensions = [{ type: LEAF_EXTENSION, data }];
      return { proposals: [linkPsk(s.rogue)], forcePath: true };
    });
  }
});

test("a commit with a forged signature or tag is refused", async () => {
  for (const field of ["signature", "tag"] as const) {
    const s = await scene();
    const made = await s.rogue.commit({
      public: true,
      proposals: [linkPsk(s.rogue)],
      forcePath: true,
    });
    assert(made.commit.wire === 1);
    made.commit.auth[field] = random(made.commit.auth[field].length);
    await send(s, made);
    for (const u of [s.ann, s.ben]) assert(!u.bases.includes(baseOf(made.next)), field);
  }
});

test("the profile itself refuses a path-less Remove, an outsider's commit, and what is by reference", async () => {
  const s = await scene();
  const { ann } = s;
  let seen: CommitInfo | undefined;
  const { checks, standing } = ann.member as unknown as Insides;
  const { config } = checks;
  const check = config.checkCommit!;
  config.checkCommit = (c) => {
    if (c.removed.length > 0) seen = c;
    return check(c);
  };
  s.server.leave("eve");
  await s.server.advance(2_000);
  assert(seen, "ann has checked a commit");
  assert.equal(seen.removed.length, 1);
  const terms = s.meeting;
  await checkCommit(terms, seen, standing);
  const proposals = seen.proposals.map((p) => ({ ...p, ref: random(32) }));
  for (const change of [
    { hasPath: false },
    { sender: { type: SENDER.newMemberCommit, index: 0 } },
    { sender: { type: SENDER.external, index: 0 } },
    { proposals },
    { proposals: [] },
  ]) {
    await assert.rejects(
      checkCommit(terms, { ...seen, ...change }, standing),
      Object.keys(change)[0],
    );
  }
});

test("leaves that are not of our profile are refused", async () => {
  const s = await scene();
  const { leaf } = (await ghost(s)).kp;
  const terms = s.meeting;
  await checkLeaf(terms, leaf);
  for (const change of [
    { credential: { type: 1, identity: random(15) } },
    { credential: { type: 2, identity: random(16) } },
    { extensions: [] },
    { extensions: [...leaf.extensions, { type: 0xf1cc, data: empty }] },
    { caps: { ...leaf.caps, extensions: [LEAF_EXTENSION] } },
    { caps: { ...leaf.caps, proposals: [9] } },
    { sigKey: random(32) },
  ]) {
    await assert.rejects(
      checkLeaf(terms, { ...leaf, ...change }),
      JSON.stringify(Object.keys(change)),
    );
  }
});

// Welcomes.

interface Invited extends Scene {
  zed: User;
  /** What zed asked with. */
  kp: KeyPackage;
}

/** zed has asked, and nobody but eve answers. */
async function invited(): Promise<Invited> {
  const s = await scene();
  for (const u of [s.ann, s.ben, s.eve]) u.filterOut = () => null;
  const zed = await s.server.join("zed");
  await s.server.settle();
  const { m } = s.server.seen.at(-1)!;
  assert(m.type === "ask");
  const place = { room: s.meeting.room, type: envelopeType.ask, generation: 1, epoch: 0 };
  const ask = decodeMessage(await openEnvelope(s.meeting.keys.envelope, place, m.body));
  assert(ask.wire === 5);
  return { ...s, zed, kp: ask.keyPackage };
}

async function welcome(s: Invited, group: Group, proposals: Proposal[]): Promise<string> {
  const made = await group.commit({
    public: true,
    noTree: true,
    proposals: [...proposals, { type: 1, keyPackage: s.kp }],
  });
  const epoch = Number(made.next.epoch);
  const seal = (type: number, b: Bytes): Promise<Bytes> =>
    sealEnvelope(s.meeting.keys.envelope, { room: s.meeting.room, type, generation: 1, epoch }, b);
  s.server.deliver("zed", {
    type: "welcomed",
    seq: 9,
    generation: 1,
    epoch,
    body: await seal(envelopeType.welcome, encodeMessage(made.welcome!)),
    tree: await seal(envelopeType.tree, made.tree),
  });
  await s.server.settle();
  return baseOf(made.next);
}

/** A group of eve's own, to lure zed into. */
async function lair(
  s: Invited,
  o: { room?: string; card?: Bytes; meeting?: Meeting; more?: boolean } = {},
): Promise<Group> {
  const own = await ghost(s, { ...(o.meeting ? { meeting: o.meeting } : {}), session: "eve" });
  const { config } = (s.eve.member as unknown as Insides).checks;
  const extensions = [{ type: CARD_EXTENSION, data: o.card ?? s.meeting.cardHash }];
  if (o.more) extensions.push({ type: LEAF_EXTENSION, data: empty });
  return Group.create(1, config, cat(utf8(o.room ?? s.meeting.room), random(16)), own, extensions);
}

test("the harness: a valid Welcome is taken", async () => {
  const s = await invited();
  const g = await lair(s);
  const base = await welcome(s, g, [linkPsk(g)]);
  assert.deepEqual(s.zed.bases, [base]);
});

const lures: [string, (s: Invited) => Promise<Group>, ((g: Group) => Proposal[])?][] = [
  ["without the link's PSK", (s) => lair(s), () => []],
  ["with another PSK", (s) => lair(s), (g) => [g.externalPSK(utf8("x"))]],
  ["with two PSKs", (s) => lair(s), (g) => [linkPsk(g), linkPsk(g)]],
  ["to another card", (s) => lair(s, { card: random(32) })],
  ["to a group with more extensions", (s) => lair(s, { more: true })],
  ["to another room", (s) => lair(s, { room: "a".repeat(26) })],
  [
    "to a group with a leaf without admission",
    (s) =>
      lair(s, { meeting: { ...s.meeting, keys: { ...s.meeting.keys, admission: random(32) } } }),
  ],
];
for (const [what, make, proposals = (g: Group) => [linkPsk(g)]] of lures) {
  test(`a Welcome ${what} is refused`, async () => {
    const s = await invited();
    const g = await make(s);
    await welcome(s, g, proposals(g));
    assert.deepEqual(s.zed.bases, []);
    assert.equal(s.zed.phaseNow, "asking");
  });
}

test("a Welcome to a group in which a session has two leaves is refused", async () => {
  const s = await invited();
  const g = await lair(s);
  await welcome(s, g, [linkPsk(g), add(await ghost(s, { session: "zed" }))]);
  assert.deepEqual(s.zed.bases, []);
});
