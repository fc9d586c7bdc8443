import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Session, type SocketLike } from "./socket";
import {
  type ClientMessage,
  type Depart,
  decodeClientMessage,
  type Joined,
  parseDepart,
  type ServerMessage,
} from "./wire.gen";

/** Time that passes when it is told to. */
class FakeClock {
  now = 0;
  private timers: { at: number; f: () => void }[] = [];
  after = (ms: number, f: () => void): (() => void) => {
    const timer = { at: this.now + ms, f };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  };
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((t) => t !== next);
      this.now = next.at;
      next.f();
    }
    this.now = end;
  }
}

interface Sent {
  n: number;
  ack: number;
  message: ClientMessage;
}

class FakeSocket implements SocketLike {
  onopen: ((e: Event) => void) | null = null;
  onclose: ((e: CloseEvent) => void) | null = null;
  onmessage: ((e: MessageEvent) => void) | null = null;
  readyState = 1;
  closed = false;
  readonly sent: Sent[] = [];
  send(text: string): void {
    const v = JSON.parse(text) as { n?: number; ack?: number };
    this.sent.push({ n: v.n ?? 0, ack: v.ack ?? 0, message: decodeClientMessage(v) });
  }
  close(): void {
    this.closed = true;
  }
  open(): void {
    this.onopen?.(new Event("open"));
  }
  break(): void {
    this.onclose?.({} as CloseEvent);
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }
  types(): string[] {
    return this.sent.map((s) => s.message.type);
  }
  numbers(): number[] {
    return this.sent.filter((s) => s.n > 0).map((s) => s.n);
  }
  acks(): number[] {
    return this.sent.filter((s) => s.message.type === "ack").map((s) => s.ack);
  }
}

const token = new Uint8Array(32).fill(7);
const secret = Buffer.alloc(32, 9).toString("base64");
const room = "a".repeat(26);

function joinedMessage(more: object = {}): object {
  const first = {
    type: "joined",
    session: "ann",
    secret,
    resumed: false,
    received: 0,
    incarnation: "i1",
  };
  return { ...first, generation: 1, founded: false, card: "", maxFile: 0, ...more };
}

/** Ben arrives, as message n of the server. */
const arrived = (n: number, session = `s${n}`): object => ({ type: "arrived", n, session });

function setup(random = 0.5) {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const departed: Promise<Depart & { path: string }>[] = [];
  const joins: { joined: Joined; fresh: boolean }[] = [];
  const messages: ServerMessage[] = [];
  const refusals: string[] = [];
  const seen = { broken: 0 };
  const session = new Session(
    {
      connect() {
        const s = new FakeSocket();
        sockets.push(s);
        return s;
      },
      after: clock.after,
      random: () => random,
      beacon: (path, body) => departed.push(body.text().then((t) => ({ path, ...parseDepart(t) }))),
    },
    {
      joined: (joined, fresh) => joins.push({ joined, fresh }),
      message: (m) => messages.push(m),
      refused: (code) => refusals.push(code),
      broken: () => seen.broken++,
    },
  );
  session.open(room, token);
  const last = (): FakeSocket => {
    const s = sockets.at(-1);
    assert.ok(s, "no socket was made");
    return s;
  };
  return { clock, sockets, departed, joins, messages, refusals, seen, session, last };
}

function joinedSetup() {
  const t = setup();
  t.last().open();
  t.last().say(joinedMessage());
  return t;
}

const sources = (...on: ("mic" | "camera")[]): ClientMessage => ({ type: "sources", on });
const sessionsOf = (messages: readonly ServerMessage[]): string[] =>
  messages.map((m) => (m.type === "arrived" ? m.session : m.type));

