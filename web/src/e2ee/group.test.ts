import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "./bytes";
import { newDevice, newMeeting, Server, type User } from "./fakeserver";
import type { GroupOut } from "./protocol";

const names = ["ann", "ben", "cat", "dan", "eve", "fay", "gus", "hal"];

/** A meeting in which these have joined, one after the other. */
async function meet(...sessions: string[]): Promise<{ server: Server; users: User[] }> {
  const server = new Server(await newMeeting());
  const users: User[] = [];
  for (const s of sessions) {
    users.push(await server.join(s));
    await server.advance(300);
  }
  return { server, users };
}

/** All of them, and nobody else, share an epoch and its frame key. */
function together(users: readonly User[]): void {
  const want = users.map((u) => u.session).sort();
  for (const u of users) {
    assert.equal(u.phaseNow, "member", `${u.session} is ${u.phaseNow}`);
    assert.deepEqual(u.sees, want, `what ${u.session} sees`);
    assert.equal(u.base, users[0]!.base, `${u.session}'s key`);
  }
}

/** Nobody of these has had one of those keys. */
function strangers(u: User, to: readonly User[]): void {
  const now = to[0]!.base;
  assert(!u.bases.includes(now!), `${u.session} has the key`);
}

test("the first founds, the second is added at once, both have one key", async () => {
  const server = new Server(await newMeeting());
  const ann = await server.join("ann");
  await server.settle();
  together([ann]);
  const ben = await server.join("ben");
  await server.advance(0); // no spacing in a fresh group
  together([ann, ben]);
  assert.equal(ann.epochNow, 1);
  const cat = await server.join("cat");
  await server.advance(249);
  assert.equal(cat.phaseNow, "asking");
  await server.advance(1);
  together([ann, ben, cat]);
  await server.advance(60_000);
  const dan = await server.join("dan");
  await server.advance(0); // it was quiet: no waiting
  together([ann, ben, cat, dan]);
});

test("eight who come at once, two of whom found", async () => {
  const server = new Server(await newMeeting());
  const users = await Promise.all(names.map((n) => server.join(n)));
  await server.advance(1_000);
  together(users);
  assert(server.epoch <= 4, `${server.epoch} epochs for one batch`);
  assert(users.every((u) => u.lostCount === 0));
});

test("each epoch has its own key, and every one of it", async () => {
  const { server, users } = await meet("ann", "ben", "cat", "dan");
  await server.advance(30_000);
  together(users);
  for (const u of users) assert.equal(new Set(u.bases).size, u.bases.length);
});

test("chat goes around, padded, and comes back to who said it", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  await ann.say("Guten Tag");
  await ben.member.say({ kind: "state", mic: true, camera: false, screen: false });
  await server.settle();
  for (const u of [ben, cat]) assert.deepEqual(u.texts(), ["ann: Guten Tag", "ben: state"]);
  assert.deepEqual(ann.texts(), ["ann: Guten Tag", "ben: state"]);
  assert.deepEqual(
    ann.heard.map((h) => h.self),
    [true, false],
  );
  const sizes = server.seen.flatMap(({ m }) => (m.type === "app" ? m.body.length : []));
  assert.equal(sizes[0], sizes[1], "sizes tell what was said");
});

test("who leaves is removed, and has none of the later keys", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  server.leave("cat");
  await server.advance(300);
  together([ann, ben]);
  strangers(cat, [ann]);
  assert(ann.epochs.at(-1)!.removed);
});

test("when the committer leaves, the next in rank removes it, at once", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  await server.advance(60_000);
  server.leave("ann");
  await server.advance(0);
  together([ben, cat]);
  strangers(ann, [ben]);
});

test("a silent committer is stepped in for after 750 ms", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  await server.advance(60_000);
  users[0]!.filterOut = (m) => (m.type === "commit" ? null : m);
  const dan = await server.join("dan");
  await server.advance(749);
  assert.equal(dan.phaseNow, "asking");
  await server.advance(1);
  together([...users, dan]);
});

test("a committer that is away is passed over", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  await server.advance(60_000);
  server.away("ann", true);
  users[0]!.filterOut = () => null;
  const dan = await server.join("dan");
  await server.advance(0);
  together([...users, dan]);
});

test("of two commits for an epoch the first wins, and the loser follows", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  await server.advance(60_000);
  let late: GroupOut | null = null;
  ann.filterOut = (m) => {
    if (m.type !== "commit" || late) return m;
    late = m;
    return null;
  };
  const dan = await server.join("dan");
  await server.advance(750);
  assert(late, "ann did not commit");
  assert.equal(dan.phaseNow, "member", "ben has stepped in");
  server.take("ann", late);
  assert.equal(
    server.seen.filter(
      ({ m }) => m.type === "commit" && m.epoch === (late as GroupOut & { epoch: number }).epoch,
    ).length,
    2,
  );
  await server.settle();
  together([ann, ben, cat, dan]);
  server.leave("cat");
  await server.advance(2_000);
  together([ann, ben, dan]);
  assert([ann, ben, dan].every((u) => u.lostCount === 0));
});

