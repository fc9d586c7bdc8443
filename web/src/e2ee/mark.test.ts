/** The room's mark: what Go signed, and what nobody takes for it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Bytes, cat, hex, unhex } from "./bytes";
import { newDevice, newMeeting, Server } from "./fakeserver";
import type { Device } from "./leaf";
import { deriveLinkKeys } from "./link";
import { type Mark, makeMark, openMark } from "./mark";

const root = process.env.INCAMERA_ROOT ?? "..";
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/mark.json`, "utf8")) as Record<
  "room" | "hostSeed" | "hostKey" | "secret" | "groupId" | "policy" | "body" | "signature",
  string
> & { number: number; closed: boolean };
const a = { room: v.room, host: unhex(v.hostKey), groupId: unhex(v.groupId) };

/** A signer from its seed (RFC 8410 §7). */
async function signer(seed: string, publicKey: Bytes): Promise<Device> {
  const pkcs8 = cat(unhex("302e020100300506032b657004220420"), unhex(seed));
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
  const sign = async (b: Bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, b));
  return { publicKey, sign };
}

const theMark = (): Mark => ({
  number: v.number,
  closed: v.closed,
  body: unhex(v.body),
  signature: unhex(v.signature),
});

test("mark: what Go signed is read, and made the same", async () => {
  const { envelope } = await deriveLinkKeys(v.room, unhex(v.secret));
  const p = await openMark(a, envelope, theMark());
  assert.deepEqual([p.number, p.lobby, p.locked], [v.number, true, false]);
  const host = await signer(v.hostSeed, a.host);
  const m = await makeMark(a, envelope, unhex(v.policy), host, unhex(v.body).slice(0, 32));
  assert.equal(hex(m.body), v.body);
  assert.equal(hex(m.signature), v.signature);
});

test("mark: one that the host has not signed as it is, is nothing", async () => {
  const { envelope } = await deriveLinkKeys(v.room, unhex(v.secret));
  const nobody = await newDevice();
  const changes: ((m: Mark) => Mark)[] = [
    (m) => ({ ...m, number: m.number + 1 }),
    (m) => ({ ...m, closed: false }),
    (m) => ({ ...m, body: m.body.map((b, i) => (i === 40 ? b ^ 1 : b)) }),
    (m) => ({ ...m, signature: m.signature.map((b) => b ^ 1) }),
  ];
  for (const f of changes)
    await assert.rejects(openMark(a, envelope, f(theMark())), /did not sign/, String(f));
  const his = await makeMark(a, envelope, unhex(v.policy), nobody);
  await assert.rejects(openMark(a, envelope, his), /did not sign/);
});

test("lobby: a host who is the only one inside reloads while somebody waits, and the meeting stays his", async () => {
  for (const remembers of [true, false]) {
    const server = new Server(await newMeeting());
    const device = await newDevice();
    const { meeting } = server;
    const ann = await server.join("ann", meeting, device, meeting.host);
    await server.advance(300);
    await ann.member.moderation.setPolicy(true, false);
    await server.advance(1_000);
    const guest = await server.join("guest");
    await server.advance(5_000);
    assert.equal(ann.waiting.length, 1);
    const { known } = ann.member.hosting;
    server.leave("ann");
    await server.advance(60_000);
    assert.equal(guest.phaseNow, "hostless");
    assert.equal(server.founded, false, "the guest begins a meeting without the host");
    const back = await server.join("back", meeting, device, meeting.host);
    if (remembers) back.member.hosting.known = known;
    await server.advance(5_000);
    assert.deepEqual(back.sees, ["back"]);
    assert(back.policy.lobby);
    assert.equal(guest.epochs.length, 0);
    await back.member.moderation.admit(back.waiting.map((w) => w.ask));
    await server.advance(3_000);
    assert.equal(guest.base, back.base);
  }
});

test("mark: each policy is kept by the host's page once, and an older one changes nothing", async () => {
  const server = new Server(await newMeeting());
  const { meeting } = server;
  const ann = await server.join("ann", meeting, undefined, meeting.host);
  await server.advance(300);
  const ben = await server.join("ben");
  await server.advance(5_000);
  await ann.member.moderation.setPolicy(true, false);
  await server.advance(1_000);
  const old = server.mark!;
  await ann.member.moderation.setPolicy(false, false);
  await server.advance(10_000);
  const marks = server.seen.filter((s) => s.m.type === "mark");
  assert.deepEqual(
    marks.map((s) => s.from),
    ["ann", "ann", "ann"],
  );
  assert.deepEqual([old.closed, server.mark?.closed], [true, false]);
  server.deliver("ben", { type: "marked", mark: old });
  await server.advance(100);
  assert.equal(ben.member.hosting.known.number, server.mark?.number);
  const { dropped } = ben.member;
  server.deliver("ben", { type: "marked", mark: { ...old, number: 99 } });
  await server.advance(100);
  assert.equal(ben.member.dropped, dropped + 1);
  assert.notEqual(ben.member.hosting.known.number, 99);
});
