/** A link that takes the place of another: what Go made of it, what nobody takes for it, and how a group goes on with it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { makeGrant, signPolicy } from "./access";
import { type Bytes, cat, empty, hex, random, sha256, unhex } from "./bytes";
import { type Card, type Changed, MAX_OLD_LINKS, openCard, sealCard, signCardBy } from "./card";
import { type Changing, linksInUse } from "./changing";
import { type Meeting, newDevice, newMeeting, Server, type User } from "./fakeserver";
import { checkLeafInfo, type Device, POLICY_EXTENSION } from "./leaf";
import { deriveLinkKeys, linkPskId } from "./link";
import { type CommitInfo, type Config, PROPOSAL } from "./mls";
import { authority, checkCommit, type Standing, type Terms } from "./policy";
import type { GroupOut } from "./protocol";
import {
  makeNext,
  type NextLink,
  openNext,
  orderOf,
  type Relink,
  relinkHolds,
  sayNext,
} from "./relink";

const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/relink.json`, "utf8")) as Record<
  | "room"
  | "hostSeed"
  | "hostKey"
  | "before"
  | "admissionBefore"
  | "secret"
  | "salt"
  | "admission"
  | "pskId"
  | "encoded"
  | "hash"
  | "tokenHash"
  | "card"
  | "signature"
  | "announced"
  | "memberId"
  | "signatureKey"
  | "oldLeaf",
  string
> & { number: number };

async function host(): Promise<Device> {
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(v.hostSeed));
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const sign = async (b: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, b));
  return { publicKey: unhex(v.hostKey), sign };
}

const before: Card = {
  hostKey: unhex(v.hostKey),
  suite: 1,
  linkNumber: 1,
  createdMs: 1795000000123,
  title: "Küche & Kaffee",
};
const older = [{ number: 1, admission: unhex(v.admissionBefore) }];
const order = (): Relink => ({
  number: v.number,
  tokenHash: unhex(v.tokenHash),
  card: unhex(v.card),
  signature: unhex(v.signature),
});

test("relink: what Go made is read, and made the same", async () => {
  const by = await host();
  assert.equal(hex(await signCardBy(v.room, before, (b) => by.sign(b))), v.before);
  const made = await makeNext(v.room, before, unhex(v.secret), older, by, unhex(v.salt));
  assert.equal(hex(made.order.card), v.card);
  assert.equal(hex(made.order.signature), v.signature);
  assert.equal(hex(made.announced), v.announced);
  const [secret, card, announced] = [unhex(v.secret), unhex(v.card), unhex(v.announced)];
  const n = await openNext(v.room, before, secret, card, announced);
  assert.equal(hex(n.cardHash), v.hash);
  assert.equal(hex(n.keys.admission), v.admission);
  assert.deepEqual(linkPskId(n.card.linkNumber), new TextEncoder().encode(v.pskId));
  const { signature: _, ...unsigned } = order();
  assert.deepEqual(n.order, unsigned, "a member is given no order");
  assert.deepEqual(await orderOf(v.room, n.keys, card, by), order(), "as the host signs it again");
  const first = await deriveLinkKeys(v.room, random(32));
  const sealed = await sealCard(v.room, first.card, unhex(v.before));
  assert.equal(await orderOf(v.room, first, sealed, by), null, "the first link has no order");
  assert(await relinkHolds(v.room, before.hostKey, order()));
  const at = { room: v.room, memberId: unhex(v.memberId), signatureKey: unhex(v.signatureKey) };
  const leaf = unhex(v.oldLeaf);
  const [old] = n.card.changed!.older;
  assert.equal((await checkLeafInfo(old!.admission, { ...at, linkNumber: 1 }, leaf)).link, 1);
  await assert.rejects(checkLeafInfo(n.keys.admission, { ...at, linkNumber: 2 }, leaf));
});

test("relink: what the host has not ordered is no link of the room", async () => {
  const by = await host();
  const stranger = await newDevice();
  const secret = unhex(v.secret);
  const make = (from: Card, s = secret, who = by) => makeNext(v.room, from, s, older, who);
  const good = await make(before);
  const other = await make(before, random(32));
  const changed: Changed = { tokenHash: random(32), older: [] };
  const keys = await deriveLinkKeys(v.room, secret);
  const lying: Card = { ...good.card, changed: { ...changed, older } };
  const liar = await signCardBy(v.room, lying, (b) => by.sign(b));
  const his = { ...(await make(before)), secret };
  his.announced = (await make(before, secret, stranger)).announced;
  const cases: [string, NextLink, RegExp][] = [
    ["by a stranger", await make(before, secret, stranger), /bad signature/],
    ["announced by a stranger", his, /not announced/],
    ["another secret", { ...good, secret: other.secret }, /operation failed/],
    ["ordered only", { ...good, announced: good.order.signature.slice() }, /not announced/],
    ["a link left out", await make({ ...before, linkNumber: 2, changed }), /not the one after/],
    ["another suite", await make({ ...before, suite: 0xf001 }), /another suite/],
    ["another's word", { ...good, announced: other.announced }, /not announced/],
    [
      "another's token",
      { ...good, order: { ...good.order, card: await sealCard(v.room, keys.card, liar) } },
      /another link/,
    ],
  ];
  for (const [name, n, why] of cases) {
    const opened = openNext(v.room, before, n.secret, n.order.card.slice(), n.announced.slice());
    await assert.rejects(opened, why, name);
  }
  for (const change of [
    { number: 3 },
    { number: 1 },
    { tokenHash: other.order.tokenHash },
    { card: other.order.card },
    { signature: random(64) },
    { signature: unhex(v.announced) },
  ])
    assert(!(await relinkHolds(v.room, before.hostKey, { ...order(), ...change })));
});

test("relink: cards of changed links have one form", async () => {
  const by = await host();
  const key = random(32);
  const good = unhex(v.encoded);
  const seal = (b: Bytes) => sealCard(v.room, key, b);
  for (let i = 0; i < good.length; i += 7)
    await assert.rejects(
      openCard(v.room, key, await seal(good.map((b, j) => (i === j ? b ^ 1 : b)))),
    );
  const admission = random(32);
  const links = (...numbers: number[]) => numbers.map((number) => ({ number, admission }));
  const tokenHash = random(32);
  const cards: [number, Changed | undefined][] = [
    [2, undefined],
    [2, { tokenHash: new Uint8Array(32), older: [] }],
    [4, { tokenHash, older: links(2, 1) }],
    [4, { tokenHash, older: links(2, 2) }],
    [4, { tokenHash, older: links(0) }],
    [4, { tokenHash, older: links(4) }],
    [
      99,
      { tokenHash, older: links(...Array.from({ length: MAX_OLD_LINKS + 1 }, (_, i) => i + 1)) },
    ],
  ];
  for (const [linkNumber, changed] of cards) {
    const card: Card = { ...before, linkNumber, ...(changed ? { changed } : {}) };
    await assert.rejects(
      signCardBy(v.room, card, (b) => by.sign(b)),
      /not a link/,
    );
  }
});

interface Insides {
  checks: { config: Config };
  standing: Standing;
  terms: Terms;
  dropped: number;
}
const insides = (u: User) => u.member as unknown as Insides;

interface Scene {
  server: Server;
  ann: User; // the host
  ben: User;
  eve: User;
}

const anns = newDevice();
const bens = newDevice();

async function scene(): Promise<Scene> {
  const server = new Server(await newMeeting());
  const ann = await server.join("ann", server.meeting, await anns, server.meeting.host);
  await server.advance(300);
  const ben = await server.join("ben", server.meeting, await bens);
  await server.advance(300);
  const eve = await server.join("eve");
  await server.advance(10_000);
  return { server, ann, ben, eve };
}

/** What they know who come by a link. */
const by = (m: Meeting, { keys, card, cardHash }: NextLink): Meeting => ({
  ...m,
  keys,
  card,
  cardHash,
});

