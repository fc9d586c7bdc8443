/** The numbers of policies: they rise by steps, and come to an end (PROTOCOL.md 2.8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy } from "./access";
import { scene, setPolicy } from "./scene";

test("numbers: a host that knows of a policy far above the one in force is followed", async () => {
  const s = await scene();
  const before = s.ann.policy.number;
  s.ann.member.hosting.known = { ...s.ann.policy, number: 2 ** 30 };
  await setPolicy(s, true, false);
  assert.equal(s.ben.policy.number, before + 65536);
  for (const u of [s.ben, s.eve]) assert.equal(u.lostCount, 0);
});

test("numbers: a group whose policy nobody could follow is joined by nobody who knows the room", async () => {
  const s = await scene();
  await setPolicy(s, true, false); // or eve would be first
  await s.ann.member.moderation.appoint("ben", true);
  await s.server.advance(2_000);
  s.server.leave("ann");
  await s.server.advance(5_000);
  s.ben.member.hosting.known = { ...s.ben.policy, number: 2 ** 32 - 2 };
  (s.server as unknown as { forget(by: string): void }).forget("");
  await s.server.advance(5_000);
  assert.equal(s.ben.policy.number, 2 ** 32 - 1);
  assert.deepEqual(s.ben.sees.includes("eve") && s.eve.phaseNow === "member", false);
  assert(s.eve.member.hosting.known.number < 10);
});

test("numbers: where no policy can follow nothing is wished for, and people still come", async () => {
  const s = await scene();
  for (const u of [s.ann, s.ben, s.eve]) {
    const inside = u.member as unknown as { standing: { policy: Policy } };
    u.member.hosting.known = { ...u.policy, number: 2 ** 32 - 1 };
    inside.standing.policy = u.member.hosting.known;
  }
  const { dropped } = s.ann.member;
  await s.ann.member.moderation.setPolicy(true, false);
  await s.ann.member.moderation.changeLink();
  await s.server.advance(5_000);
  const { wish, wantsLink } = s.ann.member.hosting;
  assert.deepEqual([wish, wantsLink, s.ann.member.dropped], [null, false, dropped]);
  await s.server.join("late");
  await s.server.advance(5_000);
  assert.deepEqual(s.ann.sees, ["ann", "ben", "eve", "late"]);
  assert(!s.ann.member.hosting.mayFound);
});
