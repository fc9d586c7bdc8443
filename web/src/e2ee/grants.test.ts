/** Whose devices act for the host holds from one group of the room to the next (PROTOCOL.md 2.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { OPEN } from "./access";
import { newDevice, newMeeting, Server } from "./fakeserver";

for (const lobby of [true, false])
  test(`grants: who was a moderator founds the next group, and nobody who knows of that takes part; lobby: ${lobby}`, async () => {
    const server = new Server(await newMeeting());
    const { meeting } = server;
    const ann = await server.join("ann", meeting, undefined, meeting.host);
    await server.advance(300);
    const bens = await newDevice();
    const ben = await server.join("ben", meeting, bens);
    await server.advance(300);
    const eve = await server.join("eve");
    await server.advance(10_000);
    await ann.member.moderation.appoint("ben", true);
    await server.advance(2_000);
    const was = ben.policy;
    assert(ben.moderates);
    await ann.member.moderation.appoint("ben", false);
    await server.advance(2_000);
    await ann.member.moderation.setPolicy(lobby, false);
    await server.advance(2_000);
    server.leave("ben");
    const [generation, by] = [2, "again"];
    Object.assign(server, { generation, founded: false, epoch: 0, members: [], asks: [], log: [] });
    const again = await server.join("again", meeting, bens);
    again.filterIn = (m) => (m.type === "marked" ? null : m); // he looks away
    again.member.hosting.known = { ...was, number: ann.policy.number, lobby: false };
    await server.settle();
    assert(again.moderates && server.members.includes("again"), "he has founded a group");
    for (const u of [ann, eve]) {
      const before = u.epochs.length;
      server.deliver(u.session, { type: "reset", generation });
      server.deliver(u.session, { type: "founded", generation, by });
      await server.advance(10_000);
      assert.equal(u.epochs.length, before, u.session);
      assert(u.member.dropped > 0);
    }
  });

test("grants: in a group that others have founded the host's grant is later than all before", async () => {
  const server = new Server(await newMeeting());
  const { meeting } = server;
  const [anns, bens] = [await newDevice(), await newDevice()];
  const ann = await server.join("ann", meeting, anns, meeting.host);
  await server.advance(300);
  await server.join("ben", meeting, bens);
  await server.advance(10_000);
  for (const on of [true, false, true]) {
    await ann.member.moderation.appoint("ben", on);
    await server.advance(2_000);
  }
  const last = ann.policy.grant?.number ?? 0;
  assert(last >= 3);
  const { known } = ann.member.hosting;
  server.leave("ann");
  server.leave("ben");
  await server.advance(1_000);
  server.mark = null;
  await server.join("cay");
  await server.advance(1_000);
  const again = await server.join("again", meeting, anns, meeting.host);
  again.member.hosting.known = known; // as kept by the browser
  await server.advance(10_000);
  assert(again.moderates);
  const claimed = again.policy.grant?.number ?? 0;
  assert(claimed > last, `grant ${claimed} after ${last}`);
  await again.member.moderation.appoint("cay", true);
  await server.advance(2_000);
  assert((again.policy.grant?.number ?? 0) > claimed);
});

test("grants: a mark of the host that comes while his meeting is founded by another is kept to", async () => {
  const server = new Server(await newMeeting());
  const { meeting } = server;
  const ann = await server.join("ann", meeting, undefined, meeting.host);
  await server.advance(1_000);
  await ann.member.moderation.setPolicy(true, false);
  await server.advance(2_000);
  const { mark } = server;
  assert(mark?.closed);
  server.leave("ann");
  server.mark = null;
  const ben = await server.join("ben");
  ben.filterIn = (m) => (m.type === "founded" || m.type === "peers" ? null : m);
  await server.settle();
  assert.equal(ben.phaseNow, "founding");
  ben.filterIn = (m) => m;
  server.deliver("ben", { type: "marked", mark });
  server.deliver("ben", { type: "founded", generation: server.generation, by: "ben" });
  await server.advance(1_000);
  assert.equal(ben.epochs.length, 0);
  assert.equal(ben.policy, OPEN);
  assert.notEqual(ben.phaseNow, "founding");
});

test("grants: two pages of the host name a moderator each at once, and nothing stops by it", async () => {
  const server = new Server(await newMeeting());
  const { meeting } = server;
  const anns = await newDevice();
  const ann = await server.join("ann", meeting, anns, meeting.host);
  await server.advance(300);
  await server.join("ben");
  await server.advance(300);
  await server.join("eve");
  await server.advance(300);
  const window = await server.join("window", meeting, anns, meeting.host);
  await server.advance(10_000);
  void ann.member.moderation.appoint("ben", true);
  void window.member.moderation.appoint("eve", true);
  await server.advance(20_000);
  for (const u of [ann, window]) assert.equal(u.member.hosting.wish, null, u.session);
  assert.equal(ann.base, window.base);
});
