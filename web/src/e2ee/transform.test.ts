import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, utf8 } from "./bytes";
import { Frames } from "./frames";
import type { FromWorker, SeatOwner, SourceName, TransformOptions } from "./protocol";
import { breathe, FakeClock } from "./testing";
import { type EncodedFrame, Transforms } from "./transform";

const room = "acxozefyy5ikkmpyw3dwb5cido";
const secret = "what the camera sees, in clear";

function frame(
  mimeType: string | undefined,
  data: Bytes = utf8(secret),
  type = "key",
): EncodedFrame {
  return {
    type,
    data: data.slice().buffer,
    getMetadata: () => (mimeType === undefined ? {} : { mimeType }),
  };
}

/** A worker's transforms with the frames of session "me" on leaf 0, who sees itself. */
function worker(o: { key?: boolean } = {}) {
  const clock = new FakeClock();
  const told: FromWorker[] = [];
  const frames = new Frames(room, clock);
  const install = (epoch = 1): void => {
    const members = new Map([["me", { leaf: 0, member: "m" }]]);
    frames.install({
      epoch,
      base: new Uint8Array(16).fill(epoch),
      members,
      self: 0,
      removed: true,
    });
  };
  if (o.key ?? true) install();
  const transforms = new Transforms(
    () => frames,
    (m) => told.push(m),
    () => clock.now(),
  );
  const setSeats = (seats: SeatOwner[]): void => {
    frames.setSeats(seats);
    transforms.setSeats(seats);
  };
  const out: EncodedFrame[] = [];
  let requests = 0;
  const sendKeyFrameRequest = (): Promise<void> => {
    requests++;
    return Promise.reject(new Error("not receiving"));
  };
  const pipe = (options: TransformOptions) => {
    const step = transforms.stepFor({ options, sendKeyFrameRequest });
    return (f: EncodedFrame) => step(f, (sent) => out.push(sent));
  };
  return {
    clock,
    told,
    frames,
    transforms,
    install,
    setSeats,
    out,
    pipe,
    requests: () => requests,
  };
}

const isClear = (f: EncodedFrame): boolean =>
  Buffer.from(f.data).includes(Buffer.from(secret)) || f.data.byteLength < secret.length;

const seat = (session: string, source: SourceName = "camera"): SeatOwner[] => [
  { index: 0, source, session },
];

test("seal: without a key nothing leaves, and it is counted", async () => {
  const w = worker({ key: false });
  for (const source of ["mic", "camera", "screen", "screen-audio"] as const) {
    const seal = w.pipe({ op: "seal", source, connection: 1 });
    const audio = source === "mic" || source === "screen-audio";
    for (let i = 0; i < 3; i++) await seal(frame(audio ? "audio/opus" : "video/VP8"));
    assert.equal(w.transforms.counters.unsealed[source], 3);
    assert.equal(w.transforms.counters.sealed[source], 0);
  }
  assert.deepEqual(w.out, []);
});

test("seal: unknown codecs, codecs of the other kind and empty frames do not leave", async () => {
  const w = worker();
  const camera = w.pipe({ op: "seal", source: "camera", connection: 1 });
  const mic = w.pipe({ op: "seal", source: "mic", connection: 1 });
  const odd = [undefined, "", "video/H265", "video/rtx", "audio/opus", "video/VP8 ", "constructor"];
  for (const mime of odd) await camera(frame(mime));
  for (const mime of ["audio/red", "audio/PCMU", "video/VP8", "__proto__"]) await mic(frame(mime));
  await camera(frame("video/VP8", new Uint8Array(0)));
  assert.deepEqual(w.out, []);
  assert.equal(w.transforms.counters.unsealed.camera, odd.length + 1);
  assert.equal(w.transforms.counters.unsealed.mic, 4);
});

test("seal: a frame whose metadata throws does not leave, nor end the stream", async () => {
  const w = worker();
  const seal = w.pipe({ op: "seal", source: "camera", connection: 1 });
  const broken: EncodedFrame = {
    ...frame("video/VP8"),
    getMetadata: () => {
      throw new Error("detached");
    },
  };
  await seal(broken);
  assert.deepEqual(w.out, []);
  await seal(frame("video/VP8"));
  assert.equal(w.out.length, 1);
});

test("seal: what leaves is sealed, of exact size, and counted", async () => {
  const w = worker();
  const codecs = ["video/VP8", "video/VP9", "video/AV1", "video/H264"];
  for (const source of ["camera", "screen"] as const) {
    const seal = w.pipe({ op: "seal", source, connection: 1 });
    for (const mime of codecs)
      for (const type of ["key", "delta"]) await seal(frame(mime, utf8(secret), type));
    assert.equal(w.transforms.counters.sealed[source], 8);
  }
  await w.pipe({ op: "seal", source: "mic", connection: 1 })(frame("audio/opus"));
  assert.equal(w.transforms.counters.sealed.mic, 1);
  assert.equal(w.out.length, 17);
  for (const f of w.out) {
    assert(f.data instanceof ArrayBuffer);
    assert(!isClear(f));
  }
});

test("seal: a transform of a connection that was replaced seals no more", async () => {
  const w = worker();
  const old = w.pipe({ op: "seal", source: "camera", connection: 1 });
  w.pipe({ op: "seal", source: "camera", connection: 2 });
  await old(frame("video/VP8"));
  assert.deepEqual(w.out, []);
});

