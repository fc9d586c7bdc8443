/** Heartbeats: what Go signed, and who is told of whom. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BEAT_SIZE, historyOf, parseBeat, signBeat, signedBeat } from "./beat";
import { type Bytes, cat, hex, unhex } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { newDevice, newMeeting, Server } from "./fakeserver";
import type { GroupIn } from "./protocol";
import { beatInterval, Pulse } from "./pulse";

const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/beat.json`, "utf8")) as Record<
  "room" | "groupId" | "transcript" | "history" | "member" | "deviceSeed" | "device" | "beat",
  string
> & { epoch: number; number: number };

test("beat: what Go signed is read, and made the same", async () => {
  assert.equal(hex(historyOf(unhex(v.groupId), v.epoch, unhex(v.transcript))), v.history);
  const b = parseBeat(unhex(v.beat));
  assert.deepEqual([hex(b.member), b.number, b.epoch], [v.member, v.number, v.epoch]);
  assert.equal(hex(b.history), v.history);
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(v.deviceSeed)); // RFC 8410 §7
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const sign = async (s: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, s));
  assert.equal(hex(await signBeat(v.room, b, { publicKey: unhex(v.device), sign })), v.beat);
});

test("beat: one that is altered, or of another room or device, does not hold", async () => {
  const good = unhex(v.beat);
  const device = unhex(v.device);
  assert(await signedBeat(v.room, good, device));
  assert(!(await signedBeat("another", good, device)));
  for (const at of [1, 20, 24, 60, BEAT_SIZE - 1]) {
    const bad = good.map((x, i) => (i === at ? x ^ 1 : x));
    assert(!(await signedBeat(v.room, bad, device)), `byte ${at}`);
  }
  assert.throws(() => parseBeat(good.slice(1)), /size/);
  assert.throws(() => parseBeat(cat(Uint8Array.of(2), good.slice(1))), /version/);
});

test("pulse: what agrees, and with what", () => {
  const history = (n: number) => new Uint8Array(32).fill(n);
  const limit = 3 * beatInterval(2);
  const here = new Map([
    ["me", false],
    ["other", false],
  ]);
  const members = new Map([
    ["aa", "me"],
    ["bb", "other"],
  ]);
  const cases: [string, number, number, number, boolean, boolean][] = [
    // epoch, history, ms until it is heard; whether apart then, and for as long after that as one may be silent
    ["of the epoch", 5, 5, limit, false, false],
    ["of the one before", 4, 4, limit, false, false],
    ["of the one before, late", 4, 4, limit + 1, true, true],
    ["of an epoch that has not come", 6, 6, limit, false, true],
    ["of another history", 5, 9, 0, true, true],
    ["of another history in an epoch past", 4, 9, 0, true, true],
  ];
  for (const [name, epoch, h, after, now, later] of cases) {
    const p = new Pulse();
    const member = unhex("bb");
    p.entered(4, history(4), members, 0);
    p.heard({ member, number: 1, epoch: 4, history: history(4) }, 0);
    p.entered(5, history(5), members, 0);
    const b = { member, number: 2, epoch, history: history(h) };
    assert(p.fresh(b) && !p.fresh({ ...b, number: 1 }) && !p.fresh({ ...b, member: unhex("cc") }));
    p.heard(b, after);
    assert.equal(p.apart("aa", here, after).length > 0, now, name);
    assert.equal(p.apart("aa", here, after + limit).length > 0, later, `${name}, later`);
  }
  const p = new Pulse();
  p.entered(1, history(1), members, 0);
  assert.deepEqual(p.apart("aa", here, limit), []);
  assert.deepEqual(p.apart("aa", here, limit + 1), ["other"]);
  here.set("other", true); // away, says the server
  assert.deepEqual(p.apart("aa", here, limit + 30_000), []);
  assert.deepEqual(p.apart("aa", here, limit + 30_001), ["other"]);
  assert.equal(beatInterval(500), 100_000);
});

test("beats: on an honest server nobody is told of anybody; who is withheld, or was led elsewhere, is", async () => {
  const server = new Server(await newMeeting());
  server.relay = true;
  const ann = await server.join("ann");
  await server.advance(300);
  const ben = await server.join("ben");
  const cleo = await server.join("cleo");
  for (let i = 0; i < 12; i++) {
    await server.advance(10_000);
    for (const u of [ann, ben, cleo]) assert.deepEqual(u.apartNow, [], u.session);
  }
  assert(server.beats > 20 && server.beats < 60, `${server.beats} beats in two minutes`);
  ann.filterIn = (m: GroupIn) => (m.type === "beat_of" && m.from === "ben" ? null : m);
  await server.advance(60_000);
  assert.deepEqual([ann.apartNow, cleo.apartNow], [["ben"], []]);
  let last = new Uint8Array(0);
  ann.filterIn = (m) => {
    if (m.type === "beat_of" && m.from === "ben") last = m.body.slice();
    return m;
  };
  await server.advance(20_000);
  assert.deepEqual(ann.apartNow, []);
  // Who has the link and is not ben does not speak for him, and nothing is heard twice.
  const { keys, room } = server.meeting;
  const place = { room, type: envelopeType.beat, generation: 1, epoch: 0 };
  const old = await openEnvelope(keys.envelope, place, last);
  const lie = { ...parseBeat(old), number: 99, history: new Uint8Array(32) };
  const forged = await signBeat(room, lie, await newDevice());
  for (const body of [last, await sealEnvelope(keys.envelope, place, forged), old]) {
    const before = ann.member.dropped;
    server.deliver("ann", { type: "beat_of", generation: 1, from: "ben", body });
    await server.settle();
    assert.equal(ann.member.dropped, before + 1);
    assert.deepEqual(ann.apartNow, []);
  }
  // A commit that only ben is not shown: the group goes on without him.
  ben.filterIn = (m) => (m.type === "committed" || m.type === "arrived" ? null : m);
  await server.join("dora");
  await server.advance(90_000);
  assert.deepEqual(ann.apartNow, ["ben"]);
  assert.deepEqual(ben.apartNow, ["ann", "cleo"]);
  const { dropped } = ann.member;
  server.deliver("ann", { type: "beat_of", generation: 1, from: "ben", body: new Uint8Array(200) });
  await server.advance(100);
  assert.equal(ann.member.dropped, dropped + 1);
});
