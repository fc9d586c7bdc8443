import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AppPayload, MAX_TICKET } from "../e2ee/protocol";
import { FakeClock } from "./fake";
import { gather, lineOf, nextTicket, Signs } from "./signs";
import { withBen } from "./steps";

const hand = (ticket: number) => ({ kind: "hand", ticket }) as const;
const clap = { kind: "reaction", sign: "applause" } as const;

function setup() {
  const clock = new FakeClock();
  const said: AppPayload[] = [];
  const signs = new Signs({
    after: clock.after,
    now: () => clock.now,
    say: (p) => said.push(p) > 0,
    me: () => "me",
  });
  return { clock, said, signs };
}

describe("hands", () => {
  it("stand in the order of their tickets, equal ones in the order of sessions, whoever looks", () => {
    const hands = [
      ["cleo", 2],
      ["ben", 2],
      ["ann", 7],
      ["dan", 1],
    ] as const;
    assert.deepEqual(lineOf(new Map(hands)), ["dan", "ben", "cleo", "ann"]);
    assert.deepEqual(lineOf(new Map([...hands].reverse())), ["dan", "ben", "cleo", "ann"]);
  });

  it("go behind everybody, and never beyond what may be said", () => {
    assert.equal(nextTicket(new Map()), 1);
    assert.equal(nextTicket(new Map([["ann", 4]])), 5);
    assert.equal(nextTicket(new Map([["eve", MAX_TICKET]])), MAX_TICKET);
  });

  it("are raised, said again to newcomers, and lowered", () => {
    const { signs, said } = setup();
    signs.take("ann", "Ann", hand(3));
    signs.toggleHand();
    assert.deepEqual(said, [hand(4)]);
    signs.repeat();
    assert.equal(said.length, 1, "said again before the group heard it");
    signs.take("me", "Me", hand(4));
    assert.equal(signs.places.value.get("me"), 2);
    signs.repeat();
    signs.toggleHand();
    assert.deepEqual(said.slice(1), [hand(4), hand(0)]);
    signs.take("me", "Me", hand(0));
    assert.deepEqual([...signs.places.value], [["ann", 1]]);
  });

  it("of those who left are gone", () => {
    const { signs } = setup();
    signs.take("ann", "Ann", hand(1));
    signs.take("ben", "Ben", hand(2));
    signs.keep(new Set(["me", "ben"]));
    assert.deepEqual([...signs.places.value], [["ben", 1]]);
  });
});

describe("reactions", () => {
  it("are shown for four seconds from the last one", async () => {
    const { signs, clock } = setup();
    signs.take("ann", "Ann", clap);
    await clock.pass(3_000);
    signs.take("ann", "Ann", { kind: "reaction", sign: "heart" });
    await clock.pass(3_999);
    assert.equal(signs.shown.value.get("ann"), "heart");
    await clock.pass(1);
    assert.equal(signs.shown.value.size, 0);
  });

  it("of ours are spaced, so that a held key does not fill the log", async () => {
    const { signs, clock, said } = setup();
    for (let i = 0; i < 5; i++) signs.react("heart");
    assert.equal(said.length, 1);
    await clock.pass(400);
    signs.react("heart");
    assert.equal(said.length, 2);
  });
});

describe("what is read out", () => {
  it("is the first at once, then all that came within three seconds together", async () => {
    const { signs, clock } = setup();
    signs.take("ann", "Ann", hand(1));
    assert.deepEqual(signs.reading.value?.hands, ["Ann"]);
    const first = signs.reading.value;
    signs.take("ann", "Ann", hand(1));
    for (let i = 0; i < 40; i++) signs.take("ben", "Ben", clap);
    signs.take("cleo", "Cleo", clap);
    await clock.pass(2_999);
    assert.equal(signs.reading.value, first, "chatter");
    await clock.pass(1);
    assert.deepEqual(signs.reading.value, {
      hands: [],
      reactions: { names: ["Ben", "Cleo"], signs: ["applause"] },
    });
  });

  it("leaves out what we do ourselves, and hands that go down", () => {
    const { signs } = setup();
    signs.take("me", "Me", hand(1));
    signs.take("me", "Me", clap);
    signs.take("ann", "Ann", hand(0));
    assert.equal(signs.reading.value, null);
    assert.deepEqual(gather([]), { hands: [], reactions: { names: [], signs: [] } });
  });
});

describe("meeting: hands", () => {
  const heard = (session: string, payload: AppPayload) =>
    ({ type: "said", session, name: session, self: session === "ann", payload }) as const;

  it("are on the tile and in the list, in order, and said again when somebody joins", async () => {
    const { b, app } = await withBen();
    b.worker.tell(heard("ben", hand(1)));
    app.meeting.signs.toggleHand();
    await b.clock.pass(0);
    app.meeting.signs.toggleHand();
    await b.clock.pass(0);
    b.worker.tell(heard("ann", hand(2)));
    await b.clock.pass(0);
    assert.deepEqual(
      app.meeting.tiles.value.map((t) => [t.name, t.hand]),
      [
        ["Ann", 2],
        ["Ben", 1],
      ],
    );
    assert.deepEqual(
      app.meeting.people.value.map((p) => p.hand),
      [2, 1],
    );
    b.socket.say({ type: "left", session: "ben", reason: "left" });
    await b.clock.pass(0);
    assert.equal(app.meeting.tiles.value[0]?.hand, 1, "the line does not move up");
  });
});