test("a refusal that comes when the next commit is under way does not touch that one", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const ann = users[0]!;
  await server.advance(60_000);
  let lost = false;
  ann.filterOut = (m) => {
    if (m.type !== "commit" || lost) return m;
    lost = true;
    return null;
  };
  const dan = await server.join("dan");
  await server.advance(750);
  assert.equal(dan.phaseNow, "member", "ben has stepped in");
  const { epoch } = server;
  ann.filterOut = (m) => {
    // The server has seen the first one just before this one.
    if (m.type === "commit") {
      server.deliver("ann", { type: "commit_refused", generation: 1, epoch });
      ann.filterOut = (x) => x;
    }
    return m;
  };
  const eve = await server.join("eve");
  await server.advance(2_000);
  assert(lost);
  together([...users, dan, eve]);
  assert.equal(ann.lostCount, 0);
});

test("a commit that never arrives is made again", async () => {
  const { server, users } = await meet("ann");
  const ann = users[0]!;
  let lose = 1;
  ann.filterOut = (m) => (m.type === "commit" && lose-- > 0 ? null : m);
  const ben = await server.join("ben");
  await server.advance(4_999);
  assert.equal(ben.phaseNow, "asking");
  await server.advance(1_000);
  together([ann, ben]);
  assert.equal(ann.lostCount, 0);
});

test("lost messages are asked for and read in order", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  let lose = 2;
  cat.filterIn = (m) => ((m.type === "said" || m.type === "committed") && lose-- > 0 ? null : m);
  await ann.say("one");
  await ben.say("two");
  const dan = await server.join("dan");
  await server.advance(500);
  await ann.say("three");
  await server.settle();
  assert.deepEqual(cat.texts(), ["ann: one", "ben: two", "ann: three"]);
  assert.equal(server.seen.filter(({ from, m }) => from === "cat" && m.type === "since").length, 1);
  together([ann, ben, cat, dan]);
  assert.equal(cat.lostCount, 0);
});

test("a log that cannot be repeated makes it start over", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const cat = users[2]!;
  let lose = 1;
  cat.filterIn = (m) => {
    if (m.type === "said" && lose-- > 0) return null;
    return m.type === "caught_up"
      ? { type: "gap", generation: m.generation }
      : m.type === "said"
        ? null
        : m;
  };
  await users[0]!.say("one");
  await server.settle();
  cat.filterIn = (m) => (m.type === "caught_up" ? { type: "gap", generation: m.generation } : m);
  await users[0]!.say("two");
  await server.advance(1_000);
  together(users);
  assert.equal(cat.lostCount, 1);
});

test("an answer that withholds entries makes it start over", async () => {
  const { server, users } = await meet("ann", "ben");
  const ben = users[1]!;
  ben.filterIn = (m) =>
    m.type === "said" && m.seq === server.log.length ? m : m.type === "said" ? null : m;
  await users[0]!.say("one");
  await users[0]!.say("two");
  await server.advance(1_000);
  together(users);
  assert.equal(ben.lostCount, 1);
});

test("after a reset those who wait found anew", async () => {
  const { server, users } = await meet("ann");
  users[0]!.filterOut = () => null; // adds nobody
  const ben = await server.join("ben");
  const cat = await server.join("cat");
  await server.advance(5_000);
  assert.equal(ben.phaseNow, "asking");
  server.leave("ann");
  await server.advance(1_000);
  together([ben, cat]);
  assert.equal(server.generation, 2);
  assert(!users[0]!.bases.some((b) => ben.bases.includes(b)));
});

test("a session that asks again gets a new leaf in place of its old one", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  const before = [...ben.infos.values()].find((i) => i.session === "ben")!.member;
  server.deliver("ben", { type: "gap", generation: 1 });
  await server.advance(1_000);
  together([ann, ben, cat]);
  const after = [...ben.infos.values()].find((i) => i.session === "ben")!.member;
  assert.notEqual(after, before);
  assert.equal(ben.lostCount, 1);
});