async function change({ server, ann }: Scene): Promise<NextLink> {
  await ann.member.moderation.changeLink();
  await server.advance(2_000);
  const next = ann.links.at(-1);
  assert(next, "the link has changed");
  return next;
}

test("relink: who was removed hears nothing of it, and by the old link nobody comes", async () => {
  const s = await scene();
  const { server, ann, ben, eve } = s;
  await ben.member.moderation.changeLink();
  await server.advance(2_000);
  assert.equal(server.relinks.length, 0, "ben is not the host");
  await ann.member.moderation.setPolicy(true, false);
  await server.advance(1_000);
  const guest = await server.join("guest");
  await server.advance(1_000);
  assert.equal(ann.waiting.length, 1);
  ann.filterIn = (m) => (m.type === "left" && m.session === "guest" ? null : m); // she is not told that he is gone
  void ann.member.moderation.remove("eve");
  const next = await change(s);
  assert.deepEqual(ben.sees, ["ann", "ben"]);
  assert.equal(server.relinks.length, 1);
  assert(await relinkHolds(server.meeting.room, server.meeting.card.hostKey, server.relinks[0]!));
  assert.equal(hex(ben.links[0]!.secret), hex(next.secret));
  assert.equal(eve.links.length + insides(eve).terms.announced.length, 0);
  assert(!server.users.has("guest") && guest.epochs.length === 0);
  assert.equal(ann.waiting.length, 0);
  // Who has the new link waits like anybody, and takes those for members who came by the old one.
  const meeting = by(server.meeting, next);
  const cay = await server.join("cay", meeting);
  const old = await server.join("old");
  await server.advance(1_000);
  assert.deepEqual(
    ann.waiting.map((w) => w.info.session),
    ["cay"],
  );
  await ann.member.moderation.admit(ann.waiting.map((w) => w.ask));
  await server.advance(5_000);
  assert.equal(cay.base, ann.base);
  assert.equal(cay.policy.number, ann.policy.number);
  assert.equal(old.epochs.length, 0);
  // A reload by the new link needs no word of the host.
  server.leave("ben");
  const again = await server.join("again", meeting, await bens);
  await server.advance(5_000);
  assert.equal(again.base, ann.base);
  assert.deepEqual(
    linksInUse(insides(ann).terms, insides(ann).standing).map((o) => o.number),
    [1, 2],
  );
  assert.equal(ann.lostCount + cay.lostCount, 0);
  await again.say("after");
  await server.advance(1_000);
  assert(ann.texts().includes("again: after") && cay.texts().includes("again: after"));
});

