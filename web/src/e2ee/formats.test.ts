import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeApp, encodeApp, MAX_CHAT } from "./app";
import { type Bytes, cat, hex, random, sha256, text, unhex, utf8 } from "./bytes";
import { type Card, capacityOf, MAX_TITLE, openCard, sealCard, signCard } from "./card";
import { newSigningKey, rawPublic } from "./device";
import { EMOJI } from "./emoji";
import { type EnvelopeContext, envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { newDevice } from "./fakeserver";
import { admissionMac, checkLeafInfo, makeLeafInfo, validName } from "./leaf";
import { deriveLinkKeys, formatLink, linkPskId, parseLink, roomOf } from "./link";
import { SUITE_XWING } from "./mls";
import type { AppPayload } from "./protocol";
import { UNKNOWN } from "./unicode";
import { rosterCode, rosterEmoji } from "./verify";

/** What Go wrote. Throws when there is no such file. */
function vector<T>(name: string): T {
  const root = process.env.INCAMERA_ROOT ?? "..";
  return JSON.parse(readFileSync(`${root}/testdata/e2ee/${name}.json`, "utf8")) as T;
}

type Strings<K extends string> = Record<K, string>;

const link = vector<
  Strings<
    | "admission"
    | "card"
    | "envelope"
    | "hostKey"
    | "link"
    | "origin"
    | "psk"
    | "pskId"
    | "room"
    | "secret"
    | "token"
    | "tokenHash"
  > & { bad: string[]; linkNumber: number }
>("link");

/** A private Ed25519 key from its seed (RFC 8410 §7). */
async function fromSeed(seed: string): Promise<CryptoKey> {
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(seed));
  return crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
}

/** Every copy of b with one bit flipped, and every shorter one. */
function* damaged(b: Bytes): Generator<Bytes> {
  for (let i = 0; i < b.length; i++) {
    const flipped = b.slice();
    flipped[i]! ^= 1 << (i % 8);
    yield flipped;
    yield b.slice(0, i);
  }
}

test("link: every damaged link is refused with an explanation", () => {
  assert(link.bad.length > 5);
  for (const bad of link.bad) {
    const cut = bad.indexOf("#");
    const before = cut < 0 ? bad : bad.slice(0, cut);
    const parsed = parseLink(new URL(before, link.origin).pathname, cut < 0 ? "" : bad.slice(cut));
    assert("problem" in parsed, bad);
    assert(parsed.problem.length > 10);
  }
});

test("link: keys, token and room are those of the vector", async () => {
  assert.equal(await roomOf(unhex(link.hostKey)), link.room);
  const secret = unhex(link.secret);
  assert.equal(formatLink(link.origin, link.room, secret), link.link);
  const url = new URL(link.link);
  const parsed = parseLink(url.pathname, url.hash);
  assert("secret" in parsed);
  assert.equal(hex(parsed.secret), link.secret);
  assert.equal(parsed.room, link.room);
  const keys = await deriveLinkKeys(link.room, secret);
  for (const name of ["psk", "envelope", "card", "admission", "token"] as const) {
    assert.equal(hex(keys[name]), link[name], name);
  }
  assert.equal(hex(await sha256(keys.token)), link.tokenHash);
  assert.equal(text(linkPskId(link.linkNumber)), link.pskId);
});

const envelope = vector<
  Strings<"key" | "plaintext" | "room" | "salt" | "sealed"> & {
    epoch: number;
    generation: number;
    type: number;
  }
>("envelope");

