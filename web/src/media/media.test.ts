import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock, FakePeerConnection } from "../call/fake";
import { blockerOf, problemOf } from "./devices";
import {
  canLayer,
  codecFor,
  encodeWith,
  encodingsOf,
  inOneStream,
  inThree,
  spatialLayers,
} from "./encodings";
import { preferred } from "./publish";
import { relayServer } from "./relay";
import { quietOffer, quietOpus, withoutAudioLevel } from "./sdp";
import { bypassed, decodedFrames, sentFrames } from "./stats";
import { SMALL, seatsToAdd } from "./subscribe";
import { watch } from "./watch";

const chromium = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 63",
  "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "a=fmtp:63 111/111",
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
  "a=rtpmap:96 VP8/90000",
  "a=fmtp:97 apt=96",
  "",
].join("\r\n");

const firefox = [
  "m=audio 9 UDP/TLS/RTP/SAVPF 109",
  "a=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "a=fmtp:109 maxplaybackrate=48000; stereo=1; useinbandfec=1",
  "a=rtpmap:109 opus/48000/2",
  "",
].join("\r\n");

describe("sdp", () => {
  it("makes Opus constant and quiet, whatever it was before, and touches nothing else", () => {
    const c = quietOffer(chromium);
    assert.match(
      c,
      /^a=fmtp:111 minptime=10;useinbandfec=1;cbr=1;usedtx=0;stereo=0;maxaveragebitrate=32000\r$/m,
    );
    assert.match(c, /^a=fmtp:63 111\/111\r$/m);
    assert.match(c, /^a=fmtp:97 apt=96\r$/m);
    const f = quietOffer(firefox);
    assert.match(
      f,
      /^a=fmtp:109 maxplaybackrate=48000;stereo=0;useinbandfec=1;cbr=1;usedtx=0;maxaveragebitrate=32000\r$/m,
    );
  });

  it("offers no audio level, and keeps the other header extensions", () => {
    for (const sdp of [chromium, firefox]) {
      assert.doesNotMatch(withoutAudioLevel(sdp), /audio-level/);
      assert.doesNotMatch(quietOffer(sdp), /audio-level/);
    }
    assert.match(quietOffer(chromium), /abs-send-time/);
  });

  it("changes nothing a second time", () => {
    assert.equal(quietOpus(quietOpus(chromium)), quietOpus(chromium));
    assert.equal(quietOffer(quietOffer(firefox)), quietOffer(firefox));
  });
});

