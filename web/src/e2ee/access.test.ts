import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type Authority,
  checkAdmissions,
  checkFollows,
  nextNumber,
  OPEN,
  type Policy,
  parsePolicy,
  signAdmissions,
  signPolicy,
  withholds,
} from "./access";
import { ACT, except, LISTENING, MAX_EXCEPTIONS } from "./acts";
import { type Bytes, cat, hex, random, unhex } from "./bytes";
import type { Device } from "./leaf";
import { passHolds, ROLE, signPass } from "./pass";

type Hex = Record<
  | "room"
  | "hostSeed"
  | "hostKey"
  | "groupId"
  | "moderatorSeed"
  | "grant"
  | "open"
  | "lobby"
  | "locked"
  | "moderated"
  | "full"
  | "pass"
  | "passSession"
  | "admissions",
  string
>;
const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/policy.json`, "utf8")) as Hex & {
  grantNumber: number;
  passGrant: number;
  passRole: number;
  fullExceptions: string[];
  fullWithheld: number[];
  moderatedNumber: number;
  moderators: string[];
  keyPackages: string[];
};
const a: Authority = { room: v.room, host: unhex(v.hostKey), groupId: unhex(v.groupId) };
const packages = v.keyPackages.map(unhex);

/** A signer from its seed (RFC 8410 §7). */
async function signer(seed: string, publicKey: Bytes): Promise<Device> {
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(seed));
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const sign = async (b: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, b));
  return { publicKey, sign };
}
const host = () => signer(v.hostSeed, a.host);
/** The moderator of the vectors, who signed the admissions. */
const moderator = () => signer(v.moderatorSeed, unhex(v.admissions).slice(1, 33));
const grantOf = async () => (await parsePolicy(a, unhex(v.moderated))).grant;

test("policy: what Go signed is read", async () => {
  const read = (encoded: string): Promise<Policy> => parsePolicy(a, unhex(encoded));
  assert.deepEqual(await read(v.open), { ...OPEN, number: 1 });
  assert.deepEqual(await read(v.lobby), { ...OPEN, number: 2, lobby: true });
  const locked = await read(v.locked);
  assert.deepEqual([locked.number, locked.lobby, locked.locked], [0x01020304, true, true]);
  assert.equal(locked.grant?.number, v.grantNumber);
  assert.deepEqual(locked.grant?.moderators.map(hex), v.moderators);
  assert.equal((await read(v.moderated)).number, v.moderatedNumber);
  const { grant, exceptions, ...full } = await read(v.full);
  assert.deepEqual(full, {
    number: 10,
    lobby: true,
    locked: false,
    withheld: ACT.screen | ACT.chat,
    full: 300,
    locks: 1_800_000_000_000,
    ends: 1_800_003_600_000,
    hostless: 5,
    keep: 1440,
  });
  assert.equal(grant?.number, v.grantNumber);
  assert.deepEqual(
    exceptions.map((e) => [hex(e.device), e.withheld]),
    v.fullExceptions.map((d, i) => [d, v.fullWithheld[i]]),
  );
});

test("policy: what is signed here is what Go signs", async () => {
  const by = await host();
  const grant = await grantOf();
  const open = await signPolicy(a, { ...OPEN, number: 1 }, by);
  assert.equal(hex(open), v.open);
  const locked = { ...OPEN, number: 0x01020304, lobby: true, locked: true, grant };
  assert.equal(hex(await signPolicy(a, locked, by)), v.locked);
});

test("policy: all that is in one is signed as in Go", async () => {
  const p = await parsePolicy(a, unhex(v.full));
  assert.equal(hex(await signPolicy(a, p, await moderator())), v.full);
  for (const bad of [
    { ...p, withheld: 16 },
    { ...p, exceptions: [...p.exceptions].reverse() },
    { ...p, exceptions: p.exceptions.map((e) => ({ ...e, withheld: 16 })) },
    { ...p, ends: 2 ** 53 },
  ])
    await assert.rejects(signPolicy(a, bad, await moderator()));
});

test("policy: nothing is withheld from moderators, and an exception goes before what holds for all", async () => {
  const p = { ...OPEN, withheld: ACT.screen, grant: await grantOf() };
  const ben = random(32);
  const exceptions = except(p.withheld, [], ben, LISTENING);
  assert.equal(withholds(p, ben), ACT.screen);
  assert.equal(withholds({ ...p, exceptions }, ben), LISTENING);
  assert.equal(withholds({ ...p, exceptions }, random(32)), ACT.screen);
  for (const m of [p.grant!.own, ...p.grant!.moderators]) {
    const against = except(p.withheld, [], m, LISTENING);
    assert.equal(withholds({ ...p, exceptions: against }, m), 0);
  }
  assert.deepEqual(except(p.withheld, exceptions, ben, ACT.screen), []);
  let many = exceptions;
  for (let i = 1; i < MAX_EXCEPTIONS; i++) many = except(p.withheld, many, random(32), 0);
  assert.throws(() => except(p.withheld, many, random(32), 0));
});

test("pass: the host's holds for its room, role, grant and session only", async () => {
  const p = { grant: v.passGrant, role: v.passRole, session: v.passSession };
  const good = unhex(v.pass);
  assert.equal(hex(await signPass(v.room, p, await host())), v.pass);
  assert(await passHolds(v.room, a.host, p, good));
  for (const other of [
    { ...p, grant: p.grant + 1 },
    { ...p, role: ROLE.host },
    { ...p, role: 0 },
    { ...p, session: "another" },
  ])
    assert(!(await passHolds(v.room, a.host, other, good)));
  assert(!(await passHolds("a".repeat(26), a.host, p, good)));
  assert(!(await passHolds(v.room, (await moderator()).publicKey, p, good)));
});

test("policy: a damaged one, or one of another group, room or signer, is refused", async () => {
  const good = unhex(v.moderated);
  for (let i = 0; i < good.length; i++) {
    const flipped = good.slice();
    flipped[i]! ^= 1 << (i % 8);
    await assert.rejects(parsePolicy(a, flipped), `bit of byte ${i}`);
    await assert.rejects(parsePolicy(a, good.slice(0, i)), `first ${i} bytes`);
  }
  await assert.rejects(parsePolicy(a, cat(good, Uint8Array.of(0))));
  await assert.rejects(parsePolicy({ ...a, groupId: random(42) }, good));
  await assert.rejects(parsePolicy({ ...a, room: "a".repeat(26) }, good));
  const by = await moderator();
  await assert.rejects(signPolicy(a, { ...OPEN, number: 1 }, by));
  const alone = { ...a, host: by.publicKey };
  const own = await signPolicy(alone, { ...OPEN, number: 99 }, by);
  await parsePolicy(alone, own);
  await assert.rejects(parsePolicy(a, own));
});

test("policy: numbers only rise, those of grants too", async () => {
  const grant = (await grantOf())!;
  const old: Policy = { ...OPEN, number: 5, lobby: true, locked: false, grant };
  const other = { ...grant, encoded: random(100) };
  for (const p of [
    { ...old },
    { ...old, number: 4 },
    { ...old, number: 6, grant: null },
    { ...old, number: 6, grant: { ...grant, number: grant.number - 1 } },
    { ...old, number: 6, grant: other },
    { ...old, number: 5 + 65536 + 1 },
    { ...old, number: 2 ** 32 - 1 },
  ]) {
    assert.throws(() => checkFollows(p, old));
  }
  checkFollows({ ...old, number: 6 }, old);
  checkFollows({ ...old, number: 9, grant: { ...other, number: grant.number + 1 } }, old);
});

test("policy: the next number is that which Go takes, and follows", async () => {
  const list = JSON.parse(readFileSync(`${root}/testdata/e2ee/numbers.json`, "utf8")) as number[][];
  assert(list.length > 5);
  for (const [inForce, known, next] of list as [number, number, number][]) {
    const old = { ...OPEN, number: inForce };
    const number = nextNumber(old, known);
    assert.equal(number, next, `after ${inForce}, knowing of ${known}`);
    if (number) checkFollows({ ...OPEN, number }, old);
  }
  for (const number of [0, 2 ** 32])
    await assert.rejects(signPolicy(a, { ...OPEN, number }, await host()));
});

test("admissions: those of Go hold, and no others", async () => {
  const p = await parsePolicy(a, unhex(v.moderated));
  const good = unhex(v.admissions);
  await checkAdmissions(a, p, packages, good);
  assert.equal(hex(await signAdmissions(a, p, packages, await moderator())), v.admissions);
  for (let i = 0; i < good.length; i++) {
    const flipped = good.slice();
    flipped[i]! ^= 1 << (i % 8);
    await assert.rejects(checkAdmissions(a, p, packages, flipped), `bit of byte ${i}`);
  }
  const [first, second] = packages as [Bytes, Bytes];
  for (const [list, policy, authority] of [
    [[second, first], p, a],
    [[first], p, a],
    [[first, second, first], p, a],
    [[], p, a],
    [packages, { ...p, number: p.number + 1 }, a],
    [packages, { ...p, grant: null }, a],
    [packages, p, { ...a, groupId: random(42) }],
  ] as const) {
    await assert.rejects(checkAdmissions(authority, policy, list, good));
  }
  await assert.rejects(checkAdmissions(a, p, packages, new Uint8Array(0)));
  await checkAdmissions(a, p, [], new Uint8Array(0));
});
