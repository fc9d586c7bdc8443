/** What a group does when everybody keeps the rules, and what it lets its user refuse. */
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import test from "node:test";
import {
  add,
  founder,
  groupOf,
  inside,
  keyPackage,
  remove,
  signAgain,
  suite,
} from "../../../test/mls";
import { type Bytes, empty, eq } from "./codec";
import type { CommitInfo, Config } from "./epoch";
import { type Committed, Group } from "./group";
import { CONTENT, decodeMessage, encodeMessage, forgetKeyPackage, type Message } from "./types";

const text = new TextEncoder();
const base = (g: Group): Bytes => g.export("SFrame 1.0 Base Key", empty, 16);

/** Over the wire. */
const sent = (m: Message): Message => decodeMessage(encodeMessage(m));

function agree(...groups: Group[]): void {
  for (const g of groups) {
    strictEqual(g.epoch, groups[0]!.epoch);
    deepStrictEqual(g.epochAuthenticator, groups[0]!.epochAuthenticator);
    deepStrictEqual(g.confirmedTranscriptHash, groups[0]!.confirmedTranscriptHash);
    deepStrictEqual(base(g), base(groups[0]!));
    deepStrictEqual(g.tree.marshal(), groups[0]!.tree.marshal());
  }
}

async function follow(g: Group, c: Committed): Promise<Group> {
  const { next } = await g.process(sent(c.commit));
  ok(next);
  g.retire();
  return next;
}

async function welcomed(c: Committed, config: Config, own: Awaited<ReturnType<typeof keyPackage>>) {
  strictEqual(c.welcome?.wire, 3);
  const m = sent(c.welcome!);
  return m.wire === 3 ? Group.join(config, m.welcome, own, c.tree) : Promise.reject();
}

test("members follow adds, updates and removes, in public and in private", async () => {
  let [a, b, c] = (await groupOf(3)) as [Group, Group, Group];
  agree(a, b, c);
  for (const asPublic of [true, false]) {
    const own = await keyPackage("new");
    const made = await b.commit({ proposals: [add(own)], public: asPublic, forcePath: true });
    const d = await welcomed({ ...made, tree: empty }, {}, own); // the tree is in the Welcome
    [a, b, c] = [await follow(a, made), made.next, await follow(c, made)];
    agree(a, b, c, d);
    const update = await d.commit({ public: asPublic });
    [a, b, c] = [await follow(a, update), await follow(b, update), await follow(c, update)];
    agree(a, b, c, update.next);
    const gone = await a.commit({ proposals: [remove(update.next.me)], public: asPublic });
    const ev = await update.next.process(sent(gone.commit));
    deepStrictEqual([ev.removed, ev.next, ev.hasPath], [[update.next.me], undefined, true]);
    [a, b, c] = [gone.next, await follow(b, gone), await follow(c, gone)];
    agree(a, b, c);
    notDeepStrictEqual(base(a), base(update.next));
  }
  deepStrictEqual(
    a.members().map((m) => m.index),
    [0, 1, 2],
  );
});

test("a Welcome without the tree needs it by another way", async () => {
  const g = await founder();
  const own = await keyPackage("new");
  const made = await g.commit({ proposals: [add(own)], noTree: true });
  await rejects(welcomed({ ...made, tree: empty }, {}, own), /too short/);
  ok(own.initPriv.some((x) => x !== 0));
  agree(made.next, await welcomed(made, {}, own));
  ok(own.initPriv.every((x) => x === 0));
  ok(own.encPriv.every((x) => x === 0));
});

test("proposals by reference are committed by another", async () => {
  let [a, b, c] = (await groupOf(3)) as [Group, Group, Group];
  const before = b.tree.leaf(1)!.encKey;
  const update = sent(await b.propose(await b.updateProposal(), true));
  const own = await keyPackage("new");
  const coming = sent(await c.propose(add(own)));
  for (const [g, m] of [
    [a, update],
    [c, update],
    [a, coming],
    [b, coming],
  ] as const) {
    strictEqual((await g.process(m)).kind, CONTENT.proposal);
  }
  const made = await a.commit();
  const ev = await b.process(sent(made.commit));
  deepStrictEqual(
    ev.proposals.map((p) => p.type),
    [2, 1],
  );
  const d = await welcomed(made, {}, own);
  [a, b, c] = [made.next, ev.next!, await follow(c, made)];
  agree(a, b, c, d);
  notDeepStrictEqual(b.tree.leaf(1)!.encKey, before);
  // Its new key works.
  const after = await d.commit();
  agree(after.next, await follow(b, after));
});