describe("codecs", () => {
  const video = [
    "video/VP9",
    "video/VP8",
    "video/rtx",
    "video/AV1",
    "video/red",
    "video/ulpfec",
    "video/flexfec-03",
  ];
  const list = (mimes: string[]) => mimes.map((mimeType) => ({ mimeType, clockRate: 90_000 }));
  const names = (mimes: string[], kind: "audio" | "video", codec: "vp8" | "vp9" | "av1" | "h264") =>
    preferred(list(mimes), kind, codec).map((c) => c.mimeType);

  it("puts the wanted one first, and offers neither RED nor error correction apart", () => {
    assert.deepEqual(names(video, "video", "vp8"), [
      "video/VP8",
      "video/VP9",
      "video/rtx",
      "video/AV1",
    ]);
    assert.deepEqual(names(video, "video", "av1"), [
      "video/AV1",
      "video/VP9",
      "video/VP8",
      "video/rtx",
    ]);
    assert.deepEqual(names(["audio/red", "audio/opus", "audio/G722"], "audio", "vp8"), [
      "audio/opus",
    ]);
  });

  it("leaves the order alone where the wanted one is missing", () => {
    assert.deepEqual(names(video, "video", "h264"), []);
  });

  it("sends the camera in three sizes with VP8, in one layer otherwise", () => {
    const camera = encodingsOf("camera", "vp8");
    assert.deepEqual(
      camera.map((e) => [e.rid, e.scaleResolutionDownBy, e.scalabilityMode]),
      [
        ["q", 4, "L1T3"],
        ["h", 2, "L1T3"],
        ["f", 1, "L1T3"],
      ],
    );
    for (const codec of ["vp9", "av1"] as const) {
      const [only, ...more] = encodingsOf("camera", codec);
      assert.equal(only?.scalabilityMode, codec === "vp9" ? "L1T3" : "L1T1");
      assert.deepEqual(more, []);
    }
    const [screen, ...more] = encodingsOf("screen", "vp8");
    assert.equal(screen?.scalabilityMode, "L1T3");
    assert.deepEqual(more, []);
  });

  it("sends a screen in VP9, and what was asked for, only while all take it", () => {
    assert.equal(codecFor("screen", "vp8", ["vp8", "vp9"]), "vp9");
    assert.equal(codecFor("screen", "vp8", ["vp8"]), "vp8");
    assert.equal(codecFor("screen", "av1", ["vp8", "vp9", "av1"]), "av1");
    assert.equal(codecFor("camera", "vp8", ["vp8", "vp9"]), "vp8");
    assert.equal(codecFor("camera", "av1", ["vp8", "vp9"]), "vp8");
  });

  it("changes an encoding's codec to one that was negotiated, and not without need", () => {
    const codec = (mimeType: string, sdpFmtpLine?: string) =>
      ({ mimeType, clockRate: 90_000, payloadType: 0, sdpFmtpLine }) as RTCRtpCodecParameters;
    const negotiated = [
      codec("video/VP8"),
      codec("video/VP9", "profile-id=2"),
      codec("video/VP9", "profile-id=0"),
    ];
    const e: Parameters<typeof encodeWith>[0] = {};
    encodeWith(e, negotiated, "vp8");
    encodeWith(e, negotiated, "av1");
    assert.deepEqual(e, {});
    encodeWith(e, negotiated, "vp9");
    const vp9 = { mimeType: "video/VP9", clockRate: 90_000, sdpFmtpLine: "profile-id=0" };
    assert.deepEqual(e, { codec: vp9, scalabilityMode: "L1T3" });
    encodeWith(e, negotiated, "vp8");
    assert.deepEqual(e, {
      codec: { mimeType: "video/VP8", clockRate: 90_000 },
      scalabilityMode: "L1T3",
    });
  });
});

describe("spatial layers", () => {
  const codec = (mimeType: string) =>
    ({ mimeType, clockRate: 90_000, payloadType: 0 }) as RTCRtpCodecParameters;
  const negotiated = [codec("video/VP8"), codec("video/VP9")];
  const camera = () => encodingsOf("camera", "vp8").map((e) => ({ active: true, ...e }));

  it("are as many as the picture is large enough for", () => {
    for (const [width, height, want] of [
      [undefined, undefined, 3],
      [1920, 1080, 3],
      [1280, 720, 3],
      [720, 1280, 3],
      [640, 480, 2],
      [640, 360, 2],
      [320, 180, 1],
      [0, 0, 1],
    ] as const)
      assert.equal(spatialLayers(width, height), want, `${width} x ${height}`);
  });

  it("go where the browser says which it has, and VP9 was negotiated", () => {
    assert.equal(canLayer(camera(), negotiated), true);
    assert.equal(canLayer(camera(), [codec("video/VP8")]), false);
    assert.equal(canLayer(encodingsOf("screen", "vp8"), negotiated), false);
    const silent = camera().map(({ scalabilityMode: _, ...e }) => e); // Firefox
    assert.equal(canLayer(silent, negotiated), false);
  });

  it("are all in the first encoding, those that are watched, and make place for simulcast again", () => {
    for (const [watched, height, mode, down, bits] of [
      [3, 720, "L3T3_KEY", 1, 1_700_000],
      [2, 720, "L2T3_KEY", 2, 550_000],
      [1, 720, "L1T3", 4, 150_000],
      [0, 720, "L1T3", 4, 150_000],
      [3, 360, "L2T3_KEY", 1, 550_000],
      [2, 360, "L2T3_KEY", 1, 550_000],
      [1, 360, "L1T3", 2, 150_000],
      [3, 180, "L1T3", 1, 150_000],
    ] as const) {
      const encodings = camera();
      inOneStream(encodings, negotiated, watched, { width: (height * 16) / 9, height });
      assert.deepEqual(
        encodings.map((e) => e.active),
        [watched > 0, false, false],
      );
      const [first] = encodings;
      assert.deepEqual(
        [first?.scalabilityMode, first?.scaleResolutionDownBy, first?.maxBitrate],
        [mode, down, bits],
        `${watched} of ${height}`,
      );
      assert.ok(encodings.every((e) => e.codec?.mimeType === "video/VP9"));
      for (const e of encodings) encodeWith(e, negotiated, "vp8");
      inThree(encodings);
      const { codec: back, ...rest } = { ...first, active: true };
      assert.equal(back?.mimeType, "video/VP8");
      assert.deepEqual(rest, camera()[0]);
    }
    const untouched = camera();
    inThree(untouched);
    assert.deepEqual(untouched, camera());
  });
});

