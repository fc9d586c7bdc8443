/** Who gets in, and who does not, whatever an insider commits (PROTOCOL.md 2.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Authority, OPEN, type Policy, signAdmissions, signPolicy, withholds } from "./access";
import { ACT } from "./acts";
import { type Bytes, hex, random, utf8 } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { newDevice, newMeeting, Server } from "./fakeserver";
import { Hosting } from "./hosting";
import { CARD_EXTENSION, type Device, POLICY_EXTENSION } from "./leaf";
import { linkPskId } from "./link";
import {
  type Config,
  decodeMessage,
  encodeMessage,
  type Group,
  getSuite,
  type KeyPackagePrivate,
  type Proposal,
} from "./mls";
import { makeLeaf } from "./newleaf";
import type { GroupOut } from "./protocol";
import { type Scene, scene, setPolicy } from "./scene";

const suite = getSuite(1);

test("lobby: who waits has no key until the host lets him in", async () => {
  const s = await scene();
  await setPolicy(s, true, false);
  const guest = await s.server.join("guest");
  await s.server.advance(60_000);
  assert.equal(guest.epochs.length, 0);
  assert.deepEqual(
    s.ann.waiting.map((w) => w.info.name),
    ["GUEST"],
  );
  assert.deepEqual(s.ben.waiting, [], "a guest's name is for moderators");
  const asks = s.ann.waiting.map((w) => w.ask);
  await s.ben.member.moderation.admit(asks);
  await s.server.advance(5_000);
  assert.equal(guest.epochs.length, 0, "ben is no moderator");
  await s.ann.member.moderation.admit(asks);
  await s.server.advance(2_000);
  assert.deepEqual(s.ben.sees, ["ann", "ben", "eve", "guest"]);
  assert.equal(guest.base, s.ann.base);
  assert.deepEqual(s.ann.waiting, []);
  assert.equal(s.ben.lostCount, 0);
});

test("lobby: who lost his state comes back as himself, and a known device without a question", async () => {
  const s = await scene();
  await setPolicy(s, true, false);
  s.server.deliver("ben", { type: "gap", generation: 1 });
  await s.server.advance(3_000);
  assert.equal(s.ben.lostCount, 1);
  assert.equal(s.ben.base, s.ann.base);
  const device = await newDevice();
  const guest = await s.server.join("guest", s.server.meeting, device);
  await s.server.advance(2_000);
  await s.ann.member.moderation.admit(s.ann.waiting.map((w) => w.ask));
  await s.server.advance(2_000);
  assert.equal(guest.base, s.ann.base);
  s.server.leave("guest");
  await s.server.advance(2_000);
  const again = await s.server.join("again", s.server.meeting, device);
  await s.server.advance(2_000);
  assert.equal(again.base, s.ann.base);
});

test("removal: who is thrown out is out, and waits when he comes back", async () => {
  const s = await scene();
  await s.ben.member.moderation.remove("eve");
  await s.server.advance(2_000);
  assert.equal(s.ann.sees.length, 3, "ben is no moderator");
  await s.ann.member.moderation.remove("eve");
  await s.server.advance(2_000);
  assert.deepEqual(s.ben.sees, ["ann", "ben"]);
  assert(s.ben.policy.lobby);
  assert.equal(s.ben.lostCount, 0);
  await s.server.advance(60_000);
  assert.notEqual(s.eve.base, s.ann.base);
  assert.deepEqual(
    s.ann.waiting.map((w) => w.info.session),
    ["eve"],
  );
});

test("the host comes back after a reload, through lobby and lock", async () => {
  for (const locked of [false, true]) {
    const server = new Server(await newMeeting());
    const device = await newDevice();
    const { meeting } = server;
    const ann = await server.join("ann", meeting, device, meeting.host);
    await server.advance(300);
    const ben = await server.join("ben");
    await server.advance(5_000);
    await ann.member.moderation.setPolicy(true, locked);
    await server.advance(1_000);
    server.leave("ann");
    await server.advance(2_000);
    const again = await server.join("again", meeting, device, meeting.host);
    const other = await server.join("other");
    await server.advance(2_000);
    assert.equal(again.base, ben.base);
    assert(again.moderates);
    assert.equal(other.epochs.length, 0);
  }
});

test("lock: nobody is added, not even by the host, until it is opened", async () => {
  const s = await scene();
  await setPolicy(s, false, true);
  const guest = await s.server.join("guest");
  await s.server.advance(2_000);
  await s.ann.member.moderation.admit(s.ann.waiting.map((w) => w.ask));
  await s.server.advance(5_000);
  assert.equal(guest.epochs.length, 0);
  await setPolicy(s, false, false);
  await s.server.advance(2_000);
  assert.equal(guest.base, s.ann.base);
});

test("nobody begins a meeting behind the host: not by the server's reset either", async () => {
  const s = await scene();
  await s.ann.member.moderation.remove("eve");
  await s.server.advance(2_000);
  s.server.leave("ann");
  s.server.leave("eve");
  Object.assign(s.server, {
    generation: 2,
    founded: false,
    epoch: 0,
    members: [],
    asks: [],
    log: [],
  });
  s.server.deliver("ben", { type: "reset", generation: 2 });
  await s.server.settle();
  assert.equal(s.ben.phaseNow, "hostless");
  await s.server.join("mallory"); // founds, and knows of no lobby
  await s.server.advance(5_000);
  assert.equal(s.ben.sees.includes("mallory"), false);
  assert.notEqual(s.ben.base, s.server.users.get("mallory")?.base);
});

test("the host begins again with the policy of before", async () => {
  const s = await scene();
  await setPolicy(s, true, false);
  const { known } = s.ann.member.hosting;
  for (const name of ["ann", "ben", "eve"]) s.server.leave(name);
  const { meeting } = s.server;
  const ann = await s.server.join("ann2", meeting, undefined, meeting.host);
  ann.member.hosting.known = known; // as kept by the browser
  await s.server.advance(1_000);
  const guest = await s.server.join("guest");
  await s.server.advance(2_000);
  assert(ann.policy.lobby);
  assert.equal(ann.policy.number, known.number + 1);
  assert.equal(guest.epochs.length, 0);
});

// What an insider commits.

interface Insides {
  group: Group;
  checks: { config: Config };
}

interface Plot {
  group: Group;
  authority: Authority;
  policy: Policy;
  host: Device;
  own: Device;
  ghost(session?: string): Promise<KeyPackagePrivate>;
  context(p: Policy, by: Device, a?: Authority): Promise<Proposal>;
}

const add = (kp: KeyPackagePrivate): Proposal => ({ type: 1, keyPackage: kp.kp });
const asAsked = (kp: KeyPackagePrivate): Bytes => encodeMessage({ wire: 5, keyPackage: kp.kp });

type Attack = (p: Plot) => Promise<{ proposals: Proposal[]; aad?: Bytes }>;

async function attempt(
  attack: Attack,
  locked = false,
  before: (s: Scene) => Promise<void> = async () => {},
): Promise<{ s: Scene; taken: boolean[]; rogue: Group }> {
  const s = await scene();
  const { meeting } = s.server;
  await setPolicy(s, false, true);
  await setPolicy(s, true, locked);
  await before(s);
  const { checks, group } = s.eve.member as unknown as Insides;
  Object.assign(checks.config, { checkCommit: undefined });
  const authority = { room: meeting.room, host: meeting.card.hostKey, groupId: group.ctx.groupId };
  const wall = s.server.clock.wall();
  const plot: Plot = {
    group,
    authority,
    policy: s.ann.policy,
    host: meeting.host,
    own: await newDevice(),
    ghost: async (session = "ghost") =>
      makeLeaf(suite, meeting, await newDevice(), session, "Ghost", wall),
    context: async (p, by, a = authority) => ({
      type: 7,
      extensions: [
        { type: CARD_EXTENSION, data: meeting.cardHash.slice() },
        { type: POLICY_EXTENSION, data: await signPolicy(a, p, by) },
      ],
    }),
  };
  const { proposals, aad } = await attack(plot);
  const all = [group.externalPSK(linkPskId(1)), ...proposals];
  const made = await group.commit({
    proposals: all,
    public: true,
    noTree: true,
    ...(aad ? { aad } : {}),
  });
  const next = hex(made.next.export("SFrame 1.0 Base Key", utf8(""), 16));
  const { epoch } = s.server;
  const place = { room: meeting.room, type: envelopeType.commit, generation: 1, epoch };
  const body = await sealEnvelope(meeting.keys.envelope, place, encodeMessage(made.commit));
  s.eve.filterIn = () => null; // her client would not follow
  s.server.take("eve", { type: "commit", generation: 1, epoch, body, to: [] });
  await s.server.settle();
  const taken = [s.ann, s.ben].map((u) => u.bases.includes(next));
  return { s, taken, rogue: made.next };
}

const attacks: Record<string, Attack> = {
  "an Add without a signature": async (p) => ({ proposals: [add(await p.ghost())] }),
  "an Add signed by himself": async (p) => {
    const kp = await p.ghost();
    const alone = { ...p.authority, host: p.own.publicKey };
    return {
      proposals: [add(kp)],
      aad: await signAdmissions(alone, p.policy, [asAsked(kp)], p.own),
    };
  },
  "an Add with the signature for another": async (p) => ({
    proposals: [add(await p.ghost())],
    aad: await signAdmissions(p.authority, p.policy, [asAsked(await p.ghost())], p.host),
  }),
  "an Add signed under the policy of before": async (p) => {
    const kp = await p.ghost();
    const before = { ...p.policy, number: p.policy.number - 1 };
    return {
      proposals: [add(kp)],
      aad: await signAdmissions(p.authority, before, [asAsked(kp)], p.host),
    };
  },
  "an Add signed for another group": async (p) => {
    const kp = await p.ghost();
    const other = { ...p.authority, groupId: random(42) };
    return {
      proposals: [add(kp)],
      aad: await signAdmissions(other, p.policy, [asAsked(kp)], p.host),
    };
  },
  "two Adds and one signature": async (p) => {
    const kp = await p.ghost();
    return {
      proposals: [add(kp), add(await p.ghost("second"))],
      aad: await signAdmissions(p.authority, p.policy, [asAsked(kp)], p.host),
    };
  },
  "an Add in the place of another device": async (p) => ({
    proposals: [add(await p.ghost("ben")), { type: 3, removed: 1 }],
  }),
  "an end of the policy": async (p) => {
    const c = (await p.context({ ...p.policy, number: 99 }, p.host)) as Proposal & { type: 7 };
    return { proposals: [{ type: 7, extensions: c.extensions.slice(0, 1) }] };
  },
  "the policy of before": async (p) => ({
    proposals: [await p.context({ ...p.policy, number: p.policy.number - 1 }, p.host)],
  }),
  "the last policy of all": async (p) => ({
    proposals: [await p.context({ ...p.policy, number: 2 ** 32 - 1 }, p.host)],
  }),
  "a policy of another group": async (p) => {
    const other = { ...p.authority, groupId: random(42) };
    return { proposals: [await p.context({ ...p.policy, number: 99 }, p.host, other)] };
  },
  "a policy of his own": async (p) => {
    const alone = { ...p.authority, host: p.own.publicKey };
    return { proposals: [await p.context({ ...OPEN, number: 99 }, p.own, alone)] };
  },
  "a new policy with a signed Add": async (p) => {
    const kp = await p.ghost();
    return {
      proposals: [await p.context({ ...p.policy, number: 99 }, p.host), add(kp)],
      aad: await signAdmissions(p.authority, p.policy, [asAsked(kp)], p.host),
    };
  },
  "a signature that admits nobody": async (p) => ({
    proposals: [{ type: 3, removed: 1 }],
    aad: await signAdmissions(p.authority, p.policy, [random(9)], p.host),
  }),
};

for (const [name, attack] of Object.entries(attacks)) {
  test(`lobby bypass: ${name} is refused by everybody`, async () => {
    const { s, taken } = await attempt(attack);
    assert.deepEqual(taken, [false, false]);
    for (const u of [s.ann, s.ben]) assert.equal(u.lostCount, 1, "it starts over");
  });
}

test("lobby bypass: who broke in is not accepted by those who begin anew because of it", async () => {
  const { s, rogue } = await attempt(attacks["an Add without a signature"]!);
  const { meeting, epoch } = s.server;
  const ask = s.server.asks.find((a) => a.from === "ann");
  assert(ask);
  const at = (type: number, e: number) => ({ room: meeting.room, type, generation: 1, epoch: e });
  const { envelope } = meeting.keys;
  const m = decodeMessage(await openEnvelope(envelope, at(envelopeType.ask, 0), ask.body));
  assert(m.wire === 5);
  // Eve welcomes ann back, in the place of her old leaf, into the group with the ghost.
  const proposals: Proposal[] = [
    rogue.externalPSK(linkPskId(1)),
    { type: 3, removed: 0 },
    { type: 1, keyPackage: m.keyPackage },
  ];
  const made = await rogue.commit({ proposals, public: true, noTree: true });
  const seal = (type: number, e: number, b: Bytes) => sealEnvelope(envelope, at(type, e), b);
  const before = s.ann.epochs.length;
  s.server.take("eve", {
    type: "commit",
    generation: 1,
    epoch,
    body: await seal(envelopeType.commit, epoch, encodeMessage(made.commit)),
    to: ["ann"],
    welcome: await seal(envelopeType.welcome, epoch + 1, encodeMessage(made.welcome!)),
    tree: await seal(envelopeType.tree, epoch + 1, made.tree),
  });
  await s.server.settle();
  assert.equal(s.ann.epochs.length, before);
  assert.equal(s.ann.phaseNow, "asking", "it asks once more");
});

test("restart: the host begins a stopped meeting anew; all come back by themselves, without whom nobody had let in", async () => {
  const { s } = await attempt(attacks["an Add without a signature"]!);
  const { server, ann, ben } = s;
  for (const u of [ann, ben]) assert.notEqual(u.phaseNow, "member");
  await ben.member.moderation.restart();
  await server.settle();
  assert.equal(server.generation, 1, "ben is no moderator");
  await ann.member.moderation.restart();
  await server.advance(10_000);
  assert.equal(server.generation, 2);
  for (const u of [ann, ben]) assert.deepEqual([u.phaseNow, u.sees], ["member", ["ann", "ben"]]);
  assert.equal(ann.base, ben.base);
  assert.deepEqual([ann.policy.lobby, ann.policy.locked], [true, false]);
  const guest = await server.join("guest");
  await server.advance(5_000);
  await ann.member.moderation.admit(ann.waiting.map((w) => w.ask));
  await server.advance(5_000);
  server.deliver("ben", { type: "gap", generation: 2 }); // who begins anew now takes the guest
  await server.advance(20_000);
  for (const u of [ann, ben, guest])
    assert.deepEqual([u.phaseNow, u.sees], ["member", ["ann", "ben", "guest"]]);
});

test("restart: whom the host was removing is not let into the next group either, with the lobby down again", async () => {
  const server = new Server(await newMeeting());
  const ann = await server.join("ann", server.meeting, await newDevice(), server.meeting.host);
  await server.advance(300);
  const eve = await server.join("eve");
  await server.advance(10_000);
  assert.deepEqual(ann.sees, ["ann", "eve"]);
  const { generation } = server;
  ann.filterOut = (m) => (m.type === "commit" && server.generation === generation ? null : m);
  void ann.member.moderation.remove("eve");
  await ann.member.moderation.restart();
  await server.advance(10_000);
  await ann.member.moderation.setPolicy(false, false);
  await server.advance(10_000);
  assert.notEqual(server.generation, generation);
  assert.equal(ann.policy.lobby, false);
  assert.deepEqual(ann.sees, ["ann"]);
  assert.notEqual(eve.base, ann.base);
});

test("restart: who was in a locked meeting comes back, and the lock is a lobby; a host's fresh page may, too", async () => {
  const s = await scene();
  await setPolicy(s, false, true);
  await s.ann.member.moderation.restart();
  await s.server.advance(20_000);
  for (const u of [s.ann, s.ben, s.eve]) {
    assert.deepEqual(u.sees, ["ann", "ben", "eve"]);
    assert.deepEqual([u.policy.lobby, u.policy.locked], [true, false]);
  }
  for (const u of [s.ann, s.ben, s.eve]) u.filterIn = (m) => (m.type === "asked" ? null : m); // nobody adds her
  const again = await s.server.join("ann2", s.server.meeting, undefined, s.server.meeting.host);
  again.member.hosting.learn(s.ann.policy);
  await s.server.advance(1_000);
  assert.equal(again.phaseNow, "asking");
  await again.member.moderation.restart();
  await s.server.settle();
  assert.equal(s.server.generation, 3);
});

test("restart: in a locked meeting everybody comes back, whichever moderator begins the group and whatever epoch comes between", async () => {
  const s = await scene();
  const { server, ann, ben } = s;
  await ann.member.moderation.appoint("ben", true);
  await server.advance(2_000);
  await setPolicy(s, false, true);
  await server.advance(2_000);
  let order: GroupOut | undefined;
  ben.filterOut = (m) => {
    if (m.type === "restart") order = m;
    return m.type === "restart" || m.type === "found" ? null : m; // ann is first
  };
  await ben.member.moderation.restart();
  await server.settle();
  const { epoch } = server;
  await ann.member.moderation.rule(async () => ({ full: 100 }));
  await server.advance(2_000);
  assert(order && server.epoch > epoch, "no epoch has begun in between");
  server.take("ben", order);
  await server.advance(20_000);
  assert.equal(server.generation, 2);
  for (const u of [ann, ben, s.eve]) {
    assert.deepEqual([u.phaseNow, u.sees], ["member", ["ann", "ben", "eve"]]);
    assert.deepEqual([u.policy.lobby, u.policy.locked], [true, false]);
  }
  await setPolicy(s, false, true);
  await server.advance(20_000);
  assert(ben.policy.locked, "a later lock stays");
});

const signed: Attack = async (p) => {
  const kp = await p.ghost();
  return {
    proposals: [add(kp)],
    aad: await signAdmissions(p.authority, p.policy, [asAsked(kp)], p.host),
  };
};

test("lobby bypass: a signed Add to a locked meeting is refused by everybody", async () => {
  const { taken } = await attempt(signed, true);
  assert.deepEqual(taken, [false, false]);
});

test("lobby bypass: the harness; a signed Add, and a policy that follows, are taken", async () => {
  const newer: Attack = async (p) => ({
    proposals: [await p.context({ ...p.policy, number: 99 }, p.host)],
  });
  for (const attack of [signed, newer]) {
    const { taken } = await attempt(attack);
    assert.deepEqual(taken, [true, true]);
  }
});

test("lobby: what the host takes back while its commit is under way does not stay", async () => {
  const s = await scene();
  const { server } = s;
  const take = server.take.bind(server);
  let back: Promise<void> | null = null;
  server.take = (from, m) => {
    if (m.type === "commit") back ??= s.ann.member.moderation.setPolicy(false, false);
    take(from, m);
  };
  const before = s.ben.policy.number;
  await s.ann.member.moderation.setPolicy(true, false);
  await server.advance(5_000);
  assert(back);
  assert.deepEqual([s.ben.policy.lobby, s.ben.policy.number], [false, before + 2]);
});

test("rules: what is withheld by two presses in a row is both, from one and from all", async () => {
  const s = await scene();
  const { moderation } = s.ann.member;
  await Promise.all([
    moderation.except("ben", ACT.mic, true),
    moderation.except("ben", ACT.chat, true),
    moderation.withhold(ACT.camera, true),
    moderation.withhold(ACT.screen, true),
  ]);
  await s.server.advance(3_000);
  const device = (session: string) =>
    [...s.eve.infos.values()].find((i) => i.session === session)!.deviceKey;
  assert.equal(withholds(s.eve.policy, device("ben")), ACT.mic | ACT.chat);
  assert.equal(withholds(s.eve.policy, device("eve")), ACT.camera | ACT.screen);
  await Promise.all([
    moderation.except("ben", ACT.mic, false),
    moderation.withhold(ACT.camera, false),
  ]);
  await s.server.advance(3_000);
  assert.equal(withholds(s.eve.policy, device("ben")), ACT.chat);
  assert.equal(withholds(s.eve.policy, device("eve")), ACT.screen);
});

test("full: with as many inside as the host allows nobody else is added, until somebody leaves", async () => {
  const s = await scene();
  await s.ann.member.moderation.rule(async () => ({ full: 3 }));
  await s.server.advance(1_000);
  assert.equal(s.ben.policy.full, 3);
  const guest = await s.server.join("guest");
  await s.server.advance(5_000);
  assert.equal(guest.epochs.length, 0);
  assert.deepEqual(
    s.ann.waiting.map((w) => w.info.name),
    ["GUEST"],
  );
  s.server.leave("eve");
  await s.server.advance(5_000);
  assert.deepEqual(s.ben.sees, ["ann", "ben", "guest"]);
});

test("full: an insider's Add beyond it is refused by everybody", async () => {
  const full = async (s: Scene): Promise<void> => {
    await s.ann.member.moderation.rule(async () => ({ lobby: false, full: 3 }));
    await s.server.advance(1_000);
  };
  const one: Attack = async (p) => ({ proposals: [add(await p.ghost())] });
  const { taken } = await attempt(one, false, full);
  assert.deepEqual(taken, [false, false]);
  const open = async (s: Scene): Promise<void> => {
    await s.ann.member.moderation.rule(async () => ({ lobby: false, full: 4 }));
    await s.server.advance(1_000);
  };
  assert.deepEqual((await attempt(one, false, open)).taken, [true, true]);
});

test("hosting: an ask that comes after the one that was let in is not let in by it", async () => {
  const device = await newDevice();
  const host = await newDevice();
  const hosting = new Hosting("room", host.publicKey, device, host);
  const policy = { ...OPEN, number: 1, lobby: true };
  const standing = { groupId: random(42), infos: new Map(), policy };
  const info = { session: "x", deviceKey: random(32), name: "A" };
  const first = { ask: "1", info } as unknown as Parameters<Hosting["mayAdd"]>[0];
  hosting.admitted.add("1");
  assert(hosting.mayAdd(first, standing));
  assert(!hosting.mayAdd({ ...first, ask: "2" }, standing));
});

test("lobby: who is sent back is out before the server hears of it, asks again by himself, and waits", async () => {
  const s = await scene();
  await s.ben.member.moderation.sendBack("eve");
  await s.server.advance(2_000);
  assert.equal(s.ann.sees.length, 3, "ben is no moderator");
  await s.ann.member.moderation.sendBack("eve");
  await s.server.advance(5_000);
  assert.deepEqual(s.ben.sees, ["ann", "ben"]);
  const order = s.server.seen.findIndex((x) => x.m.type === "send_back");
  const commit = s.server.seen.findLastIndex((x) => x.m.type === "commit" && x.from === "ann");
  assert(order > commit, "the server hears of it while she is in the group");
  assert.equal(s.eve.phaseNow, "asking");
  assert(s.ann.policy.lobby);
  assert.deepEqual(
    s.ann.waiting.map((w) => w.info.session),
    ["eve"],
  );
  await s.ann.member.moderation.admit(s.ann.waiting.map((w) => w.ask));
  await s.server.advance(3_000);
  assert.deepEqual(s.ben.sees, ["ann", "ben", "eve"]);
  assert.equal(s.eve.base, s.ann.base);
  const orders = s.server.seen.filter((x) => x.m.type === "send_back");
  assert.equal(orders.length, 1);
});