test("relink: what was said before it, and comes after, is read; the old keys go", async () => {
  const s = await scene();
  const { server, ann, ben, eve } = s;
  let late: (() => void) | null = null;
  ben.filterOut = (m) => {
    if (m.type !== "app") return m;
    late = () => server.take("ben", structuredClone(m));
    return null;
  };
  await ben.say("late");
  ben.filterOut = (m) => m;
  await change(s);
  assert(late, "it was said");
  (late as () => void)();
  await server.advance(100);
  assert(ann.texts().includes("ben: late") && eve.texts().includes("ben: late"));
  await server.advance(60_000);
  for (const u of [ann, ben, eve]) {
    const { sealing } = u.member as unknown as { sealing: { before: unknown } };
    assert.equal(sealing.before, null);
    assert.equal(u.base, ann.base);
  }
});

test("relink: another commit is first, and the link is handed out again", async () => {
  const s = await scene();
  const { server, ann } = s;
  let tries = 0;
  ann.filterOut = (m) => {
    if (m.type !== "commit" || !m.relink || tries++ > 0) return m;
    // It gets lost, and somebody comes meanwhile, whom ben adds.
    void server.join("between");
    return null;
  };
  await ann.member.moderation.changeLink();
  await server.advance(20_000);
  assert(tries > 1);
  assert.equal(server.relinks.length, 1);
  for (const u of server.users.values()) {
    assert.equal(u.base, ann.base);
    assert.equal(u.links.length, 1);
  }
  assert.deepEqual(ann.sees, ["ann", "ben", "between", "eve"]);
});

