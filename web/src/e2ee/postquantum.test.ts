/** Rooms of the post-quantum suite: they live as every other does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newMeeting, Server, type User } from "./fakeserver";
import { loadSuite, SUITE_X25519, SUITE_XWING } from "./mls";
import { checkGroup } from "./policy";

const codes = (users: readonly User[]): Set<string> => new Set(users.map((u) => u.base!));

test("people come, talk, leave and are removed in a post-quantum room", async () => {
  await assert.rejects(
    newMeeting("Tea", SUITE_XWING).then((m) => new Server(m).join("ann")),
    /no cipher/,
  );
  await loadSuite(SUITE_XWING);
  const server = new Server(await newMeeting("Tea", SUITE_XWING));
  const users: User[] = [];
  for (const name of ["ann", "ben", "cat", "dan"]) {
    users.push(await server.join(name));
    await server.advance(4_000); // some warm the tree meanwhile
  }
  assert.deepEqual(users[3]!.sees, ["ann", "ben", "cat", "dan"]);
  assert.equal(codes(users).size, 1);
  await users[1]!.say("hello");
  await server.settle();
  assert.deepEqual(users[3]!.texts(), ["ben: hello"]);
  const before = users[0]!.base;
  server.leave("ben");
  await server.advance(3_000);
  const rest = users.filter((u) => u.session !== "ben");
  assert.equal(codes(rest).size, 1);
  assert.notEqual(rest[0]!.base, before);
  assert.deepEqual(rest[2]!.sees, ["ann", "cat", "dan"]);
  for (const u of rest) assert.equal(u.member.dropped, 0);
});

test("a group of another suite than the card's is none of the room's", async () => {
  await loadSuite(SUITE_XWING);
  const meeting = await newMeeting("Tea", SUITE_X25519);
  const server = new Server(meeting);
  const ann = await server.join("ann");
  await server.settle();
  const { group, hosting } = ann.member as unknown as {
    group: { ctx: Parameters<typeof checkGroup>[1]; members(): Parameters<typeof checkGroup>[2] };
    hosting: { known: Parameters<typeof checkGroup>[3] };
  };
  await checkGroup(meeting, group.ctx, group.members(), hosting.known);
  const other = { ...meeting, card: { ...meeting.card, suite: SUITE_XWING } };
  await assert.rejects(
    checkGroup(other, group.ctx, group.members(), hosting.known),
    /another cipher suite/,
  );
});