test("envelope: it opens nowhere but in its place", async () => {
  const key = unhex(envelope.key);
  const sealed = unhex(envelope.sealed);
  const { room, type, generation, epoch } = envelope;
  const places: EnvelopeContext[] = [
    { room: "aaaaaaaaaaaaaaaaaaaaaaaaaa", type, generation, epoch },
    { room, type: 3, generation, epoch },
    { room, type, generation: generation + 1, epoch },
    { room, type, generation, epoch: epoch + 1 },
    { room, type, generation, epoch: epoch % 2 ** 32 },
  ];
  for (const place of places) await assert.rejects(openEnvelope(key, place, sealed));
  await assert.rejects(openEnvelope(random(32), { room, type, generation, epoch }, sealed));
  for (const bad of damaged(sealed))
    await assert.rejects(openEnvelope(key, { room, type, generation, epoch }, bad));
});

test("envelope: sealed and opened as in the vector", async () => {
  const key = unhex(envelope.key);
  const sealed = await sealEnvelope(key, envelope, unhex(envelope.plaintext), unhex(envelope.salt));
  assert.equal(hex(sealed), envelope.sealed);
  assert.equal(hex(await openEnvelope(key, envelope, sealed)), envelope.plaintext);
  const again = await sealEnvelope(key, envelope, unhex(envelope.plaintext));
  assert.notEqual(hex(again.slice(0, 32)), envelope.salt);
});

const card = vector<
  Strings<
    | "cardKey"
    | "encoded"
    | "hash"
    | "hostKey"
    | "hostSeed"
    | "postQuantum"
    | "room"
    | "salt"
    | "sealed"
    | "title"
  > & {
    createdMs: number;
    linkNumber: number;
    suite: number;
  }
>("card");

const seal = (encoded: Bytes): Promise<Bytes> => sealCard(card.room, unhex(card.cardKey), encoded);

test("card: forged, damaged, foreign and odd ones are refused", async () => {
  const key = unhex(card.cardKey);
  const encoded = unhex(card.encoded);
  for (const bad of damaged(encoded))
    await assert.rejects(openCard(card.room, key, await seal(bad)));
  await assert.rejects(
    openCard(card.room, key, await seal(cat(encoded, Uint8Array.of(0)))),
    "trailing byte",
  );
  await assert.rejects(
    openCard("aaaaaaaaaaaaaaaaaaaaaaaaaa", key, unhex(card.sealed)),
    "another room",
  );
  await assert.rejects(openCard(card.room, random(32), unhex(card.sealed)), "another key");

  // Whoever holds the link can seal, but is not the host.
  const eve = await newSigningKey();
  const fields: Card = { ...card, hostKey: unhex(card.hostKey), title: "Mine" };
  await assert.rejects(
    openCard(card.room, key, await seal(await signCard(card.room, fields, eve.privateKey))),
  );
  const eves = { ...fields, hostKey: await rawPublic(eve.publicKey) };
  await assert.rejects(
    openCard(card.room, key, await seal(await signCard(card.room, eves, eve.privateKey))),
  );

  const host = await fromSeed(card.hostSeed);
  for (const odd of [{ suite: 2 }, { linkNumber: 0 }]) {
    await assert.rejects(
      openCard(card.room, key, await seal(await signCard(card.room, { ...fields, ...odd }, host))),
    );
  }
  await assert.rejects(
    signCard(card.room, { ...fields, title: "é".repeat(MAX_TITLE / 2 + 1) }, host),
  );
  const mark = await signCard(card.room, { ...fields, title: "\ufeffTitle" }, host);
  const opened = await openCard(card.room, key, await seal(mark));
  assert.equal(opened.card.title, "\ufeffTitle", "what was signed, a byte order mark too");
});

