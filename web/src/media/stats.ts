/** What the browser counts, and the comparison with what the crypto worker counted. */
import type { Counters, SourceName } from "../e2ee/protocol";

interface Outbound {
  type: "outbound-rtp";
  mid?: string;
  kind?: string;
  framesSent?: number;
  packetsSent?: number;
  retransmittedPacketsSent?: number;
  codecId?: string;
}

interface Inbound {
  type: "inbound-rtp";
  mid?: string;
  framesDecoded?: number;
}

const none = (): Record<SourceName, number> => ({
  mic: 0,
  camera: 0,
  screen: 0,
  "screen-audio": 0,
});

/** Frames per source that left. An audio frame is one packet; retransmissions are no frames. */
export function sentFrames(
  report: ReadonlyMap<string, unknown>,
  byMid: ReadonlyMap<string, SourceName>,
): { sent: Record<SourceName, number>; codec: string } {
  const sent = none();
  let codec = "";
  for (const entry of report.values()) {
    const s = entry as Outbound;
    const source = s.type === "outbound-rtp" ? byMid.get(s.mid ?? "") : undefined;
    if (!source) continue;
    if (s.kind === "video") sent[source] += s.framesSent ?? 0;
    else sent[source] += (s.packetsSent ?? 0) - (s.retransmittedPacketsSent ?? 0);
    const known =
      s.codecId === undefined
        ? undefined
        : (report.get(s.codecId) as { mimeType?: string } | undefined);
    if (source === "camera") codec = known?.mimeType ?? codec;
  }
  return { sent, codec };
}

/** Frames decoded per m-line. */
export function decodedFrames(report: ReadonlyMap<string, unknown>): Map<string, number> {
  const out = new Map<string, number>();
  for (const entry of report.values()) {
    const s = entry as Inbound;
    if (s.type === "inbound-rtp" && s.mid !== undefined) out.set(s.mid, s.framesDecoded ?? 0);
  }
  return out;
}

/** Frames on their way between the two counts, at most about half a second of three layers. */
const SLACK = 45;

type Counted = Pick<Counters, "sealed" | "unsealed">;

/** What the worker has taken from the encoders of a source since base: sealed, or dropped for want of a key. */
const taken = (c: Counted, base: Counted, source: SourceName): number =>
  c.sealed[source] - base.sealed[source] + c.unsealed[source] - base.unsealed[source];

/**
 * The sources of which more frames left than the worker took: they went past it. Browsers count a frame of video as sent when it
 * is encoded, so those that the worker dropped count as well. sent is of one connection, base the counters when it was made.
 */
export function bypassed(
  sent: Record<SourceName, number>,
  counted: Counted,
  base: Counted,
): SourceName[] {
  return (Object.keys(sent) as SourceName[]).filter(
    (s) => sent[s] > taken(counted, base, s) + SLACK,
  );
}