describe("session: joining", () => {
  it("sends join first, without a number, and nothing before joined", () => {
    const t = setup();
    t.session.send(sources("mic"));
    assert.deepEqual(t.last().sent, [], "something left before the socket was open");
    t.last().open();
    assert.deepEqual(t.last().sent, [{ n: 0, ack: 0, message: { type: "join", room, token } }]);
    t.last().say(arrived(1));
    assert.deepEqual(t.messages, [], "a message before joined was taken");
    t.last().say(joinedMessage());
    assert.equal(t.joins.length, 1);
    assert.equal(t.joins[0]?.fresh, true);
  });

  it("numbers from 1 without gaps, and tells what it received with each message", () => {
    const t = joinedSetup();
    t.session.send(sources());
    t.last().say(arrived(1));
    t.last().say(arrived(2));
    t.session.send(sources("mic"));
    const numbered = t.last().sent.slice(1);
    assert.deepEqual(
      numbered.map(({ n, ack }) => ({ n, ack })),
      [
        { n: 1, ack: 0 },
        { n: 2, ack: 2 },
      ],
    );
  });

  it("passes a refusal on and does not connect again by itself", () => {
    const t = setup();
    t.last().open();
    t.last().say({ type: "refused", code: "refused", text: "There is no meeting." });
    t.clock.pass(60_000);
    assert.deepEqual(t.refusals, ["refused"]);
    assert.equal(t.sockets.length, 1);
    t.session.open(room, token);
    assert.equal(t.sockets.length, 2, "open() does not try again");
  });

  it("waits and tries again when the server is too busy", () => {
    const t = setup();
    t.last().open();
    t.last().say({ type: "refused", code: "rate", text: "Wait." });
    assert.deepEqual(t.refusals, []);
    t.clock.pass(250);
    assert.equal(t.sockets.length, 2);
  });
});

describe("session: resuming", () => {
  it("repeats exactly what the server missed", () => {
    const t = joinedSetup();
    for (const on of [[], ["mic"], ["camera"]] as const) t.session.send(sources(...on));
    t.last().break();
    t.session.send(sources("mic", "camera")); // while there is no socket
    t.clock.pass(250);
    t.last().open();
    const [join] = t.last().sent;
    assert.ok(join?.message.type === "join");
    assert.equal(join.message.resume?.session, "ann");
    t.last().say(joinedMessage({ resumed: true, received: 1 }));
    assert.deepEqual(t.last().numbers(), [2, 3, 4]);
    assert.deepEqual(t.last().sent.at(-1)?.message, sources("mic", "camera"));
    assert.equal(t.joins.at(-1)?.fresh, false);
    t.session.send(sources());
    assert.equal(t.last().numbers().at(-1), 5, "numbers do not go on");
  });

  it("repeats nothing that was acknowledged before the break", () => {
    const t = joinedSetup();
    t.session.send(sources());
    t.session.send(sources("mic"));
    t.last().say({ type: "ack", ack: 2 });
    t.last().break();
    t.clock.pass(250);
    t.last().open();
    t.last().say(joinedMessage({ resumed: true, received: 0 })); // what was acknowledged stays so
    assert.deepEqual(t.last().numbers(), []);
  });

  it("asks for exactly what it missed itself, and drops what comes twice", () => {
    const t = joinedSetup();
    t.last().say(arrived(1));
    t.last().say(arrived(2));
    t.last().break();
    t.clock.pass(250);
    t.last().open();
    const [join] = t.last().sent;
    assert.ok(join?.message.type === "join");
    assert.equal(join.message.resume?.received, 2);
    t.last().say(joinedMessage({ resumed: true, received: 0 }));
    for (const n of [1, 2, 3, 3, 4]) t.last().say(arrived(n));
    assert.deepEqual(sessionsOf(t.messages), ["s1", "s2", "s3", "s4"]);
    assert.equal(t.session.dropped.repeated, 3);
  });

  it("takes a joined that is not resumed as a fresh start: old messages are void, numbers begin at 1", () => {
    const t = joinedSetup();
    t.session.send(sources("mic"));
    t.last().say(arrived(1));
    t.last().break();
    t.clock.pass(250);
    t.last().open();
    t.last().say(joinedMessage({ session: "other", incarnation: "i2" }));
    assert.equal(t.joins.at(-1)?.fresh, true);
    assert.deepEqual(
      t.last().numbers(),
      [],
      "a message of the old session was sent in the new one",
    );
    t.last().say(arrived(1, "again"));
    assert.equal(sessionsOf(t.messages).at(-1), "again");
    t.session.send(sources());
    assert.deepEqual(t.last().numbers(), [1]);
    t.last().break();
    t.clock.pass(250);
    t.last().open();
    t.last().say(joinedMessage({ resumed: true, session: "other", received: 0 }));
    assert.deepEqual(
      t
        .last()
        .sent.slice(1)
        .map((s) => s.message),
      [sources()],
      "an old message is kept for later",
    );
  });

  it("does not believe a resumed joined that names another session", () => {
    const t = joinedSetup();
    t.last().break();
    t.clock.pass(250);
    t.last().open();
    t.last().say(joinedMessage({ resumed: true, session: "somebody" }));
    assert.equal(t.joins.at(-1)?.fresh, true);
  });

  it("connects again when a number is missing, instead of going on with a gap", () => {
    const t = joinedSetup();
    t.last().say(arrived(1));
    t.last().say(arrived(3));
    assert.deepEqual(sessionsOf(t.messages), ["s1"]);
    assert.equal(t.seen.broken, 1);
    t.clock.pass(250);
    t.last().open();
    const [join] = t.last().sent;
    assert.ok(join?.message.type === "join");
    assert.equal(join.message.resume?.received, 1);
  });
});

