import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "./bytes";
import { memoryStore } from "./device";
import { Seen } from "./seen";
import { skeleton } from "./skeleton";
import { breathe } from "./testing";

const key = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(n);

test("a device key is new once, and remembered with its time", async () => {
  const store = memoryStore();
  let now = 1_000;
  const first = await new Seen(store, () => now).look(key(5), "Ann");
  now = 9_000;
  const later = await new Seen(store, () => now).look(key(5), "Ann");
  assert.deepEqual(later, first);
  assert.equal(first.firstSeen, 1_000);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", key(5)));
  assert.equal(first.device, hex(digest).slice(0, 16));
  assert.equal((await new Seen(store, () => now).look(key(0), "Zoe")).firstSeen, 9_000);
});

test("a known name with a new device key is told of until it is verified, also after a restart", async () => {
  const store = memoryStore();
  const open = (): Seen => new Seen(store, () => 1);
  assert.equal((await open().look(key(1), "Ann")).newDevice, false);
  assert.equal((await open().look(key(2), "Ben")).newDevice, false);
  for (const name of ["Ann", "ann ", "Аnn"]) // the last with a Cyrillic letter
    assert.equal((await open().look(key(3), name)).newDevice, true, name);
  assert.equal((await open().look(key(3), "Ann")).newDevice, true, "seen twice is not verified");
  assert.equal((await open().look(key(1), "Ann")).newDevice, false);
  await open().verify([{ deviceKey: key(3), name: "Ann" }], true);
  assert.deepEqual(
    { ...(await open().look(key(3), "Ann")), device: "", firstSeen: 0 },
    { device: "", firstSeen: 0, verified: true, newDevice: false },
  );
  assert.equal((await open().look(key(4), "Ann")).newDevice, true);
  await open().verify([{ deviceKey: key(3), name: "Ann" }], false);
  assert.equal((await open().look(key(3), "Ann")).verified, false);
  assert.equal((await open().look(key(1), "Ann")).verified, false);
});

test("of two who come at once with one name, one is the first", async () => {
  const seen = new Seen(memoryStore(), () => 1);
  const both = await Promise.all([seen.look(key(1), "Ann"), seen.look(key(2), "Ann")]);
  assert.deepEqual(
    both.map((b) => b.newDevice),
    [false, true],
  );
});

test("who only asks to get in does not take a name", async () => {
  const seen = new Seen(memoryStore(), () => 1);
  assert.equal((await seen.look(key(1), "Ann", false)).newDevice, false);
  assert.equal((await seen.look(key(2), "Ann")).newDevice, false);
  assert.equal((await seen.look(key(1), "Ann", false)).newDevice, true);
});

test("who is looked up once several are being verified is told so of all of them", async () => {
  const store = memoryStore();
  const { put } = store;
  store.put = async (...of) => {
    await breathe();
    return put.apply(store, of);
  };
  const seen = new Seen(store, () => 1);
  const people = ["Ann", "Ben", "Cleo"].map((name, i) => ({ deviceKey: key(i), name }));
  const done = seen.verify(people, true);
  const looks = await Promise.all(people.map((p) => seen.look(p.deviceKey, p.name)));
  await done;
  assert.deepEqual(
    looks.map((l) => l.verified),
    [true, true, true],
  );
});

test("a name keeps a bounded number of device keys", async () => {
  const seen = new Seen(memoryStore(), () => 1);
  for (let n = 1; n <= 17; n++) await seen.verify([{ deviceKey: key(n), name: "Ann" }], true);
  assert.equal((await seen.look(key(1), "Ann")).newDevice, true);
  assert.equal((await seen.look(key(17), "Ann")).newDevice, false);
});

test("names that look alike have one skeleton, others have not", () => {
  for (const [a, b] of [
    ["Alice", "ALICE"],
    ["Alice", "Αlісе"], // Greek Alpha, Cyrillic i, s, e
    ["Alice", "A1ice"],
    ["Alice", "Al\u200bice"],
    ["Ana Müller", "Ana  Muller"],
    ["Bernard", "Bemard"],
    ["Legal desk", "Legal-desk"],
    ["O'Neil", "0Nei1"],
    ["Ｂen", "Ben"], // full width
    ["иван", "ИВАН"],
  ] as const)
    assert.equal(skeleton(a), skeleton(b), `${a} ${b}`);
  for (const [a, b] of [
    ["Alice", "Alina"],
    ["Ben", "Bea"],
    ["Иван", "Игорь"],
    ["نورا", "سارا"],
    ["🦊", "🐻"],
    ["Desk 3", "Desk 4"],
  ] as const)
    assert.notEqual(skeleton(a), skeleton(b), `${a} ${b}`);
  for (const s of ["", " ", "\u200b", "🦊", "()"]) assert.equal(typeof skeleton(s), "string");
});