test("relink: who has heard of a link that came to nothing, and is removed then, does not have the next", async () => {
  const s = await scene();
  const { server, ann, eve } = s;
  let heard = "";
  ann.filterOut = (m) => {
    if (m.type !== "commit" || !m.relink || heard) return m;
    heard = hex(m.relink.tokenHash.slice());
    void ann.member.moderation.remove("eve");
    void server.join("between"); // whom ben adds
    return null;
  };
  await ann.member.moderation.changeLink();
  await server.advance(20_000);
  assert(heard && !ann.sees.includes("eve"));
  assert.equal(server.relinks.length, 1);
  assert.notEqual(hex(server.relinks[0]!.tokenHash.slice()), heard);
  assert.equal(
    insides(eve).terms.announced.some((n) => hex(n.order.tokenHash.slice()) !== heard),
    false,
  );
  assert.equal(insides(ann).terms.announced.length, 0);
});

test("relink: whom the host removes while the change is on its way does not have the link in the end", async () => {
  const s = await scene();
  const { server, ann, eve } = s;
  const late: GroupOut[] = [];
  ann.filterOut = (m) => {
    if (m.type !== "commit" || !m.relink || late.length > 0) return m;
    late.push(m);
    return null; // the server takes its time
  };
  await ann.member.moderation.changeLink();
  await server.advance(1_000);
  assert.equal(late.length, 1);
  await ann.member.moderation.remove("eve");
  await ann.member.moderation.changeLink();
  ann.send(late[0]!);
  await server.advance(20_000);
  assert.equal(ann.links.length, 2);
  assert(!ann.sees.includes("eve"));
  const last = hex(ann.links[1]!.cardHash);
  assert.equal(hex(s.ben.links[1]!.cardHash), last);
  assert(!eve.links.some((n) => hex(n.cardHash) === last));
});

test("relink: while a leaf is in the tree whose session is gone, nothing is said of it", async () => {
  const s = await scene();
  const { server, ann } = s;
  let said = 0;
  ann.filterOut = (m) => {
    if (m.type === "commit" && m.relink) {
      said++;
      assert(!ann.sees.includes("eve"), "her leaf is still there");
    }
    return m;
  };
  server.leave("eve");
  void ann.member.moderation.changeLink();
  await server.advance(20_000);
  assert.equal(said, 1);
  assert.equal(ann.links.length, 1);
});

test("relink: two pages of the host change it at once, and one link comes of it", async () => {
  const s = await scene();
  const { server, ann, ben } = s;
  const window = await server.join("window", server.meeting, await anns, server.meeting.host);
  await server.advance(10_000);
  void ann.member.moderation.changeLink();
  void window.member.moderation.changeLink();
  await server.advance(20_000);
  assert.equal(server.relinks.length, 1);
  for (const u of [ben, window]) {
    assert.equal(u.base, ann.base);
    assert.equal(hex(u.links[0]!.cardHash), hex(ann.links[0]!.cardHash));
  }
});

test("relink: while people are in by as many links as a card can name, it stays, and the host hears it", async () => {
  const s = await scene();
  const { server, ann } = s;
  const { terms, standing } = insides(ann);
  const { changing } = ann.member as unknown as { changing: Changing };
  const { card } = terms;
  const admission = new Uint8Array(32);
  const older = Array.from({ length: MAX_OLD_LINKS }, (_, i) => ({ number: i + 1, admission }));
  const changed: Changed = { tokenHash: random(32), older };
  terms.card = { ...card, linkNumber: MAX_OLD_LINKS + 1, changed };
  // One has come by each of them.
  const [info] = standing.infos.values();
  const came = older.map((o) => [o.number, { ...info!, link: o.number }] as const);
  const make = changing.make.bind(changing);
  changing.make = (now) => make({ ...now, infos: new Map(came) });
  const { epochNow } = ann;
  await ann.member.moderation.changeLink();
  await server.advance(5_000);
  assert.equal(ann.linkStayed, 1);
  assert.equal(server.relinks.length, 0);
  assert.equal(ann.epochNow, epochNow);
  // Who came by the first is gone: the order goes out.
  changing.make = (now) => make({ ...now, infos: new Map(came.slice(1)) });
  await ann.member.moderation.changeLink();
  await server.advance(5_000);
  assert.equal(ann.linkStayed, 1);
  assert.equal(server.relinks.length, 1);
});