test("who is refused again and again waits, and tries again after a minute, or when the group begins anew", async () => {
  for (const anew of [false, true]) {
    const { server, users } = await meet("ann", "ben");
    const ben = users[1]!;
    for (let i = 0; i < 3; i++) {
      server.deliver("ben", { type: "gap", generation: 1 });
      await server.advance(1_000);
      together(users);
    }
    server.deliver("ben", { type: "gap", generation: 1 });
    await server.advance(1_000);
    assert.equal(ben.phaseNow, "stuck");
    const sent = server.seen.length;
    const benSent = () => server.seen.slice(sent).filter((s) => s.from === "ben").length;
    await server.advance(50_000);
    assert.equal(benSent(), 0);
    if (anew) {
      server.deliver("ben", { type: "reset", generation: 9 });
      await server.settle();
      assert.equal(ben.phaseNow, "founding");
    } else {
      await server.advance(10_000);
      together(users);
    }
  }
});

test("every member sends a path once, one at a time, and then it is quiet", async () => {
  const { server, users } = await meet(...names.slice(0, 5));
  await server.advance(40_000);
  together(users);
  const paths = server.seen.filter(({ m }) => m.type === "commit" && m.to.length === 0);
  assert.deepEqual(paths.map((p) => p.from).sort(), names.slice(0, 5));
  const quiet = server.seen.length;
  await server.advance(120_000);
  assert.equal(server.seen.length, quiet);
});

test("commits are spaced", async () => {
  const server = new Server(await newMeeting());
  const at: number[] = [];
  const ann = await server.join("ann");
  ann.filterOut = (m) => {
    if (m.type === "commit") at.push(server.clock.now());
    return m;
  };
  const users = [ann];
  for (const n of names.slice(1)) {
    users.push(await server.join(n));
    await server.advance(60);
  }
  await server.advance(1_000);
  together(users);
  for (let i = 2; i < at.length; i++)
    assert(at[i]! - at[i - 1]! >= 250, `${at[i]! - at[i - 1]!} ms apart`);
});

test("nonsense from the server is dropped, and harms nobody", async () => {
  const { server, users } = await meet("ann", "ben");
  const junk = crypto.getRandomValues(new Uint8Array(300));
  for (const body of [junk, new Uint8Array(0)]) {
    server.deliver("ann", { type: "asked", generation: 1, from: "ben", body });
    server.deliver("ann", { type: "asked", generation: 1, from: "nobody", body });
    server.deliver("ben", { type: "welcomed", seq: 1, generation: 1, epoch: 9, body, tree: body });
    server.deliver("ann", { type: "founded", generation: 1, by: "ben" });
    server.deliver("ann", { type: "reset", generation: 0 });
    server.deliver("ann", {
      type: "committed",
      seq: 99,
      generation: 2,
      epoch: 1,
      from: "ben",
      body,
    });
    server.deliver("ann", { type: "commit_refused", generation: 1, epoch: 0 });
  }
  await server.advance(1_000);
  await users[0]!.say("still here");
  await server.settle();
  assert.deepEqual(users[1]!.texts(), ["ann: still here"]);
  together(users);
  assert(users[0]!.member.dropped >= 2);
});

test("a said that is junk, repeated or of another place is not heard", async () => {
  const { server, users } = await meet("ann", "ben");
  const [ann, ben] = users as [User, User];
  await ann.say("once");
  await server.settle();
  const said = server.log.at(-1)!;
  for (const body of [said.body, crypto.getRandomValues(new Uint8Array(400))]) {
    for (const u of users) {
      const seq = server.log.length + 1;
      server.deliver(u.session, {
        type: "said",
        seq,
        generation: 1,
        epoch: said.epoch,
        from: "ann",
        body,
      });
    }
    server.log.push(said);
  }
  await server.settle();
  assert.deepEqual(ben.texts(), ["ann: once"]);
  assert.deepEqual(ann.texts(), ["ann: once"]);
  assert.equal(ben.lostCount, 0);
});

test("nobody with another link or another card gets in, or keeps others out", async () => {
  const { server, users } = await meet("ann", "ben");
  const { meeting } = server;
  const other = await newMeeting();
  await server.join("eve", { ...other, room: meeting.room });
  const admission = other.keys.admission;
  await server.join("mia", { ...meeting, keys: { ...meeting.keys, admission } });
  await server.join("ned", { ...meeting, cardHash: other.cardHash });
  const cat = await server.join("cat");
  await server.advance(3_000);
  for (const u of users) assert(!u.sees.includes("eve") && !u.sees.includes("mia"));
  assert.equal(cat.phaseNow, "member");
  const ned = server.users.get("ned")!;
  assert.deepEqual(ned.bases, []);
});

test("a stolen ask does not let another session in", async () => {
  const { server, users } = await meet("ann", "ben");
  let stolen: Uint8Array | null = null;
  const cat = await server.join("cat");
  await server.advance(1_000);
  for (const { m } of server.seen) if (m.type === "ask") stolen = m.body;
  server.deliver("ann", { type: "arrived", session: "spy" });
  server.deliver("ann", { type: "asked", generation: 1, from: "spy", body: stolen! });
  await server.advance(3_000);
  together([...users, cat]);
});

