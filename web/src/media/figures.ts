/** What a browser counts of its streams, as figures a person can read: pure. Bit rates and losses are of the time between two readings. */
import type { SourceName } from "../e2ee/protocol";

/** One stream: a layer that is sent, or a seat that is received. */
export interface Figures {
  /** Stays the same from one reading to the next. */
  id: string;
  source: SourceName;
  /** -1 for what is sent. */
  seat: number;
  /** "q", "h", "f" of simulcast, or "". */
  layer: string;
  /** e.g. "VP8"; "" while unknown. */
  codec: string;
  /** px; 0 for sound, or while there is none. */
  width: number;
  height: number;
  /** Pictures/s; 0 for sound. */
  rate: number;
  /** bit/s. */
  bits: number;
  /** Share of packets that were lost, 0 to 1; null: unknown. */
  lost: number | null;
  /** ms; null: unknown. */
  jitter: number | null;
  roundTrip: number | null;
}

interface Entry {
  id: string;
  type: string;
  mid?: string;
  rid?: string;
  codecId?: string;
  remoteId?: string;
  localId?: string;
  mimeType?: string;
  frameWidth?: number;
  frameHeight?: number;
  framesPerSecond?: number;
  bytesSent?: number;
  bytesReceived?: number;
  packetsReceived?: number;
  packetsLost?: number;
  fractionLost?: number;
  jitter?: number; // s
  roundTripTime?: number; // s
  currentRoundTripTime?: number; // s
  nominated?: boolean;
  timestamp: number; // ms
}

export type Report = ReadonlyMap<string, unknown>;

/** What a reading leaves for the next one. */
export type Before = ReadonlyMap<
  string,
  { at: number; bytes: number; packets: number; lost: number }
>;

/** Which source, and which seat or -1, an m-line is. */
export type Lines = ReadonlyMap<string, { source: SourceName; seat: number }>;

const ms = (s: number | undefined): number | null =>
  s === undefined ? null : Math.round(s * 1000);

/** Streams that carried nothing since the last reading are left out. */
export function read(
  report: Report,
  lines: Lines,
  before: Before,
): { figures: Figures[]; next: Before } {
  const figures: Figures[] = [];
  const next = new Map(before);
  for (const raw of report.values()) {
    const s = raw as Entry;
    if (s.type !== "outbound-rtp" && s.type !== "inbound-rtp") continue;
    const line = lines.get(s.mid ?? "");
    if (!line) continue;
    const now = {
      at: s.timestamp,
      bytes: s.bytesSent ?? s.bytesReceived ?? 0,
      packets: s.packetsReceived ?? 0,
      lost: s.packetsLost ?? 0,
    };
    const id = `${s.type} ${s.id}`;
    const was = before.get(id);
    next.set(id, now);
    if (!was || now.bytes <= was.bytes || now.at <= was.at) continue;
    const seconds = (now.at - was.at) / 1000;
    figures.push({
      id,
      ...line,
      layer: s.rid ?? "",
      codec: codecOf(report, s),
      width: s.frameWidth ?? 0,
      height: s.frameHeight ?? 0,
      rate: s.framesPerSecond ?? 0,
      bits: Math.round(((now.bytes - was.bytes) * 8) / seconds),
      ...(s.type === "inbound-rtp" ? received(s, was, now, report) : sent(report, s)),
    });
  }
  return { figures, next };
}

function codecOf(report: Report, s: Entry): string {
  const codec = report.get(s.codecId ?? "") as Entry | undefined;
  return (codec?.mimeType ?? "").replace(/^\w+\//, "");
}

type Quality = Pick<Figures, "lost" | "jitter" | "roundTrip">;

/** What the server tells of what it receives. */
function sent(report: Report, s: Entry): Quality {
  const remote = [...report.values()].find(
    (r) => (r as Entry).type === "remote-inbound-rtp" && (r as Entry).localId === s.id,
  ) as Entry | undefined;
  return {
    lost: remote?.fractionLost ?? null,
    jitter: ms(remote?.jitter),
    roundTrip: ms(remote?.roundTripTime) ?? pathOf(report),
  };
}

function received(
  s: Entry,
  was: { packets: number; lost: number },
  now: { packets: number; lost: number },
  report: Report,
): Quality {
  const lost = Math.max(0, now.lost - was.lost); // what comes late after all is subtracted
  const all = now.packets - was.packets + lost;
  return { lost: all > 0 ? lost / all : null, jitter: ms(s.jitter), roundTrip: pathOf(report) };
}

/** The round trip of the connection's path. */
function pathOf(report: Report): number | null {
  for (const raw of report.values()) {
    const s = raw as Entry;
    if (s.type === "candidate-pair" && s.nominated && s.currentRoundTripTime !== undefined)
      return ms(s.currentRoundTripTime);
  }
  return null;
}