describe("session: pauses", () => {
  it("doubles the pause from 250 ms to 5 s", () => {
    const t = joinedSetup();
    t.last().break();
    for (const pause of [250, 500, 1000, 2000, 4000, 5000, 5000]) {
      const before = t.sockets.length;
      t.clock.pass(pause - 1);
      assert.equal(t.sockets.length, before, `sooner than ${pause} ms`);
      t.clock.pass(1);
      assert.equal(t.sockets.length, before + 1, `not after ${pause} ms`);
      t.last().break();
    }
  });

  it("begins with a short pause again after it was joined", () => {
    const t = joinedSetup();
    t.last().break();
    t.clock.pass(250);
    t.last().break();
    t.clock.pass(500);
    t.last().open();
    t.last().say(joinedMessage({ resumed: true }));
    t.last().break();
    t.clock.pass(250);
    assert.equal(t.sockets.length, 4);
  });

  for (const [random, at] of [
    [0, 187.5],
    [0.999, 312.375],
  ] as const) {
    it(`spreads the pause by a quarter either way: ${at} ms`, () => {
      const t = setup(random);
      t.last().break();
      t.clock.pass(at - 1);
      assert.equal(t.sockets.length, 1);
      t.clock.pass(1);
      assert.equal(t.sockets.length, 2);
    });
  }

  it("tries at once when the network is back, and once only", () => {
    const t = joinedSetup();
    t.session.hurry();
    assert.equal(t.sockets.length, 1, "a live socket was replaced");
    t.last().break();
    t.session.hurry();
    assert.equal(t.sockets.length, 2);
    t.clock.pass(10_000);
    assert.equal(t.sockets.length, 2, "the pause ended as well");
  });
});

describe("session: silence", () => {
  it("gives up a socket that does not come up", () => {
    const t = setup();
    t.clock.pass(9_999);
    assert.equal(t.seen.broken, 0);
    t.clock.pass(1);
    assert.equal(t.seen.broken, 1);
    t.clock.pass(250);
    assert.equal(t.sockets.length, 2);
    assert.equal(t.sockets[0]?.closed, true);
  });

  it("gives up a socket on which nothing is acknowledged", () => {
    const t = joinedSetup();
    t.session.send(sources());
    t.clock.pass(6_000);
    t.session.send(sources("mic"));
    t.clock.pass(3_000);
    t.last().say({ type: "ack", ack: 1 });
    t.clock.pass(9_999);
    assert.equal(t.seen.broken, 0, "it was acknowledged in part, and given up all the same");
    t.clock.pass(1);
    assert.equal(t.seen.broken, 1);
  });

  it("keeps a socket on which there is nothing to acknowledge", () => {
    const t = joinedSetup();
    t.session.send(sources());
    t.last().say({ type: "ack", ack: 1 });
    t.last().say(arrived(1));
    t.clock.pass(600_000);
    assert.equal(t.seen.broken, 0);
    assert.equal(t.sockets.length, 1);
  });
});

