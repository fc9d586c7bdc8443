import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Lines, read } from "./figures";

const lines: Lines = new Map([
  ["0", { source: "camera", seat: -1 }],
  ["3", { source: "mic", seat: 2 }],
]);

function reportAt(at: number, bytes: number, more: { packets?: number; lost?: number } = {}) {
  const entries = [
    { id: "c", type: "codec", mimeType: "video/VP8" },
    {
      id: "o",
      type: "outbound-rtp",
      mid: "0",
      rid: "h",
      codecId: "c",
      frameWidth: 640,
      frameHeight: 360,
      framesPerSecond: 25,
      bytesSent: bytes,
      timestamp: at,
    },
    {
      id: "r",
      type: "remote-inbound-rtp",
      localId: "o",
      fractionLost: 0.25,
      jitter: 0.004,
      roundTripTime: 0.0304,
      timestamp: at,
    },
    {
      id: "i",
      type: "inbound-rtp",
      mid: "3",
      bytesReceived: bytes,
      packetsReceived: more.packets ?? 0,
      packetsLost: more.lost ?? 0,
      jitter: 0.012,
      timestamp: at,
    },
    { id: "stray", type: "inbound-rtp", mid: "9", bytesReceived: bytes, timestamp: at },
    { id: "p", type: "candidate-pair", nominated: true, currentRoundTripTime: 0.05, timestamp: at },
  ];
  return new Map(entries.map((e) => [e.id, e]));
}

describe("figures of the streams", () => {
  it("need two readings, and are of the time between them", () => {
    const first = read(reportAt(1_000, 1_000), lines, new Map());
    assert.deepEqual(first.figures, []);
    const report = reportAt(3_000, 51_000, { packets: 90, lost: 10 });
    const { figures } = read(report, lines, first.next);
    assert.deepEqual(figures, [
      {
        id: "outbound-rtp o",
        source: "camera",
        seat: -1,
        layer: "h",
        codec: "VP8",
        width: 640,
        height: 360,
        rate: 25,
        bits: 200_000,
        lost: 0.25,
        jitter: 4,
        roundTrip: 30,
      },
      {
        id: "inbound-rtp i",
        source: "mic",
        seat: 2,
        layer: "",
        codec: "",
        width: 0,
        height: 0,
        rate: 0,
        bits: 200_000,
        lost: 0.1,
        jitter: 12,
        roundTrip: 50,
      },
    ]);
  });

  it("leave out what carries nothing, and take no packet that came late for a gain", () => {
    const first = read(reportAt(1_000, 500, { packets: 10, lost: 5 }), lines, new Map());
    assert.deepEqual(read(reportAt(2_000, 500), lines, first.next).figures, []);
    const late = read(reportAt(2_000, 900, { packets: 20, lost: 3 }), lines, first.next);
    assert.equal(late.figures.find((f) => f.seat === 2)?.lost, 0);
  });
});
