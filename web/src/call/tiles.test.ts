import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Member } from "../e2ee/protocol";
import { FakeClock } from "./fake";
import { Pictures } from "./pictures";
import { member } from "./steps";
import { buildTiles, keepOrder, type PeerView, type SeatView, type TilesInput } from "./tiles";

const stream = {} as MediaStream;
const peer = (more: Partial<PeerView> = {}): PeerView => ({
  on: ["mic", "camera"],
  away: false,
  says: null,
  ...more,
});

function input(members: Member[], more: Partial<TilesInput> = {}): TilesInput {
  return {
    order: keepOrder([], members),
    members: new Map(members.map((m) => [m.session, m])),
    peers: new Map(members.filter((m) => !m.self).map((m) => [m.session, peer()])),
    seats: [],
    speaking: new Set(),
    own: { session: "me", name: "Me", stream: null, mic: true, mirrored: true },
    hands: new Map(),
    reactions: new Map(),
    quality: new Map(),
    audioOnly: false,
    ...more,
  };
}

const seat = (session: string, more: Partial<SeatView> = {}): SeatView => ({
  index: 0,
  source: "camera",
  session,
  state: "open",
  shown: true,
  paused: false,
  stream,
  ...more,
});

const me = member("me", 5, true);

describe("order", () => {
  it("keeps everybody's place when people come and go, newcomers last", () => {
    const people = ["ann", "ben", "cleo", "dan"].map((s, i) => member(s, i));
    const [ann, ben, cleo, dan] = people as [Member, Member, Member, Member];
    let order = keepOrder([], [cleo, me, ann]);
    assert.deepEqual(order, ["me", "ann", "cleo"]);
    order = keepOrder(order, [ann, ben, cleo, me]); // a lower leaf than Cleo's, but later
    assert.deepEqual(order, ["me", "ann", "cleo", "ben"]);
    order = keepOrder(order, [ben, cleo, dan, me]);
    assert.deepEqual(order, ["me", "cleo", "ben", "dan"]);
    assert.deepEqual(keepOrder(order, [dan, cleo, ben, me]), order);
  });
});

