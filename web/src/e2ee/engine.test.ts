import assert from "node:assert/strict";
import { test } from "node:test";
import { verify } from "./access";
import { cat, eq, hex, utf8 } from "./bytes";
import { type KeyStore, memoryStore, openDevice, signerOf, withFallback } from "./device";
import { Engine } from "./engine";
import { deriveLinkKeys } from "./link";
import { sealNote } from "./note";
import type { FromWorker, GroupIn, GroupOut, SourceName, ToWorker } from "./protocol";
import { breathe, FakeClock } from "./testing";
import type { EncodedFrame } from "./transform";

type Of<K extends FromWorker["type"]> = Extract<FromWorker, { type: K }>;

class Page {
  readonly told: FromWorker[] = [];
  readonly engine: Engine;
  readonly store: KeyStore;
  onSend: (m: GroupOut) => void = () => {};

  constructor(clock: FakeClock, store = memoryStore(), slow = 0) {
    this.store = store;
    this.engine = new Engine(
      (m) => {
        this.told.push(m);
        if (m.type === "send") this.onSend(m.message);
      },
      clock,
      async () => {
        for (let i = 0; i < slow; i++) await breathe();
        return store;
      },
    );
  }
  all<K extends FromWorker["type"]>(type: K): Of<K>[] {
    return this.told.filter((m): m is Of<K> => m.type === type);
  }
  last<K extends FromWorker["type"]>(type: K): Of<K> {
    const m = this.all(type).at(-1);
    assert(m, `no ${type}; told: ${this.told.map((t) => t.type)}`);
    return m;
  }
  get faults(): string[] {
    return this.all("fault").map((f) => f.code);
  }
}

async function createRoom(clock: FakeClock): Promise<Of<"created">> {
  const page = new Page(clock);
  await page.engine.handle({ type: "create", title: "Tea", postQuantum: false });
  return page.last("created");
}

/** Waits for what happens by itself, or with timers that are due. */
async function until(happened: () => boolean, clock?: FakeClock): Promise<void> {
  for (let i = 0; !happened(); i++) {
    assert(i < 100_000, "it does not happen");
    await breathe();
    await clock?.advance(0);
  }
}

/** Two pages in one meeting, with what the server does between them. */
async function meeting(slow = 0) {
  const clock = new FakeClock();
  const room = await createRoom(clock);
  const pages = [new Page(clock, undefined, slow), new Page(clock, undefined, slow)] as const;
  for (const p of pages) {
    void p.engine.handle({ type: "open", room: room.room, secret: room.secret.slice() });
    void p.engine.handle({ type: "card", sealed: room.card });
  }
  const [ann, ben] = pages;
  const group = (p: Page, message: GroupIn) => void p.engine.handle({ type: "group", message });
  const generation = 1;
  let epoch = 0;
  let seq = 0;
  ann.onSend = (m) => {
    if (m.type === "found") group(ann, { type: "founded", generation, by: "ann" });
    if (m.type !== "commit") return;
    const body = m.body;
    seq++;
    group(ann, { type: "committed", seq, generation, epoch, from: "ann", body });
    epoch++;
    if (m.welcome && m.tree) {
      group(ben, { type: "peers", peers: [{ session: "ann", away: false }] });
      group(ben, { type: "welcomed", seq, generation, epoch, body: m.welcome, tree: m.tree });
    } else group(ben, { type: "committed", seq, generation, epoch: epoch - 1, from: "ann", body });
  };
  ben.onSend = (m) => {
    if (m.type === "ask") group(ann, { type: "asked", generation, from: "ben", body: m.body });
  };
  const start = { type: "start", generation } as const;
  void ann.engine.handle({ ...start, name: "Ann", session: "ann", founded: false });
  group(ann, { type: "arrived", session: "ben" });
  await until(() => ann.told.some((m) => m.type === "phase" && m.phase === "member"));
  void ben.engine.handle({
    ...start,
    name: "Ben",
    session: "ben",
    founded: true,
  });
  await until(() => pages.every((p) => p.all("roster").at(-1)?.members.length === 2), clock);
  await clock.advance(500); // both seal with the key that both have
  return { clock, room, ann, ben, group };
}

function encoded(mimeType: string, data: Uint8Array): EncodedFrame {
  return { type: "key", data: data.slice().buffer, getMetadata: () => ({ mimeType }) };
}

/** Sends a picture from one page to a seat of the other; returns what its decoder gets. */
async function show(
  from: Page,
  to: Page,
  picture: string,
  source: SourceName = "camera",
): Promise<string[]> {
  const sent: EncodedFrame[] = [];
  const shown: string[] = [];
  const seal = from.engine.transforms.stepFor({ options: { op: "seal", source, connection: 1 } });
  await seal(encoded("video/VP8", utf8(picture)), (f) => sent.push(f));
  const open = to.engine.transforms.stepFor({
    options: { op: "open", seat: 3, source, connection: 1 },
  });
  for (const f of sent)
    await open(encoded("video/VP8", new Uint8Array(f.data)), (g) =>
      shown.push(Buffer.from(g.data).toString()),
    );
  return shown;
}