test("card: signed, sealed and opened as in the vector", async () => {
  const host = await fromSeed(card.hostSeed);
  const fields: Card = { ...card, hostKey: unhex(card.hostKey) };
  const encoded = await signCard(card.room, fields, host);
  assert.equal(hex(encoded), card.encoded);
  assert.equal(hex(await sha256(encoded)), card.hash);
  const opened = await openCard(card.room, unhex(card.cardKey), unhex(card.sealed));
  assert.equal(hex(opened.encoded), card.encoded);
  assert.equal(capacityOf(opened.card), 0);
  const quantum = await signCard(card.room, { ...fields, suite: SUITE_XWING }, host);
  assert.equal(hex(quantum), card.postQuantum);
  const other = await openCard(card.room, unhex(card.cardKey), await seal(quantum));
  assert.equal(capacityOf(other.card), 64);
  assert.equal(opened.card.title, card.title);
  assert.equal(opened.card.createdMs, card.createdMs);
  assert.equal(opened.card.linkNumber, card.linkNumber);
  const place = { room: card.room, type: envelopeType.card, generation: 0, epoch: 0 };
  assert.equal(
    hex(await sealEnvelope(unhex(card.cardKey), place, encoded, unhex(card.salt))),
    card.sealed,
  );
});

const leaf = vector<
  Strings<
    | "admission"
    | "admissionKey"
    | "deviceKey"
    | "deviceSeed"
    | "extension"
    | "memberId"
    | "name"
    | "room"
    | "session"
    | "signatureKey"
  > & { badNames: string[]; goodNames: string[]; linkNumber: number; unknown: string }
>("leaf");
const place = {
  room: leaf.room,
  linkNumber: leaf.linkNumber,
  memberId: unhex(leaf.memberId),
  signatureKey: unhex(leaf.signatureKey),
};
const admissionKey = unhex(leaf.admissionKey);

test("leaf: whatever key, name, session or place is altered, it is refused", async () => {
  const extension = unhex(leaf.extension);
  for (const bad of damaged(extension))
    await assert.rejects(checkLeafInfo(admissionKey, place, bad));
  await assert.rejects(checkLeafInfo(random(32), place, extension), "another link");
  for (const other of [
    { room: "aaaaaaaaaaaaaaaaaaaaaaaaaa" },
    { linkNumber: leaf.linkNumber + 1 },
    { memberId: random(16) },
    { signatureKey: random(32) },
  ]) {
    await assert.rejects(checkLeafInfo(admissionKey, { ...place, ...other }, extension));
  }
});

test("leaf: a member who knows the link cannot take another's device key", async () => {
  const eve = await newSigningKey();
  const stolen = {
    publicKey: unhex(leaf.deviceKey),
    sign: async (b: Bytes) =>
      new Uint8Array(await crypto.subtle.sign("Ed25519", eve.privateKey, b)),
  };
  const forged = await makeLeafInfo(admissionKey, place, stolen, leaf.session, leaf.name);
  await assert.rejects(checkLeafInfo(admissionKey, place, forged), /did not sign/);
});

test("leaf: a session id has 64 bytes at most, as in Go", async () => {
  const device = await newDevice();
  const context = {
    room: link.room,
    linkNumber: 1,
    memberId: random(16),
    signatureKey: random(32),
  };
  const key = random(32);
  for (const [session, fits] of [
    ["é".repeat(32), true],
    ["é".repeat(33), false],
  ] as const) {
    const made = await makeLeafInfo(key, context, device, session, "Zoë");
    if (fits) await checkLeafInfo(key, context, made);
    else await assert.rejects(checkLeafInfo(key, context, made), /not a valid session/);
  }
});

test("leaf: names", () => {
  assert(leaf.badNames.length > 5 && leaf.goodNames.length > 3);
  for (const name of leaf.badNames) assert(!validName(name), JSON.stringify(name));
  assert.equal(UNKNOWN, leaf.unknown);
  for (const name of leaf.goodNames) assert(validName(name), JSON.stringify(name));
  assert(!validName("\ud800"), "half of a character");
});