describe("tiles", () => {
  it("say that our network takes no picture of somebody, and mark weak connections", () => {
    const ann = member("ann", 1);
    const ben = member("ben", 2);
    const tiles = buildTiles(
      input([me, ann, ben], {
        seats: [seat("ann", { paused: true }), seat("ben", { index: 1 })],
        quality: new Map([
          ["ann", { up: "good", upCause: "none", down: "limited", downCause: "bandwidth" }],
          ["me", { up: "good", upCause: "none", down: "paused", downCause: "bandwidth" }],
        ]),
      }),
    );
    const of = (s: string) => tiles.find((t) => t.session === s);
    assert.deepEqual([of("me")?.mark, of("ann")?.mark, of("ben")?.mark], ["stopped", "weak", ""]);
    assert.deepEqual([of("ann")?.video, of("ann")?.stream], ["waiting", null]);
    assert.match(of("ann")?.waitingText ?? "", /too weak for the picture of/);
    assert.equal(of("ben")?.video, "on");
  });

  it("begin with our own, even before there is a group", () => {
    const tiles = buildTiles({ ...input([]), peers: new Map([["ben", peer()]]) });
    assert.deepEqual(
      tiles.map((t) => [t.name, t.self, t.video]),
      [["Me", true, "off"]],
    );
    assert.deepEqual(
      buildTiles(
        input([], { own: { session: "", name: "Me", stream, mic: true, mirrored: true } }),
      ),
      [],
    );
  });

  it("are never on without a picture", () => {
    const ben = member("ben", 0);
    for (const [seats, video] of [
      [[], "waiting"],
      [[seat("ben", { state: "waiting" })], "waiting"],
      [[seat("ben", { shown: false })], "waiting"],
      [[seat("ben", { stream: null })], "waiting"],
      [[seat("ann")], "waiting"],
      [[seat("ben", { source: "screen" })], "waiting"],
      [[seat("ben")], "on"],
    ] as const) {
      const t = buildTiles(input([ben, me], { seats }))[1];
      assert.equal(t?.video, video);
      assert.equal(t?.stream, video === "on" ? stream : null);
      assert.notEqual(t?.waitingText, "");
    }
    const off = input([ben, me], {
      seats: [seat("ben")],
      peers: new Map([["ben", peer({ on: [] })]]),
    });
    assert.deepEqual([buildTiles(off)[1]?.video, buildTiles(off)[1]?.stream], ["off", null]);
  });

  it("show screens before people, and everybody", () => {
    const people = Array.from({ length: 30 }, (_, i) => member(`p${i}`, i));
    const t = input([...people, me]);
    const peers = new Map(t.peers).set("p29", peer({ on: ["screen"] }));
    const tiles = buildTiles({ ...t, peers });
    assert.equal(tiles[0]?.key, "p29 screen");
    assert.equal(tiles[1]?.self, true);
    assert.equal(tiles.length, 32);
    assert.equal(new Set(tiles.map((x) => x.key)).size, tiles.length);
  });

  it("have no pictures of others in audio-only mode but their screens", () => {
    const t = input([member("ben", 0), me], { audioOnly: true });
    const own = { session: "me", name: "Me", stream, mic: true, mirrored: true };
    const peers = new Map([["ben", peer({ on: ["camera", "screen"] })]]);
    const seats = [seat("ben"), seat("ben", { index: 1, source: "screen" })];
    assert.deepEqual(
      buildTiles({ ...t, peers, seats, own }).map((x) => [x.key, x.video]),
      [
        ["ben screen", "on"],
        ["me camera", "on"],
        ["ben camera", "off"],
      ],
    );
  });

  it("believe about muting what the person says, not what the server says", () => {
    const ben = member("ben", 0);
    const muted = (p: PeerView) =>
      buildTiles(input([ben, me], { peers: new Map([["ben", p]]) }))[1]?.muted;
    assert.equal(muted(peer({ on: ["mic"] })), false);
    assert.equal(muted(peer({ on: [] })), true);
    assert.equal(
      muted(peer({ on: ["mic"], says: { mic: false, camera: true, screen: false } })),
      true,
    );
    assert.equal(muted(peer({ on: [], says: { mic: true, camera: true, screen: false } })), false);
  });
});

describe("pictures", () => {
  async function setup() {
    const clock = new FakeClock();
    const counts = [7, 7];
    let changes = 0;
    const pictures = new Pictures(
      clock.after,
      async () => [...counts],
      () => changes++,
    );
    pictures.reset([0, 1]);
    await clock.pass(0);
    return { clock, counts, pictures, changes: () => changes };
  }

  it("are there when more frames were decoded than of the one before", async () => {
    const t = await setup();
    t.pictures.opened(0);
    await t.clock.pass(300);
    assert.equal(t.pictures.shows(0), false);
    t.counts[0] = 8;
    await t.clock.pass(100);
    assert.equal(t.pictures.shows(0), true);
    assert.equal(t.pictures.shows(1), false);
    assert.equal(t.changes(), 1);
    t.pictures.reset([0]);
    assert.equal(
      t.pictures.shows(0),
      false,
      "the picture of the one before is shown as the next one's",
    );
  });

  it("are taken to be there after 2 s of opened frames", async () => {
    const t = await setup();
    t.pictures.opened(0);
    await t.clock.pass(1_999);
    assert.equal(t.pictures.shows(0), false);
    await t.clock.pass(1);
    assert.equal(t.pictures.shows(0), true);
  });

  it("cost no looking while nothing is waited for", async () => {
    const t = await setup();
    t.pictures.opened(0);
    t.counts[0] = 8;
    await t.clock.pass(100);
    const before = t.changes();
    t.pictures.opened(0);
    await t.clock.pass(10_000);
    assert.equal(t.changes(), before);
  });
});