test("an ask that was fulfilled throws nobody out when the server repeats it", async () => {
  const { server, users } = await meet("ann", "ben");
  const { users: all } = server;
  const asked = server.seen.find((x) => x.from === "ben" && x.m.type === "ask")!.m;
  assert(asked.type === "ask");
  await server.advance(20_000);
  const epoch = users[0]!.epochNow;
  const { generation, body } = asked;
  server.deliver("ann", { type: "asked", generation, from: "ben", body });
  await server.advance(20_000);
  assert.equal(users[0]!.epochNow, epoch);
  together([...all.values()]);
});

test("what comes back to who said it counts in the epoch in which it was said", async () => {
  const { server, users } = await meet("ann", "ben");
  const [ann] = users as [User];
  await server.advance(20_000);
  ann.filterIn = (m) => (m.type === "said" ? { ...m, epoch: m.epoch - 1 } : m);
  await ann.say("where");
  await server.advance(1_000);
  assert.equal(ann.heard.length, 0);
});

test("one device in two sessions is two members with one device key", async () => {
  const server = new Server(await newMeeting());
  const device = await newDevice();
  const one = await server.join("one", server.meeting, device);
  const two = await server.join("two", server.meeting, device);
  await server.advance(500);
  together([one, two]);
  assert.equal(new Set([...one.infos.values()].map((i) => hex(i.deviceKey))).size, 1);
});

test("coming and going at random ends with all who stayed together", async () => {
  const server = new Server(await newMeeting());
  let seed = 7;
  const dice = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 16) % n;
  };
  const here = new Map<string, User>();
  const gone: User[] = [];
  for (let i = 0; i < 60; i++) {
    if (here.size < 2 || (here.size < 7 && dice(2) === 0)) {
      const name = `s${i}`;
      here.set(name, await server.join(name));
    } else {
      const name = [...here.keys()][dice(here.size)]!;
      gone.push(here.get(name)!);
      here.delete(name);
      server.leave(name);
    }
    await server.advance(dice(700));
  }
  await server.advance(30_000);
  const users = [...here.values()];
  together(users);
  for (const g of gone) strangers(g, users);
  assert(users.every((u) => u.phaseNow !== "stuck"));
});

test("what was said in an epoch is read for 10 s after its end, however quiet the meeting is", async () => {
  const { server, users } = await meet("ann", "ben");
  const [ann, ben] = users as [User, User];
  await server.advance(60_000);
  const kept: GroupOut[] = [];
  ben.filterOut = (m) => (m.type === "app" && kept.push(m) ? null : m);
  await ben.say("early");
  await ben.say("late");
  await server.join("cat");
  await server.advance(0);
  const { dropped } = ann.member;
  await server.advance(9_999);
  server.take("ben", kept[0]!);
  await server.settle();
  assert.deepEqual(ann.texts(), ["ben: early"]);
  await server.advance(1);
  server.take("ben", kept[1]!);
  await server.settle();
  assert.deepEqual(ann.texts(), ["ben: early"]);
  assert.equal(ann.member.dropped, dropped + 1);
});

test("late words of who is out are heard by nobody, those of a member are", async () => {
  const { server, users } = await meet("ann", "ben", "cat");
  const [ann, ben, cat] = users as [User, User, User];
  await server.advance(60_000);
  const kept: (GroupOut & { type: "app" })[] = [];
  for (const u of [ben, cat]) {
    u.filterOut = (m) => (m.type === "app" && kept.push(m) ? null : m);
    await u.say("late");
  }
  server.leave("cat");
  await server.advance(3_000);
  assert.deepEqual(ann.sees, ["ann", "ben"]);
  const { dropped } = ann.member;
  kept.forEach(({ epoch, body }, i) => {
    const seq = server.log.length + 1 + i;
    const from = i === 0 ? "ben" : "cat";
    server.deliver("ann", { type: "said", generation: 1, seq, epoch, from, body });
  });
  await server.settle();
  assert.deepEqual(ann.texts(), ["ben: late"]);
  assert.equal(ann.member.dropped, dropped + 1);
});

test("keys are refreshed every 5 to 10 minutes though nobody comes or goes", async () => {
  const server = new Server(await newMeeting());
  const ann = await server.join("ann");
  await server.advance(300);
  const ben = await server.join("ben");
  await server.advance(60_000);
  const before = server.epoch;
  await server.advance(180_000);
  assert.equal(server.epoch, before);
  for (let i = 0; i < 30; i++) await server.advance(60_000);
  const n = server.epoch - before;
  assert(n >= 6 && n <= 12, `${n} commits of two people in half an hour`);
  assert.equal(ann.base, ben.base);
});