test("leaf: made and read as in the vector", async () => {
  const key = await fromSeed(leaf.deviceSeed);
  const device = {
    publicKey: unhex(leaf.deviceKey),
    sign: async (b: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, b)),
  };
  assert.equal(hex(await admissionMac(admissionKey, place, device.publicKey)), leaf.admission);
  assert.equal(
    hex(await makeLeafInfo(admissionKey, place, device, leaf.session, leaf.name)),
    leaf.extension,
  );
  const info = await checkLeafInfo(admissionKey, place, unhex(leaf.extension));
  assert.equal(info.name, leaf.name);
  assert.equal(info.session, leaf.session);
  assert.equal(info.member, leaf.memberId);
  assert.equal(hex(info.deviceKey), leaf.deviceKey);
});

const roster = vector<{
  room: string;
  cases: { keys: string[]; code: string[]; emoji: string[] }[];
  signs: { emoji: string; name: string }[];
}>("roster");

test("roster emoji: as in the vectors, whatever the order", async () => {
  assert.deepEqual(
    EMOJI,
    roster.signs.map((s) => s.emoji),
  );
  for (const { keys, emoji } of roster.cases) {
    assert.deepEqual(await rosterEmoji(roster.room, keys.map(unhex)), emoji);
    assert.deepEqual(
      await rosterEmoji(roster.room, [...keys, ...keys].reverse().map(unhex)),
      emoji,
    );
    assert.notDeepEqual(await rosterEmoji("aaaaaaaaaaaaaaaaaaaaaaaaaa", keys.map(unhex)), emoji);
  }
  const rows = new Set(roster.cases.map((c) => c.emoji.join()));
  assert.equal(rows.size, new Set(roster.cases.map((c) => c.code.join())).size);
});

test("roster code: as in the vectors, whatever the order, and another for other keys", async () => {
  assert(roster.cases.length > 2);
  const codes = new Map<string, string>();
  for (const { keys, code } of roster.cases) {
    assert.deepEqual(await rosterCode(roster.room, keys.map(unhex)), code);
    assert.deepEqual(await rosterCode(roster.room, [...keys, ...keys].reverse().map(unhex)), code);
    assert.notDeepEqual(await rosterCode("aaaaaaaaaaaaaaaaaaaaaaaaaa", keys.map(unhex)), code);
    const set = [...new Set(keys)].sort().join();
    const other = codes.get(code.join());
    assert(other === undefined || other === set, "two sets with one code");
    codes.set(code.join(), set);
  }
});

type AppVector = { json: string; padded: string };
const app = vector<{ bad: string[]; good: AppVector[]; ignored: AppVector[] }>("app");

test("app: malformed messages are refused, unknown kinds ignored", () => {
  assert(app.bad.length > 5 && app.ignored.length > 1);
  for (const bad of app.bad) assert.throws(() => decodeApp(unhex(bad)), bad.slice(0, 200));
  for (const { padded } of app.ignored) assert.equal(decodeApp(unhex(padded)), null);
  const chat = (said: string): AppPayload => ({ kind: "chat", id: "0123456789abcdef", text: said });
  for (const said of ["", "  ", "x".repeat(MAX_CHAT + 1), "\udc00"])
    assert.throws(() => encodeApp(chat(said)));
  for (const ticket of [-1, 0.5, 2 ** 31, Number.NaN])
    assert.throws(() => encodeApp({ kind: "hand", ticket }), String(ticket));
  for (const sign of ["", "wave", "👍"])
    assert.throws(() => encodeApp({ kind: "reaction", sign } as unknown as AppPayload), sign);
});

test("app: written and read as in the vectors", () => {
  assert(app.good.length > 1);
  for (const { json, padded } of app.good) {
    const payload = decodeApp(unhex(padded));
    assert(payload);
    assert.deepEqual(payload, JSON.parse(json));
    const written = encodeApp(payload);
    assert.equal(written.length % 256, 0);
    assert.deepEqual(decodeApp(written), payload);
    // What JSON leaves open (escapes) may differ, in which case the vector is longer.
    if (JSON.stringify(payload) === json) assert.equal(hex(written), padded);
    else assert(utf8(JSON.stringify(payload)).length < utf8(json).length);
  }
});