describe("stats", () => {
  const byMid = new Map([
    ["0", "mic"],
    ["1", "camera"],
  ] as const);
  const report = new Map<string, unknown>([
    ["c", { type: "codec", mimeType: "video/VP8" }],
    [
      "a",
      {
        type: "outbound-rtp",
        kind: "audio",
        mid: "0",
        packetsSent: 50,
        retransmittedPacketsSent: 8,
      },
    ],
    [
      "q",
      {
        type: "outbound-rtp",
        kind: "video",
        mid: "1",
        framesSent: 30,
        packetsSent: 900,
        codecId: "c",
      },
    ],
    [
      "h",
      {
        type: "outbound-rtp",
        kind: "video",
        mid: "1",
        framesSent: 20,
        packetsSent: 900,
        codecId: "c",
      },
    ],
    ["x", { type: "outbound-rtp", kind: "video", mid: "7", framesSent: 999 }],
    ["i", { type: "inbound-rtp", kind: "video", mid: "3", framesDecoded: 5 }],
  ]);

  it("adds up the layers of a source; retransmissions are no frames", () => {
    const { sent, codec } = sentFrames(report, byMid);
    assert.deepEqual(sent, { mic: 42, camera: 50, screen: 0, "screen-audio": 0 });
    assert.equal(codec, "video/VP8");
    assert.deepEqual([...decodedFrames(report)], [["3", 5]]);
  });

  const counts = (mic: number, camera: number) => ({ mic, camera, screen: 0, "screen-audio": 0 });

  it("names each source of which more left than was sealed or dropped since the connection was made", () => {
    const base = { sealed: counts(1_000, 1_000), unsealed: counts(10, 10) };
    const now = { sealed: counts(1_100, 1_100), unsealed: counts(10, 30) };
    assert.deepEqual(bypassed(counts(145, 165), now, base), []);
    assert.deepEqual(bypassed(counts(146, 165), now, base), ["mic"]);
    assert.deepEqual(bypassed(counts(146, 166), now, base), ["mic", "camera"]);
  });
});

describe("seats", () => {
  it("adds what is missing, and nothing twice", () => {
    assert.equal(seatsToAdd([], SMALL).length, 22);
    assert.deepEqual(
      seatsToAdd(["camera", "mic"], { camera: 2, mic: 1, screen: 1, "screen-audio": 0 }),
      ["camera", "screen"],
    );
    assert.deepEqual(seatsToAdd(seatsToAdd([], SMALL), SMALL), []);
  });
});