describe("session: acknowledging", () => {
  it("acknowledges after 16 messages", () => {
    const t = joinedSetup();
    for (let n = 1; n <= 15; n++) t.last().say(arrived(n));
    assert.deepEqual(t.last().acks(), []);
    t.last().say(arrived(16));
    assert.deepEqual(t.last().acks(), [16]);
    for (let n = 17; n <= 32; n++) t.last().say(arrived(n));
    assert.deepEqual(t.last().acks(), [16, 32]);
  });

  it("acknowledges after 2 s, once", () => {
    const t = joinedSetup();
    t.last().say(arrived(1));
    t.clock.pass(1_999);
    assert.deepEqual(t.last().acks(), []);
    t.clock.pass(1);
    assert.deepEqual(t.last().acks(), [1]);
    t.clock.pass(60_000);
    assert.deepEqual(t.last().acks(), [1]);
  });

  it("needs no bare acknowledgement when it has something to say", () => {
    const t = joinedSetup();
    t.last().say(arrived(1));
    t.session.send(sources());
    t.clock.pass(10_000);
    assert.deepEqual(t.last().acks(), []);
  });
});

describe("session: a malformed message", () => {
  for (const [what, text] of [
    ["that is no JSON", "{"],
    ["of an unknown type", '{"type":"open_sesame","n":1}'],
    ["with a field of another type", '{"type":"arrived","n":1,"session":7}'],
    [
      "with base64 that is not canonical",
      '{"type":"asked","n":1,"generation":1,"from":"x","body":"AB=="}',
    ],
    ["that is a list", "[]"],
    ["with a number that is none", '{"type":"arrived","n":-1,"session":"x"}'],
  ] as const) {
    it(`${what} is dropped and counted, and the session goes on`, () => {
      const t = joinedSetup();
      t.last().onmessage?.({ data: text } as MessageEvent);
      assert.deepEqual(t.messages, []);
      assert.equal(t.session.dropped.malformed, 1);
      const took = text.includes('"n":1') ? 1 : 0;
      t.last().say(arrived(took + 1, "ben"));
      assert.deepEqual(sessionsOf(t.messages), ["ben"]);
      assert.equal(t.seen.broken, 0);
    });
  }

  it("in binary is dropped", () => {
    const t = joinedSetup();
    t.last().onmessage?.({ data: new ArrayBuffer(8) } as MessageEvent);
    assert.equal(t.session.dropped.malformed, 1);
    assert.equal(t.seen.broken, 0);
  });
});

describe("session: the end", () => {
  it("tells that it leaves, and neither sends nor connects any more", () => {
    const t = joinedSetup();
    t.session.close();
    assert.equal(t.last().types().at(-1), "leave");
    assert.equal(t.last().closed, true);
    t.session.send(sources());
    t.session.hurry();
    t.clock.pass(60_000);
    assert.equal(t.last().types().at(-1), "leave");
    assert.equal(t.sockets.length, 1);
  });

  for (const [how, cut] of [
    ["is broken", (s: FakeSocket) => s.break()],
    ["was closed by the browser", (s: FakeSocket) => void (s.readyState = 2)],
  ] as const)
    it(`leaves without the socket when it ${how}, once`, async () => {
      const t = joinedSetup();
      const body = Uint8Array.of(1, 2, 3);
      cut(t.last());
      t.session.close(body);
      t.session.close(body);
      assert.deepEqual(t.last().types(), ["join"]);
      const own = { session: "ann", secret: new Uint8Array(Buffer.from(secret, "base64")) };
      const said = await Promise.all(t.departed);
      assert.deepEqual(said, [{ path: "/api/leave", room, ...own, body }]);
    });

  it("has nothing to leave before it has joined", () => {
    const t = setup();
    t.session.close();
    assert.deepEqual(t.departed, []);
  });

  it("stops trying when it is closed during a pause", () => {
    const t = joinedSetup();
    t.last().break();
    t.session.close();
    t.clock.pass(60_000);
    assert.equal(t.sockets.length, 1);
  });
});