test("relink: a link that a member makes up is announced to nobody", async () => {
  const { server, ann, eve } = await scene();
  const his = await makeNext(
    server.meeting.room,
    server.meeting.card,
    random(32),
    [],
    await newDevice(),
  );
  const { dropped } = ann.member;
  await eve.member.say(sayNext(his));
  await server.advance(1_000);
  assert.equal(insides(ann).terms.announced.length, 0);
  assert.equal(ann.member.dropped, dropped + 1);
});

test("relink: a commit that changes more than the link, or not by the rules, is refused", async () => {
  const s = await scene();
  const { ben } = s;
  const { checks, terms } = insides(ben);
  const { config } = checks;
  const check = config.checkCommit!;
  let seen: { c: CommitInfo; terms: Terms; standing: Standing } | undefined;
  config.checkCommit = (c) => {
    if (terms.announced.length > 0)
      seen ??= { c, terms: { ...terms }, standing: insides(ben).standing };
    return check(c);
  };
  await change(s);
  assert(seen, "ben has checked the commit");
  const { c, terms: then, standing } = seen;
  assert((await checkCommit(then, c, standing)).link);
  const psk = (id: Bytes) =>
    c.proposals.map((p) =>
      p.proposal.type === PROPOSAL.psk && p.proposal.psk.type === 1
        ? { ...p, proposal: { ...p.proposal, psk: { ...p.proposal.psk, id } } }
        : p,
    );
  const context = c.proposals.filter((p) => p.proposal.type === PROPOSAL.groupContextExtensions);
  const bare = psk(linkPskId(2)).map((p) =>
    p.proposal.type === PROPOSAL.groupContextExtensions
      ? { ...p, proposal: { ...p.proposal, extensions: p.proposal.extensions.slice(0, 1) } }
      : p,
  );
  const mod = await newDevice();
  const { policy, groupId } = standing;
  const { host } = s.server.meeting;
  const seenGrants = [policy.grant];
  const grant = await makeGrant(then.room, seenGrants, empty, [mod.publicKey], host);
  const next = { ...policy, number: policy.number + 1, grant };
  const data = await signPolicy(authority(then, groupId), next, mod);
  const byModerator = c.proposals.map((p) =>
    p.proposal.type === PROPOSAL.groupContextExtensions
      ? {
          ...p,
          proposal: {
            ...p.proposal,
            extensions: [p.proposal.extensions[0]!, { type: POLICY_EXTENSION, data }],
          },
        }
      : p,
  );
  const cases: [string, CommitInfo, Terms, RegExp][] = [
    ["a moderator's", { ...c, proposals: byModerator }, then, /not of the host's signing/],
    ["it adds", { ...c, added: [0] }, then, /and who is in/],
    ["it removes", { ...c, removed: [1], hasPath: true }, then, /and who is in/],
    ["no PSK", { ...c, proposals: context }, then, /lacks the link's PSK/],
    ["the PSK of before", { ...c, proposals: psk(linkPskId(1)) }, then, /lacks the link's PSK/],
    ["not announced", c, { ...then, announced: [] }, /lacks the link's PSK/],
    ["no policy", { ...c, proposals: bare }, then, /older than the one/],
  ];
  for (const [name, info, terms, why] of cases)
    await assert.rejects(checkCommit(terms, info, standing), why, name);
  const latest = { ...standing, policy: insides(ben).standing.policy };
  await assert.rejects(checkCommit(then, c, latest), /older/, "the policy is not another");
});

test("relink: who finds a mark that the old link sealed begins no meeting without the host", async () => {
  const s = await scene();
  const { server } = s;
  await s.ann.member.moderation.setPolicy(true, false);
  await server.advance(1_000);
  const { mark } = server;
  const next = await change(s);
  for (const session of [...server.users.keys()]) server.leave(session);
  server.mark = mark;
  const guest = await server.join("guest", by(server.meeting, next));
  await server.advance(10_000);
  assert.equal(guest.phaseNow, "hostless");
  assert(!server.founded);
  assert.equal(hex(await sha256(next.keys.token)), hex(next.order.tokenHash));
});
