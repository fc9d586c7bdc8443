/** Notes to those who wait: what Go signed, and what nobody takes for one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Grant, makeGrant, OPEN } from "./access";
import { type Bytes, cat, hex, unhex } from "./bytes";
import { envelopeType, openEnvelope, sealEnvelope } from "./envelope";
import { newDevice } from "./fakeserver";
import { Hosting } from "./hosting";
import type { Device } from "./leaf";
import { deriveLinkKeys } from "./link";
import { type NotePlace, Notes, openNote, sealNote } from "./note";

const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/note.json`, "utf8")) as Record<
  "room" | "hostKey" | "secret" | "session" | "signerSeed" | "signer" | "salt" | "text" | "sealed",
  string
> & { sent: number };
const host = unhex(v.hostKey);
const signer = unhex(v.signer);
const grant = (...moderators: Bytes[]): Grant => ({
  number: 1,
  own: new Uint8Array(),
  moderators,
  encoded: new Uint8Array(),
});
const at = async (): Promise<NotePlace> => {
  const { envelope } = await deriveLinkKeys(v.room, unhex(v.secret));
  return { room: v.room, host, envelope, session: v.session };
};

test("note: what Go signed is read, and made the same", async () => {
  const n = await openNote(await at(), grant(signer), unhex(v.sealed));
  assert.deepEqual([n.sent, n.text, hex(n.signer)], [v.sent, v.text, v.signer]);
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(v.signerSeed)); // RFC 8410 §7
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const sign = async (b: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, b));
  const by: Device = { publicKey: signer, sign };
  assert.equal(hex(await sealNote(await at(), n, by, unhex(v.salt))), v.sealed);
});

test("note: one that is altered, to another, or of nobody who acts for the host, is nothing", async () => {
  const p = await at();
  const sealed = unhex(v.sealed);
  const place = { room: v.room, type: envelopeType.note, generation: 0, epoch: 0 };
  const plain = await openEnvelope(p.envelope, place, sealed);
  const again = (f: (b: Bytes) => Bytes) => sealEnvelope(p.envelope, place, f(plain.slice()));
  const flip = (i: number) => (b: Bytes) => b.map((x, j) => (j === i ? x ^ 1 : x)) as Bytes;
  const bad: [string, Promise<Bytes> | Bytes, RegExp][] = [
    ["another version", again(flip(0)), /version/],
    ["another time", again(flip(8)), /signed for/],
    ["another text", again(flip(12)), /signed for/],
    ["out of time", again((b) => b.fill(0xff, 1, 9)), /range/],
    ["padded with a word", again(flip(plain.length - 1)), /padding/],
    ["not padded", again((b) => b.slice(0, -1)), /padding/],
    ["padded twice", again((b) => cat(b, new Uint8Array(256))), /padding/],
    ["cut short", again((b) => b.slice(0, 60)), /short/],
  ];
  for (const [name, b, why] of bad)
    await assert.rejects(openNote(p, grant(signer), await b), why, name);
  await assert.rejects(openNote(p, null, sealed), /acts for the host/);
  await assert.rejects(openNote({ ...p, session: "other" }, grant(signer), sealed), /signed for/);
  const by = await newDevice();
  for (const text of [" \n", "x".repeat(501)])
    await assert.rejects(sealNote(p, { sent: 1, text }, by), /blank/);
});

test("note: what is read is what was signed, a byte order mark too, which counts like any character", async () => {
  const by = await newDevice();
  const p = { ...(await at()), host: by.publicKey };
  const marked = `\ufeff${"x".repeat(499)}`;
  const sealed = await sealNote(p, { sent: 1, text: marked }, by);
  assert.equal((await openNote(p, null, sealed)).text, marked);
});

test("note: a host writes to who waits, who reads each once; a member writes nothing", async () => {
  const owner = await newDevice();
  const [his, guest] = [await newDevice(), await newDevice()];
  const p = { ...(await at()), host: owner.publicKey };
  const wall = () => 1_000;
  const key = () => p.envelope;
  const writes = new Notes(p, key, new Hosting(v.room, owner.publicKey, his, owner), wall);
  const waits = new Hosting(v.room, owner.publicKey, guest, null);
  const reads = new Notes({ ...p, session: "guest" }, key, waits, wall);
  for (const words of ["a moment", "a moment more"]) {
    const body = await writes.write("guest", words, null);
    assert(body);
    assert.equal(await reads.take(body), words);
    assert.equal(await reads.take(body), null, "it comes again");
  }
  assert.equal(await reads.write("guest", "come in", null), null);
  // A moderator counts by the latest policy that the guest knows.
  const mod = await newDevice();
  const g = await makeGrant(v.room, [], his.publicKey, [mod.publicKey], owner);
  const body = await new Notes(p, key, new Hosting(v.room, owner.publicKey, mod, null), wall).write(
    "guest",
    "soon",
    g,
  );
  assert(body);
  await assert.rejects(reads.take(body), /acts for the host/);
  waits.learn({ ...OPEN, number: 1, grant: g });
  assert.equal(await reads.take(body), "soon");
});
