/** How the pictures of a source are encoded: in which codec, in which layers, with how many bits. */
import type { SourceName } from "../e2ee/protocol";
import type { VideoCodec } from "../wire/wire.gen";

/** Not in TypeScript's DOM types yet (WebRTC-SVC §4; WebRTC Extensions §5). Firefox has no modes, and sends VP8 simulcast as L1T2. */
export type Encoding = RTCRtpEncodingParameters & {
  scalabilityMode?: string;
  codec?: { mimeType: string; clockRate: number; sdpFmtpLine?: string };
};

/**
 * The server gives a receiver half or a quarter of the frames where all are too many, by what VP8 and VP9 tell of them. Of AV1 it
 * knows by descriptors only, which come later, if at all.
 */
const modes: Record<VideoCodec, Encoding> = {
  vp8: { scalabilityMode: "L1T3" },
  vp9: { scalabilityMode: "L1T3" },
  av1: { scalabilityMode: "L1T1" },
  h264: {},
};

/** Bits per second of a camera in one stream without spatial layers. */
const oneStream = 1_200_000;

const simulcast: Encoding[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, ...modes.vp8 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, ...modes.vp8 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000, ...modes.vp8 },
];

export function encodingsOf(source: SourceName, codec: VideoCodec): Encoding[] {
  const layers = modes[codec];
  // Simulcast of VP9 and AV1 differs between browsers: one encoding.
  if (source === "camera")
    return codec === "vp8" ? simulcast : [{ maxBitrate: oneStream, ...layers }];
  if (source === "screen") return [{ maxBitrate: 2_500_000, ...layers }];
  return [{ maxBitrate: source === "mic" ? 40_000 : 96_000 }];
}

/** In which codec a source is sent, of those that all take: a screen in VP9, in which text is sharp with fewer bits. */
export function codecFor(
  source: SourceName,
  asked: VideoCodec,
  all: readonly VideoCodec[],
): VideoCodec {
  const wanted = asked === "vp8" && source === "screen" ? "vp9" : asked;
  return all.includes(wanted) ? wanted : "vp8";
}

/** Has an encoding use a codec, where this browser lets it be changed under way; others go on as they are. */
export function encodeWith(
  e: Encoding,
  negotiated: readonly RTCRtpCodecParameters[],
  codec: VideoCodec,
): void {
  const is = (c: { mimeType: string }): boolean => c.mimeType.toLowerCase() === `video/${codec}`;
  const now = e.codec ?? negotiated[0];
  const next = negotiated.find((c) => is(c) && !/profile(-id)?=[1-9]/.test(c.sdpFmtpLine ?? ""));
  if (!next || !now || is(now)) return;
  const { mimeType, clockRate, sdpFmtpLine } = next;
  e.codec = { mimeType, clockRate, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) };
  e.scalabilityMode = modes[codec].scalabilityMode ?? "L1T1";
}

/** Spatial layers take more of a processor than simulcast in VP8. With fewer processors, fans and pictures suffer. */
export const FAST = 8;

/** Bits per second of one stream by how many spatial layers it has; less than those of simulcast together. */
const spatialBits = [150_000, 550_000, 1_700_000];

/** The least long and short side of the smallest of several spatial layers: browsers leave out the layers that would be smaller. */
const LEAST = [240, 135] as const;

/** How many spatial layers a picture has; of the usual size where it is not known. */
export function spatialLayers(width = 1280, height = 720): number {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const halvings = Math.floor(Math.log2(Math.min(long / LEAST[0], short / LEAST[1])));
  return Math.min(3, Math.max(1, 1 + halvings));
}

/** Reports whether a browser can send spatial layers, by what it says of simulcast that it was given: those that cannot say no mode. */
export function canLayer(
  encodings: readonly Encoding[],
  negotiated: readonly RTCRtpCodecParameters[],
): boolean {
  return (
    encodings.length === simulcast.length &&
    encodings[0]?.scalabilityMode !== undefined &&
    negotiated.some((c) => c.mimeType.toLowerCase() === "video/vp9")
  );
}

/**
 * Has the first of the encodings of simulcast send spatial layers of VP9 in one stream, which need each other in key pictures only,
 * and the others nothing. Layers that nobody watches are left out: the picture is smaller instead.
 */
export function inOneStream(
  encodings: readonly Encoding[],
  negotiated: readonly RTCRtpCodecParameters[],
  watched: number,
  size: { width?: number; height?: number } = {},
): void {
  const all = spatialLayers(size.width, size.height);
  const layers = Math.max(1, Math.min(watched, all));
  for (const [i, e] of encodings.entries()) {
    encodeWith(e, negotiated, "vp9");
    e.active = i === 0 && watched > 0;
    e.scalabilityMode = i === 0 && layers > 1 ? `L${layers}T3_KEY` : "L1T3";
    if (i > 0) continue;
    e.scaleResolutionDownBy = 2 ** (all - layers);
    e.maxBitrate = spatialBits[layers - 1] ?? 0;
  }
}

/** Has an encoding in AV1 be in temporal layers where frames are described, and in one otherwise. */
export function inTime(e: Encoding, described: boolean): void {
  e.scalabilityMode = described ? "L1T3" : "L1T1";
}

/**
 * Has an encoding of a camera in AV1 be in temporal layers where frames are described, and in one layer otherwise. watched: how many
 * spatial ones somebody watches of those that it may have; null where it may have none: Chromium 156 decodes two frames of one
 * picture only where it receives their descriptors.
 */
export function inAV1(
  e: Encoding,
  described: boolean,
  watched: number | null,
  size: { width?: number; height?: number } = {},
): void {
  const all = described && watched !== null ? spatialLayers(size.width, size.height) : 1;
  const layers = Math.max(1, Math.min(watched ?? 1, all));
  inTime(e, described);
  if (layers > 1) e.scalabilityMode = `L${layers}T3_KEY`;
  e.scaleResolutionDownBy = 2 ** (all - layers);
  e.maxBitrate = (all > 1 && spatialBits[layers - 1]) || oneStream;
}

/** Has the one encoding of a camera be of its whole size, where it was in AV1 before. */
export function inOneLayer(encodings: readonly Encoding[]): void {
  const [e] = encodings;
  if (!e || encodings.length > 1) return;
  e.scaleResolutionDownBy = 1;
  e.maxBitrate = oneStream;
}

/** Has the first encoding of simulcast be the smallest again, where it had all layers. */
export function inThree(encodings: readonly Encoding[]): void {
  const [first] = encodings;
  const [usual] = simulcast;
  if (!first || !usual || encodings.length !== simulcast.length) return;
  if (first.scaleResolutionDownBy === usual.scaleResolutionDownBy) return;
  const { rid: _, ...changed } = usual;
  Object.assign(first, changed);
}