test("the host's browser, and no other, has the word that a room may begin again, and its card", async () => {
  const clock = new FakeClock();
  const own = new Page(clock);
  await own.engine.handle({ type: "create", title: "Tea", postQuantum: false });
  const { room, secret, hostKey, tokenHash, card } = own.last("created");
  for (const [page, is] of [
    [own, true],
    [new Page(clock), false],
  ] as const) {
    await page.engine.handle({ type: "open", room, secret: secret.slice() });
    await page.engine.handle({ type: "card", sealed: card });
    await page.engine.handle({ type: "reopen" });
    const { open, card: kept } = page.last("reopen");
    assert.equal(kept && hex(kept.slice()), is ? hex(card.slice()) : null);
    const said = cat(utf8("incamera open v1"), Uint8Array.of(0), utf8(room), tokenHash.slice());
    assert.equal(open && (await verify(hostKey.slice(), open.slice(), said)), is ? true : null);
  }
});

test("a room that was made can be opened with its link, and with no other", async () => {
  const clock = new FakeClock();
  const room = await createRoom(clock);
  const page = new Page(clock);
  await page.engine.handle({ type: "open", room: room.room, secret: new Uint8Array(32) });
  await page.engine.handle({ type: "card", sealed: room.card });
  assert.deepEqual(page.faults, ["card"]);
  await page.engine.handle({ type: "open", room: "a".repeat(26), secret: room.secret });
  await page.engine.handle({ type: "card", sealed: room.card });
  assert.deepEqual(page.faults, ["card", "card"]);
  await page.engine.handle({ type: "open", room: room.room, secret: room.secret.subarray(1) });
  assert.deepEqual(page.faults, ["card", "card", "link"]);

  await page.engine.handle({ type: "open", room: room.room, secret: room.secret });
  assert(eq(page.last("opened").tokenHash, room.tokenHash));
  await page.engine.handle({ type: "card", sealed: room.card });
  assert.equal(page.last("card").title, "Tea");
  assert(eq(page.last("card").hostKey, room.hostKey));
  assert.equal(page.faults.length, 3);
});

