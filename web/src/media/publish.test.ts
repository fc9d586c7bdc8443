import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { FakePeerConnection, fakeGlobals, settle } from "../call/fake";
import type { CryptoClient } from "../e2ee/client";
import type { VideoCodec } from "../wire/wire.gen";
import type { Encoding } from "./encodings";
import { alone, PublishConnection } from "./publish";

const DESCRIPTOR =
  "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/** A connection that can be told which header extensions to offer; described: the server answers with descriptors. */
class Extensible extends FakePeerConnection {
  readonly asked: string[] = [];
  constructor(private readonly described: boolean) {
    super();
  }
  override addTransceiver(
    ...args: Parameters<FakePeerConnection["addTransceiver"]>
  ): ReturnType<FakePeerConnection["addTransceiver"]> {
    const t = super.addTransceiver(...args);
    let offered = [
      { uri: "urn:other", direction: "sendrecv" },
      { uri: DESCRIPTOR, direction: "stopped" },
    ];
    return Object.assign(t, {
      getHeaderExtensionsToNegotiate: () => offered,
      setHeaderExtensionsToNegotiate: (all: typeof offered) => {
        offered = all;
      },
      getNegotiatedHeaderExtensions: () =>
        offered.filter((e) => this.described || e.uri !== DESCRIPTOR),
      offered: () => offered.map((e) => e.direction).join(),
    });
  }
  /** Of the pictures: which codecs are offered, and whether other extensions and descriptors are. */
  offer(): string[] {
    return this.transceivers
      .filter((t) => t.kind === "video")
      .map((t) => {
        const codecs = t.preferences.map((c) => c.mimeType.replace("video/", "")).join();
        return `${codecs} ${(t as unknown as { offered(): string }).offered?.() ?? ""}`.trim();
      });
  }
}

const codecs = ["video/AV1", "video/VP9", "video/VP8", "video/rtx"];
const everything = ["AV1,VP9,VP8,rtx sendrecv,stopped", "AV1,VP9,VP8,rtx sendrecv,stopped"];
const av1 = ["AV1,rtx sendrecv,sendrecv", "AV1,rtx sendrecv,sendrecv"];

function open(pc: FakePeerConnection, codec: VideoCodec = "av1", spatial = false) {
  let offers = 0;
  let lost = 0;
  const client = { attach: () => {} } as unknown as CryptoClient;
  const c = new PublishConnection(
    () => pc as unknown as RTCPeerConnection,
    client,
    1,
    codec,
    spatial,
    {
      after: () => () => {},
      offer: () => offers++,
      connected: () => {},
      lost: () => lost++,
    },
  );
  const camera = pc.transceivers[1];
  assert.ok(camera);
  camera.sender.codecs = codecs.map((mimeType) => ({
    mimeType,
    clockRate: 90_000,
    payloadType: 0,
  }));
  return {
    c,
    counts: () => [offers, lost],
    mode: () => (camera.sender.getParameters().encodings[0] as Encoding).scalabilityMode,
    answer: async () => {
      await c.answered("v=0\r\n");
      await settle();
    },
    encoding: () => camera.sender.getParameters().encodings[0] as Encoding,
    allDescribe: async (yes: boolean) => {
      c.takes(["vp8", "vp9", "av1"], yes);
      await settle();
    },
    takes: async (...all: VideoCodec[]) => {
      c.takes(all, false);
      await settle();
    },
  };
}

