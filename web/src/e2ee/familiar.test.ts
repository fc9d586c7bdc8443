/** Whom a moderator's page lets back in by itself (PROTOCOL.md 2.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newDevice, newMeeting, Server, type User } from "./fakeserver";
import type { Device } from "./leaf";

interface Cohosted {
  server: Server;
  ann: User; // the host
  ben: User; // a co-host
  eve: User;
  eves: Device;
}

/** With the lobby up. */
async function cohosted(): Promise<Cohosted> {
  const server = new Server(await newMeeting());
  const { meeting } = server;
  const eves = await newDevice();
  const ann = await server.join("ann", meeting, undefined, meeting.host);
  await server.advance(300);
  const ben = await server.join("ben");
  await server.advance(300);
  const eve = await server.join("eve", meeting, eves);
  await server.advance(10_000);
  await ann.member.moderation.appoint("ben", true);
  await server.advance(2_000);
  await ann.member.moderation.setPolicy(true, false);
  await server.advance(2_000);
  assert(ben.moderates && eve.policy.lobby);
  return { server, ann, ben, eve, eves };
}

test("familiar: whom one moderator sends back to the lobby another's page does not let in by itself", async () => {
  const { server, ann, ben, eve } = await cohosted();
  const before = eve.epochs.length;
  await ann.member.moderation.sendBack("eve");
  await server.advance(20_000);
  assert.equal(eve.epochs.length, before);
  for (const u of [ann, ben]) assert.equal(u.waiting.length, 1, u.session);
  await ben.member.moderation.admit(ben.waiting.map((w) => w.ask));
  await server.advance(2_000);
  assert.equal(eve.base, ann.base);
});

for (const [name, removed, first] of [
  ["who was removed waits", true, false],
  ["who was removed waits, also when he is back before the commit", true, true],
  ["who has lost his connection is let in", false, false],
] as const)
  test(`familiar: with two moderators ${name}`, async () => {
    const { server, ann, ben, eves } = await cohosted();
    if (removed) await ann.member.moderation.remove("eve");
    server.leave("eve", removed ? "removed" : "lost");
    if (!first) await server.advance(10_000);
    const again = await server.join("again", server.meeting, eves);
    await server.advance(20_000);
    assert.equal(again.epochs.length > 0, !removed);
    for (const u of [ann, ben]) assert.equal(u.waiting.length, removed ? 1 : 0, u.session);
  });