describe("watch", () => {
  function setup() {
    const clock = new FakeClock();
    const pc = new FakePeerConnection();
    const seen = { lost: 0, connected: 0 };
    const stop = watch(
      pc,
      clock.after,
      () => seen.lost++,
      () => seen.connected++,
    );
    return { clock, pc, seen, stop };
  }

  it("tells once that a connection has failed", () => {
    const t = setup();
    t.pc.become("failed");
    t.pc.become("failed");
    assert.deepEqual(t.seen, { lost: 1, connected: 0 });
  });

  it("gives a disconnected one 3 s", async () => {
    const t = setup();
    t.pc.become("disconnected");
    await t.clock.pass(2_999);
    t.pc.become("connected");
    await t.clock.pass(60_000);
    assert.deepEqual(t.seen, { lost: 0, connected: 1 });
    t.pc.become("disconnected");
    await t.clock.pass(3_000);
    assert.equal(t.seen.lost, 1);
  });

  it("tells nothing once it is stopped", async () => {
    const t = setup();
    t.pc.become("disconnected");
    t.stop();
    await t.clock.pass(60_000);
    t.pc.become("failed");
    assert.equal(t.seen.lost, 0);
  });
});

describe("the relay", () => {
  const relay = { username: "u", password: "p" };
  for (const [hostname, port, url] of [
    ["meet.example.org", "", "turns:meet.example.org:443?transport=tcp"],
    ["192.0.2.1", "8443", "turns:192.0.2.1:8443?transport=tcp"],
    ["[2001:db8::1]", "", "turns:[2001:db8::1]:443?transport=tcp"],
  ] as const) {
    it(`is at the page's own host and port: ${url}`, () => {
      const server = relayServer({ hostname, port }, relay);
      assert.deepEqual(server, { urls: [url], username: "u", credential: "p" });
    });
  }
});

describe("the relay", () => {
  it("is there by UDP, too, when the server says that browsers need it", () => {
    const page = { hostname: "10.0.0.1", port: "" };
    assert.deepEqual(relayServer(page, { username: "u", password: "p", udp: true }).urls, [
      "turn:10.0.0.1:443?transport=udp",
      "turns:10.0.0.1:443?transport=tcp",
    ]);
  });
});

describe("device problems", () => {
  for (const [name, camera, mic] of [
    ["NotAllowedError", "camera-denied", "mic-denied"],
    ["SecurityError", "camera-denied", "mic-denied"],
    ["OverconstrainedError", "no-camera", "no-mic"],
    ["AbortError", "device-busy", "device-busy"],
  ] as const) {
    it(`are told in words: ${name}`, () => {
      const e = Object.assign(new Error("internal detail"), { name });
      assert.equal(problemOf("camera", e).code, camera);
      assert.equal(problemOf("mic", e).code, mic);
      assert.doesNotMatch(problemOf("mic", e).text, /internal detail|Error/);
    });
  }

  const mac =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
  for (const [who, agent, message] of [
    ["firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", ""],
    ["page", "Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0", ""],
    ["safari", `${mac} Version/18.1 Safari/605.1.15`, ""],
    ["page", `${mac} Chrome/156.0.0.0 Safari/537.36`, "Permission denied"],
    ["page", `${mac} CriOS/156.0.0.0 Mobile/15E148 Safari/604.1`, ""],
    ["system", `${mac} Chrome/156.0.0.0 Safari/537.36`, "Permission denied by system"],
    ["page", "", ""],
  ] as const) {
    it(`name who blocks the device: ${who} ${agent.slice(-40)} ${message}`, () => {
      assert.equal(blockerOf(agent, message), who);
      const e = Object.assign(new Error(message), { name: "NotAllowedError" });
      const texts = (["camera", "mic"] as const).map((kind) => problemOf(kind, e, agent).text);
      const other = {
        page: /Firefox|Safari/,
        firefox: /Safari/,
        safari: /Firefox/,
        system: /address/,
      };
      for (const text of texts) assert.doesNotMatch(text, other[who]);
      assert.notEqual(texts[0], texts[1]);
    });
  }
});