describe("AV1 with descriptors", () => {
  beforeEach(() => {
    fakeGlobals();
    Object.assign(globalThis, {
      RTCRtpReceiver: {
        getCapabilities: () => ({ codecs: codecs.map((mimeType) => ({ mimeType })) }),
      },
    });
  });

  it("is offered alone once all take it, in temporal layers, and makes place for the others again", async () => {
    const pc = new Extensible(true);
    const p = open(pc);
    await p.c.negotiate();
    p.c.limit("camera", 3);
    await p.takes("vp8", "vp9", "av1"); // nothing is offered before the first answer
    assert.deepEqual([pc.offer(), p.counts()], [everything, [1, 0]]);
    await p.answer();
    assert.deepEqual([pc.offer(), p.counts()], [av1, [2, 0]]);
    assert.equal(pc.signalingState, "have-local-offer");
    await p.answer();
    assert.deepEqual([p.mode(), p.counts()], ["L1T3", [2, 0]]);
    await p.takes("vp8", "vp9");
    assert.deepEqual([pc.offer(), p.counts()], [everything, [3, 0]]);
    await p.takes("vp8", "vp9", "av1"); // one offer at a time
    assert.deepEqual([pc.offer(), p.counts()], [everything, [3, 0]]);
    await p.answer();
    assert.deepEqual([pc.offer(), p.counts()], [av1, [4, 0]]);
  });

  it("is in as many spatial layers as are watched where all take descriptors", async () => {
    const p = open(new Extensible(true), "av1", true);
    await p.c.negotiate();
    p.c.limit("camera", 3);
    await p.answer();
    await p.allDescribe(true);
    await p.answer();
    const told = () => {
      const { scalabilityMode, scaleResolutionDownBy, maxBitrate, active } = p.encoding();
      return [scalabilityMode, scaleResolutionDownBy, maxBitrate, active];
    };
    assert.deepEqual(told(), ["L3T3_KEY", 1, 1_700_000, true]);
    for (const [watched, mode, scale, bits] of [
      [2, "L2T3_KEY", 2, 550_000],
      [1, "L1T3", 4, 150_000],
      [3, "L3T3_KEY", 1, 1_700_000],
    ] as const) {
      p.c.limit("camera", watched);
      await settle();
      assert.deepEqual(told(), [mode, scale, bits, true]);
    }
    await p.allDescribe(false); // somebody came who takes none
    assert.deepEqual(told(), ["L1T3", 1, 1_200_000, true]);
    await p.allDescribe(true);
    assert.deepEqual(told(), ["L3T3_KEY", 1, 1_700_000, true]);
    p.c.limit("camera", 0);
    await settle();
    assert.equal(p.encoding().active, false);
  });

  it("is in no spatial layers where the machine is slow, or the browser refuses them", async () => {
    for (const spatial of [false, true]) {
      const pc = new Extensible(true);
      const p = open(pc, "av1", spatial);
      const sender = pc.transceivers[1]?.sender;
      assert.ok(sender);
      const set = sender.setParameters.bind(sender);
      sender.setParameters = (parameters) =>
        (parameters.encodings[0] as Encoding).scalabilityMode?.startsWith("L3")
          ? Promise.reject(new Error("no such mode"))
          : set(parameters);
      await p.c.negotiate();
      p.c.limit("camera", 3);
      await p.answer();
      await p.allDescribe(true);
      await p.answer();
      assert.deepEqual(
        [p.mode(), p.encoding().maxBitrate, p.counts()],
        ["L1T3", 1_200_000, [2, 0]],
      );
    }
  });

  it("leaves a whole picture behind when it gives way to VP8", async () => {
    const pc = new Extensible(true);
    const p = open(pc, "av1", true);
    await p.c.negotiate();
    p.c.limit("camera", 1);
    await p.answer();
    await p.allDescribe(true);
    await p.answer();
    assert.equal(p.encoding().scaleResolutionDownBy, 4);
    await p.takes("vp8");
    await p.answer();
    const { scaleResolutionDownBy, maxBitrate, codec } = p.encoding();
    assert.deepEqual(
      [codec?.mimeType, scaleResolutionDownBy, maxBitrate],
      ["video/VP8", 1, 1_200_000],
    );
  });

  it("keeps its spatial layers where the browser refuses what is asked of the screen", async () => {
    const pc = new Extensible(true);
    const p = open(pc, "av1", true);
    const screen = pc.transceivers[2]?.sender;
    assert.ok(screen);
    screen.setParameters = () => Promise.reject(new Error("no"));
    await p.c.negotiate();
    p.c.limit("camera", 3);
    p.c.limit("screen", 1);
    await p.answer();
    await p.allDescribe(true);
    await p.answer();
    p.c.limit("camera", 2);
    await settle();
    assert.equal(p.mode(), "L2T3_KEY");
  });

  it("is in one layer where the server describes nothing", async () => {
    const pc = new Extensible(false);
    const p = open(pc);
    await p.c.negotiate();
    p.c.limit("camera", 3);
    await p.answer();
    await p.takes("vp8", "vp9", "av1");
    await p.answer();
    assert.deepEqual([pc.offer(), p.mode(), p.counts()], [av1, "L1T1", [2, 0]]);
  });

  it("is not offered alone by browsers that describe nothing, nor where nobody asked for AV1", async () => {
    for (const [pc, codec] of [
      [new FakePeerConnection(), "av1"],
      [new Extensible(true), "vp8"],
    ] as const) {
      const p = open(pc, codec);
      await p.c.negotiate();
      await p.answer();
      await p.takes("vp8", "vp9", "av1");
      assert.deepEqual(p.counts(), [1, 0], codec);
    }
  });

  it("goes with its own retransmissions and nothing else", () => {
    const list = ["video/AV1", "video/VP8", "video/rtx", "video/AV1"];
    assert.deepEqual(
      alone(list.map((mimeType) => ({ mimeType, clockRate: 90_000 }))).map((c) => c.mimeType),
      ["video/AV1", "video/rtx", "video/AV1"],
    );
  });
});
