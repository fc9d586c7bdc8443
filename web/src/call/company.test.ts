import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "./fake";
import { joinedMessage, member, rosterOf, withBen } from "./steps";

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

test("warns once of somebody who is still here when we come back as somebody new", async () => {
  const { b, app } = await withBen();
  const dora = { ...member("dora", 2), newDevice: true };
  await rosterOf(b, [member("ben", 0), member("ann", 1, true), dora], 2);
  b.socket.break();
  await b.clock.pass(1_000);
  b.socket.open();
  b.socket.say(joinedMessage("ann2", [{ session: "ben" }, { session: "dora" }]));
  await settle();
  await rosterOf(b, [member("ben", 0), dora, member("ann2", 3, true)], 3);
  const told = app.meeting.notices.value.filter((n) => n.text.startsWith("Dora"));
  assert.deepEqual(
    told.map((n) => n.text),
    ["Dora uses a new device: you met this name with another one"],
  );
});
