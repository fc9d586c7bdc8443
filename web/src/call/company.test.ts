import assert from "node:assert/strict";
import { test } from "node:test";
import { member, rosterOf, withBen } from "./steps";

test("takes back its warning of somebody who has left, and leaves that of another", async () => {
  const { b, app } = await withBen();
  const here = [member("ben", 0), member("ann", 1, true)];
  const doubtful = ["cleo", "dora"].map((s, i) => ({ ...member(s, 2 + i), newDevice: true }));
  await rosterOf(b, [...here, ...doubtful], 2);
  const told = (): string[] => app.meeting.notices.value.map((n) => n.text.slice(0, 4));
  assert.deepEqual(told(), ["Cleo", "Dora"]);
  await rosterOf(b, [...here, ...doubtful.slice(1)], 3);
  assert.deepEqual(told(), ["Dora"]);
});
