import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { unhex } from "./bytes";
import { newMeeting, Server, type User } from "./fakeserver";
import { isLeave } from "./parting";

const root = process.env.INCAMERA_ROOT!;
const v = JSON.parse(readFileSync(`${root}/testdata/e2ee/leave.json`, "utf8")) as Record<
  "room" | "member" | "device" | "leave",
  string
>;

test("leave: the vector, and not with a bit altered, of another room, or of another length", async () => {
  const [member, device, leave] = [unhex(v.member), unhex(v.device), unhex(v.leave)];
  assert(await isLeave(v.room, leave, member, device));
  assert(!(await isLeave(`${v.room}x`, leave, member, device)));
  for (let i = 0; i < leave.length; i++) {
    const bad = leave.slice();
    bad[i]! ^= 1;
    assert(!(await isLeave(v.room, bad, member, device)), `byte ${i} can be altered`);
  }
  for (const bad of [leave.slice(0, -1), Uint8Array.from([...leave, 0]), leave.slice(0, 0)])
    assert(!(await isLeave(v.room, bad, member, device)), `${bad.length} bytes are taken`);
});

async function three(): Promise<{ server: Server; ann: User; ben: User; cat: User }> {
  const server = new Server(await newMeeting());
  const users: User[] = [];
  for (const s of ["ann", "ben", "cat"]) {
    users.push(await server.join(s));
    await server.advance(300);
  }
  await server.advance(20_000);
  const [ann, ben, cat] = users as [User, User, User];
  return { server, ann, ben, cat };
}

/** The server says of ben to ann that he has left with these words, and then that he is still there. */
async function claim(server: Server, ann: User, body?: Uint8Array): Promise<void> {
  const sent = body ? { body } : {};
  server.deliver("ann", { type: "left", session: "ben", reason: "left", ...sent });
  server.deliver("ann", { type: "arrived", session: "ben" });
  const peers = ["ben", "cat"].map((session) => ({ session, away: false }));
  server.deliver("ann", { type: "peers", peers });
  ann.gone = [];
  await server.advance(5_000);
}

test("leave: who means it is out with the next commit, whatever the server says of him afterwards", async () => {
  const { server, ann, cat } = await three();
  const { epoch } = server;
  server.leave("ben");
  for (const u of [ann, cat]) server.deliver(u.session, { type: "arrived", session: "ben" });
  await server.advance(1_000);
  assert.equal(server.epoch, epoch + 1);
  for (const u of [ann, cat]) {
    assert.deepEqual(u.sees, ["ann", "cat"]);
    assert.deepEqual(u.gone, [{ session: "ben", meant: true }]);
  }
});

test("leave: the server's word alone is no goodbye", async () => {
  const { server, ann, ben } = await three();
  await claim(server, ann);
  assert.deepEqual(ann.gone, [{ session: "ben", meant: false }]);
  for (const u of [ann, ben]) assert.deepEqual(u.sees, ["ann", "ben", "cat"]);
});

test("leave: nobody says goodbye for another, or for a leaf of before", async () => {
  const { server, ann, ben, cat } = await three();
  const early = ben.goodbye!;
  server.deliver("ben", { type: "gap", generation: server.generation }); // he begins anew, as another leaf
  await server.advance(20_000);
  assert.notDeepEqual(ben.goodbye, early);
  const altered = ben.goodbye!.slice();
  altered[50]! ^= 1;
  for (const body of [cat.goodbye!, early, altered, new Uint8Array(0)]) {
    await claim(server, ann, body);
    assert.deepEqual(ann.gone, [{ session: "ben", meant: false }]);
    assert.deepEqual(ann.sees, ["ann", "ben", "cat"]);
  }
  await claim(server, ann, ben.goodbye!);
  assert.deepEqual(ann.gone, [{ session: "ben", meant: true }]);
});