test("the host's key stays in the browser's store, and cannot be read out of it", async () => {
  const clock = new FakeClock();
  const page = new Page(clock);
  await page.engine.handle({ type: "create", title: "", postQuantum: false });
  const { room } = page.last("created");
  const { privateKey } = (await page.store.get("keys", `host/${room}`)) as CryptoKeyPair;
  assert.equal(privateKey.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", privateKey));
});

test("nothing starts without link and card", async () => {
  const page = new Page(new FakeClock());
  const start: ToWorker = {
    type: "start",
    name: "A",
    session: "a",
    generation: 1,
    founded: false,
  };
  await page.engine.handle({ type: "card", sealed: new Uint8Array(9) });
  await page.engine.handle(start);
  const room = await createRoom(new FakeClock());
  await page.engine.handle({ type: "open", room: room.room, secret: room.secret });
  await page.engine.handle(start);
  assert.deepEqual(page.faults, ["internal", "internal", "internal"]);
  assert.deepEqual(page.all("send"), []);
});

test("two pages meet: one roster, one code, pictures and words go through", async () => {
  const { ann, ben, clock } = await meeting();
  const rosters = [ann, ben].map((p) => p.last("roster"));
  assert.deepEqual(rosters[0]!.code, rosters[1]!.code);
  assert.deepEqual(
    rosters[0]!.members.map((m) => [m.name, m.self]),
    [
      ["Ann", true],
      ["Ben", false],
    ],
  );
  assert.equal(ann.last("phase").phase, "member");
  assert.deepEqual(await show(ann, ben, "hello"), [], "no seat yet");
  await ben.engine.handle({
    type: "seats",
    seats: [{ index: 3, source: "camera", session: "ann" }],
  });
  assert.deepEqual(await show(ann, ben, "hello"), ["hello"]);
  assert.equal(ben.last("seat").state, "open");
  await ben.engine.handle({
    type: "seats",
    seats: [{ index: 3, source: "camera", session: "ben" }],
  });
  assert.deepEqual(await show(ann, ben, "hello"), []);
  await ann.engine.handle({
    type: "say",
    payload: { kind: "chat", id: "0123456789abcdef", text: "Hi" },
  });
  await until(() => ann.all("send").at(-1)?.message.type === "app");
  await ann.engine.handle({ type: "count" });
  const { counters, epochs } = ann.last("counters");
  assert.equal(counters.sealed.camera, 3);
  assert.equal(counters.unsealed.camera, 0);
  assert.equal(epochs.at(-1)?.epoch, ann.last("roster").epoch);
  for (const { since } of epochs) assert(since > 0 && since <= clock.wall());
  assert(ben.last("roster").epoch > 0); // which began alone
  assert.deepEqual(
    epochs.map((e) => e.epoch),
    [...epochs].map((e) => e.epoch).sort((a, b) => a - b),
  );
});

test("what is written to who waits is shown: before he was in, and when he was sent back", async () => {
  const clock = new FakeClock();
  const host = new Page(clock);
  await host.engine.handle({ type: "create", title: "Tea", postQuantum: false });
  const { room, secret, card, hostKey } = host.last("created");
  const by = await signerOf((await host.store.get("keys", `host/${room}`)) as CryptoKeyPair);
  const { envelope } = await deriveLinkKeys(room, secret.slice());
  const page = new Page(clock);
  void page.engine.handle({ type: "open", room, secret: secret.slice() });
  void page.engine.handle({ type: "card", sealed: card });
  const generation = 1;
  const start = { type: "start", generation, name: "Ann", session: "ann" } as const;
  await page.engine.handle({ ...start, founded: false });
  const place = { room, host: hostKey.slice(), envelope, session: "ann" };
  let sent = 0;
  const shown = async (text: string): Promise<string> => {
    const body = await sealNote(place, { sent: ++sent, text }, by);
    await page.engine.handle({ type: "noted", body });
    return page.last("written").text;
  };
  const phase = (is: string) => until(() => page.all("phase").at(-1)?.phase === is, clock);
  await phase("founding");
  assert.equal(await shown("before"), "before");
  const tell = (message: GroupIn) => void page.engine.handle({ type: "group", message });
  tell({ type: "founded", generation, by: "ann" });
  await phase("member");
  assert.equal(await shown("inside"), "");
  tell({ type: "gap", generation }); // as after a commit that removes us
  await phase("asking");
  assert.equal(await shown("soon"), "soon");
});

test("what the page says while the browser's store is slow is not lost", async () => {
  const { ann, ben } = await meeting(20);
  assert.equal(ann.last("roster").members.length, 2);
  assert.equal(ben.last("roster").members.length, 2);
});

test("a roster is told though the next epochs come before the browser's store answers", async () => {
  const { ann, ben, clock } = await meeting();
  const commits = (): number => ann.all("send").filter((m) => m.message.type === "commit").length;
  let answer = (): void => {};
  const answers = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const get = ben.store.get.bind(ben.store);
  ben.store.get = async (...of) => {
    await answers;
    return get(...of);
  };
  const [told, made, first] = [ben.all("roster").length, commits(), ben.last("roster").epoch];
  while (commits() < made + 4) await clock.advance(1_000, breathe);
  const epoch = async (): Promise<number> => {
    await ben.engine.handle({ type: "count" });
    return ben.last("counters").epochs.at(-1)?.epoch ?? -1;
  };
  const last = ann.last("roster").epoch;
  while ((await epoch()) < last) await breathe();
  answer();
  await until(() => ben.last("roster").epoch === last);
  const epochs = ben
    .all("roster")
    .slice(told)
    .map((r) => r.epoch);
  assert(last >= first + 3);
  assert.deepEqual(epochs, [first + 1, last]);
});

test("a new start forgets the keys of the session before", async () => {
  const { ann, ben } = await meeting();
  await ben.engine.handle({
    type: "seats",
    seats: [{ index: 3, source: "camera", session: "ann" }],
  });
  assert.deepEqual(await show(ann, ben, "one"), ["one"]);
  ann.onSend = () => {};
  await ann.engine.handle({
    type: "start",
    name: "Ann",
    session: "ann2",
    generation: 1,
    founded: true,
  });
  await until(() => ann.last("send").message.type === "ask");
  assert.deepEqual(await show(ann, ben, "two"), []);
  await ann.engine.handle({ type: "count" });
  assert.equal(ann.last("counters").counters.unsealed.camera, 1);
});

test("stop wipes at once: nothing is sealed, opened or said after it, whatever still waits", async () => {
  const { clock, room, ann, ben } = await meeting();
  await ben.engine.handle({
    type: "seats",
    seats: [{ index: 3, source: "camera", session: "ann" }],
  });
  const said = ann.told.length;
  void ann.engine.handle({ type: "open", room: room.room, secret: room.secret });
  void ann.engine.handle({ type: "stop" });
  void ann.engine.handle({ type: "card", sealed: room.card });
  assert.deepEqual(await show(ann, ben, "late"), []);
  await clock.advance(60_000, async () => {
    await breathe();
    await ann.engine.idle();
  });
  assert.deepEqual(ann.told.slice(said), []);
  assert.equal(ann.engine.transforms.counters.sealed.camera, 0);
});

test("the device key is kept, also when two pages make it at once, and cannot be read out", async () => {
  const store = memoryStore();
  const two = await Promise.all([openDevice(store), openDevice(store)]);
  const again = await openDevice(store);
  for (const d of two) assert(eq(d.publicKey, again.publicKey));
  const pair = (await store.get("keys", "device")) as CryptoKeyPair;
  assert.equal(pair.privateKey.extractable, false);
  const fresh = await openDevice(memoryStore());
  assert(!eq(fresh.publicKey, again.publicKey));
});

test("a store that takes nothing is replaced by memory", async () => {
  const broken: KeyStore = {
    get: async () => undefined,
    put: () => Promise.reject(new Error("no")),
    keep: () => Promise.reject(new Error("no")),
  };
  const store = withFallback(broken, memoryStore());
  const device = await openDevice(store);
  assert(eq((await openDevice(store)).publicKey, device.publicKey));
});