test("a commit is staged: the old group goes on until the next is taken", async () => {
  let [a, b] = (await groupOf(2)) as [Group, Group];
  const lost = await a.commit({ forcePath: true });
  const won = await b.commit({ forcePath: true });
  deepStrictEqual(base(a), base(b));
  const said = await b.process(sent(await a.encrypt(text.encode("still here"))));
  deepStrictEqual(said.application, text.encode("still here"));
  lost.next.discard();
  a = await follow(a, won);
  b = won.next;
  agree(a, b);
});

test("the profile above refuses a commit before it takes effect", async () => {
  const seen: CommitInfo[] = [];
  let refuse = false;
  const config: Config = {
    checkCommit(info) {
      seen.push(info);
      if (refuse) throw new Error("not like this");
    },
  };
  const [a, b, c] = (await groupOf(3, config)) as [Group, Group, Group];
  seen.length = 0;
  const bad = await a.commit({ proposals: [remove(2)], public: true, aad: text.encode("why") });
  refuse = true;
  await rejects(b.process(sent(bad.commit)), /not like this/);
  await rejects(a.commit({ forcePath: true }), /not like this/);
  await rejects(c.process(sent(bad.commit)), /not like this/, "its own removal, too");
  const info = seen[1]!;
  deepStrictEqual(
    [info.epoch, info.sender.index, info.removed, info.added, info.hasPath],
    [1n, 0, [2], [], true],
  );
  deepStrictEqual(info.aad, text.encode("why"));
  strictEqual(info.before.leaf(2)!.sigKey.length, 32);
  strictEqual(info.tree.leaf(2), undefined);
  deepStrictEqual(info.committer, info.tree.leaf(0));
  refuse = false;
  strictEqual(b.epoch, 1n);
  const good = await b.commit({ forcePath: true });
  agree(good.next, await follow(a, good), await follow(c, good));
});

test("PSKs are mixed in, and must be known", async () => {
  const id = text.encode("link-1");
  const psk = new Uint8Array(32).fill(5);
  const config: Config = { psk: (p) => (eq(p.id, id) ? psk : undefined) };
  const wrong: Config = { psk: () => new Uint8Array(32) };
  const g = await founder(config);
  const own = await keyPackage("new");
  const other = await keyPackage("other");
  const proposals = [g.externalPSK(id), add(own), add(other)];
  const made = await g.commit({ proposals });
  await rejects(welcomed(made, {}, other), /unknown PSK/);
  await rejects(welcomed(made, wrong, other));
  const b = await welcomed(made, config, own);
  agree(made.next, b);
  deepStrictEqual(psk, new Uint8Array(32).fill(5), "the owner's PSK stays");
  await rejects(b.commit({ proposals: [b.externalPSK(text.encode("else"))] }), /unknown PSK/);
  const next = await b.commit({ proposals: [b.externalPSK(id)] });
  strictEqual(next.commit.wire, 2);
  agree(next.next, await follow(made.next, next));
});

test("application messages: padding, authenticated data, order, replay, lateness", async () => {
  const [a, b] = (await groupOf(2, { pad: 256 })) as [Group, Group];
  const sizes = new Set<number>();
  const messages: Message[] = [];
  for (const n of [0, 1, 100]) {
    const m = await a.encrypt(new Uint8Array(n).fill(n), text.encode("aad"));
    if (m.wire === 2) sizes.add(m.private.ciphertext.length);
    messages.push(sent(m));
  }
  deepStrictEqual([...sizes], [256 + 16]);
  const last = await b.process(messages[2]!);
  deepStrictEqual([last.sender.index, last.application!.length], [0, 100]);
  deepStrictEqual(last.aad, text.encode("aad"));
  strictEqual((await b.process(messages[0]!)).application!.length, 0);
  for (const i of [0, 2]) await rejects(b.process(messages[i]!), /used already/);
  await rejects(a.process(messages[1]!), /used already/, "our own");
  // Two epochs later it can still be read; five epochs later not.
  let [x, y] = [a, b];
  const late = sent(await a.encrypt(text.encode("late")));
  for (let i = 1; i <= 5; i++) {
    const made = await x.commit({ forcePath: true });
    y = await follow(y, made);
    x.retire();
    x = made.next;
    if (i === 2) deepStrictEqual((await y.process(messages[1]!)).application!.length, 1);
  }
  await rejects(y.process(late), /another group or epoch/);
});