/** What "me" seals as that source. */
async function sealed(
  w: ReturnType<typeof worker>,
  source: SourceName = "camera",
  mime = "video/VP8",
): Promise<Bytes> {
  await w.pipe({ op: "seal", source, connection: 9 })(frame(mime));
  const f = w.out.pop();
  assert(f);
  return new Uint8Array(f.data);
}

test("open: what cannot be opened does not reach the decoder", async () => {
  const w = worker();
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  const { dropped } = w.transforms.counters;
  w.setSeats(seat("me"));
  await open(frame("video/VP8")); // clear
  assert.equal(dropped.malformed + dropped.wrongOwner + dropped.noKey, 1);
  await open(frame("video/VP8", new Uint8Array(0)));
  assert.equal(dropped.empty, 1);
  const good = await sealed(w);
  await open(frame("video/H265", good));
  await open(frame(undefined, good));
  await open(frame("audio/opus", good));
  assert.equal(dropped.malformed >= 3, true);
  const bad = good.slice();
  bad[bad.length - 1]! ^= 1;
  await open(frame("video/VP8", bad));
  assert.equal(dropped.badTag, 1);
  w.setSeats(seat("eve"));
  await open(frame("video/VP8", good));
  assert.equal(dropped.wrongOwner >= 1, true);
  assert.deepEqual(w.out, []);
  assert.equal(w.transforms.counters.opened, 0);
});

test("open: a replayed frame is dropped quietly", async () => {
  const w = worker();
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  w.setSeats(seat("me"));
  const good = await sealed(w);
  await open(frame("video/VP8", good));
  await open(frame("video/VP8", good));
  assert.equal(w.out.length, 1);
  assert.equal(w.transforms.counters.dropped.replay, 1);
  assert.equal(w.requests(), 0);
});

test("open: the frame's own type is not read", async () => {
  const w = worker();
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  w.setSeats(seat("me"));
  const f = frame("video/VP8", await sealed(w));
  Object.defineProperty(f, "type", {
    get: () => {
      throw new Error("the type of a received frame was read");
    },
  });
  await open(f);
  assert.equal(w.out.length, 1);
  assert.equal(new TextDecoder().decode(w.out[0]!.data), secret);
});

test("open: a key frame is asked for after a dropped picture, every 500 ms at most, and never for sound", async () => {
  const w = worker();
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  w.setSeats(seat("me"));
  const bad = await sealed(w);
  bad[bad.length - 1]! ^= 1;
  for (let i = 0; i < 5; i++) await open(frame("video/VP8", bad));
  assert.equal(w.requests(), 1);
  await w.clock.advance(499);
  await open(frame("video/VP8", bad));
  assert.equal(w.requests(), 1);
  await w.clock.advance(1);
  await open(frame("video/VP8", bad));
  assert.equal(w.requests(), 2);
  const mic = w.pipe({ op: "open", seat: 1, source: "mic", connection: 1 });
  await mic(frame("audio/opus"));
  assert.equal(w.requests(), 2);
});

test("open: frames of a replaced connection are dropped", async () => {
  const w = worker();
  const old = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 2 });
  w.setSeats(seat("me"));
  await old(frame("video/VP8", await sealed(w)));
  assert.deepEqual(w.out, []);
  await open(frame("video/VP8", await sealed(w)));
  assert.equal(w.out.length, 1);
});

test("seats: waiting until a frame was opened, told once per change", async () => {
  const w = worker();
  const open = w.pipe({ op: "open", seat: 0, source: "camera", connection: 1 });
  const states = () =>
    w.told
      .splice(0)
      .map((m) => (m.type === "seat" ? `${m.index} ${m.session} ${m.state}` : m.type));
  w.setSeats(seat("me"));
  w.setSeats(seat("me"));
  assert.deepEqual(states(), ["0 me waiting"]);
  const frames: Bytes[] = [];
  for (let i = 0; i < 4; i++) frames.push(await sealed(w));
  await open(frame("video/VP8", frames[0]));
  await open(frame("video/VP8", frames[1]));
  assert.deepEqual(states(), ["0 me open"]);
  await open(frame("video/VP8")); // a hiccup
  assert.deepEqual(states(), []);
  await w.clock.advance(400);
  await open(frame("video/VP8"));
  assert.deepEqual(states(), ["0 me waiting"]);
  await open(frame("video/VP8", frames[2]));
  assert.deepEqual(states(), ["0 me open"]);
  w.setSeats(seat("ben"));
  assert.deepEqual(states(), ["0 ben waiting"]);
  await open(frame("video/VP8", frames[3]));
  assert.deepEqual(states(), [], "another's frame does not open the seat");
  w.setSeats([]);
  assert.deepEqual(states(), ["0  empty"]);
});

test("attach: the whole stream, in order, and a dropped frame does not end it", async () => {
  const w = worker({ key: false });
  const { readable, writable } = new TransformStream<EncodedFrame, EncodedFrame>();
  const sent: EncodedFrame[] = [];
  w.transforms.attach({
    readable,
    writable: new WritableStream({ write: (f) => void sent.push(f) }),
    options: { op: "seal", source: "camera", connection: 1 },
  });
  const writer = writable.getWriter();
  await writer.write(frame("video/VP8")); // no key yet
  await breathe();
  w.install();
  for (let i = 0; i < 5; i++) await writer.write(frame("video/VP8"));
  await writer.close();
  while (sent.length < 5) await breathe();
  assert(!sent.some(isClear));
  assert.equal(w.transforms.counters.unsealed.camera, 1);
  assert.equal(w.transforms.counters.sealed.camera, 5);
});