test("external commits join, and replace a leaf of one's own", async () => {
  let [a, b] = (await groupOf(2)) as [Group, Group];
  const info = sent({ wire: 4, groupInfo: await b.groupInfo(true, true) });
  ok(info.wire === 4);
  const own = await keyPackage("outside");
  const joined = await Group.externalJoin({}, info.groupInfo, own, { removeLeaf: 1 });
  const ev = await a.process(sent(joined.commit));
  deepStrictEqual([ev.sender.index, ev.added, ev.removed], [1, [1], [1]]);
  a = ev.next!;
  agree(a, joined.next);
  strictEqual((await b.process(sent(joined.commit))).next, undefined);
  b = joined.next;
  const made = await a.commit({ forcePath: true });
  agree(made.next, await follow(b, made));
  const closed = await a.groupInfo(false, true);
  await rejects(Group.externalJoin({}, closed, await keyPackage("x")), /no external commits/);
});

test("a path that ends below the root", async () => {
  // Leaves 0 and 1 are gone: the left half is blank, and the path of leaf 2 has one node.
  let [, , c, d, e] = (await groupOf(5)) as [Group, Group, Group, Group, Group];
  const gone = await c.commit({ proposals: [remove(0), remove(1), remove(4)] });
  [c, d] = [gone.next, await follow(d, gone)];
  deepStrictEqual((await e.process(sent(gone.commit))).next, undefined);
  strictEqual(c.tree.filteredPath(2).length, 1);
  const made = await d.commit();
  agree(made.next, await follow(c, made));
});

test("what unknown values a client lists, or adds to what it may, does no harm", async () => {
  const grease = [0x0a0a, 0x1a1a, 0xeaea];
  const own = await keyPackage("greasy", (l) => {
    l.caps.versions.push(0x3a3a);
    l.caps.suites.push(...grease);
    l.caps.extensions.push(...grease);
    l.caps.proposals.push(...grease);
    l.caps.credentials.push(...grease);
    l.extensions.push({ type: 0x1a1a, data: text.encode("noise") });
  });
  own.kp.extensions.push({ type: 0x2a2a, data: text.encode("noise") });
  await signAgain(own);
  const g = await founder();
  const made = await g.commit({ proposals: [add(own)] });
  agree(made.next, await welcomed(made, {}, own));
});

test("secrets are gone after retire, discard, destroy and forget", async () => {
  const zero = (b: Uint8Array): boolean => b.every((x) => x === 0);
  const [a] = (await groupOf(2)) as [Group];
  const made = await a.commit({ forcePath: true });
  const { secrets: s, base: kept } = inside(a);
  ok(zero(s.joiner) && zero(s.welcome) && zero(s.confirmation));
  a.retire();
  for (const x of [s.init, s.exporter, s.external, s.membership, s.authenticator]) ok(zero(x));
  for (const x of kept.keys.values()) ok(zero(x));
  ok(!zero(s.senderData), "late messages need it");
  const staged = await made.next.commit({ forcePath: true });
  const inner = inside(staged.next);
  staged.next.discard();
  ok(zero(inner.secrets.init) && zero(inner.secrets.senderData) && zero(inner.secrets.resumption));
  for (const x of inner.base.keys.values()) ok(zero(x));
  ok(!zero(inside(made.next).secrets.init), "the group that staged it stays whole");
  await made.next.commit({ forcePath: true });
  made.next.destroy();
  ok(zero(inside(made.next).secrets.exporter) && zero(s.senderData));
  await rejects(made.next.encrypt(text.encode("x")), /destroyed/);
  const own = await keyPackage("unused");
  forgetKeyPackage(own);
  ok(zero(own.initPriv) && zero(own.encPriv));
});

test("forget destroys what was kept of past epochs, and nothing else", async () => {
  const zero = (b: Uint8Array): boolean => b.every((x) => x === 0);
  const [a, b] = (await groupOf(2)) as [Group, Group];
  const late = await b.encrypt(text.encode("late"));
  const first = inside(a).secrets;
  const one = await a.commit({ forcePath: true });
  a.retire();
  const second = inside(one.next).secrets;
  const two = await one.next.commit({ forcePath: true });
  one.next.retire();
  const g = two.next;
  deepStrictEqual((await g.process(late)).application, text.encode("late"));
  const later = await b.encrypt(text.encode("later"));
  g.forget(a.epoch);
  ok(zero(first.senderData) && zero(first.resumption));
  ok(!zero(second.senderData) && !zero(second.resumption));
  await rejects(g.process(later), /epoch/);
  g.forget(g.epoch - 1n);
  ok(zero(second.senderData) && zero(second.resumption));
  strictEqual(inside(g).base.past.size, 0);
  ok(!zero(inside(g).secrets.senderData) && !zero(inside(g).secrets.exporter));
  await g.encrypt(text.encode("x"));
});

test("the signing key cannot be read out", async () => {
  const { priv } = await suite.generateSigner();
  strictEqual(priv.extractable, false);
  await rejects(globalThis.crypto.subtle.exportKey("pkcs8", priv));
});
