/**
 * Dependency descriptors (AV1 RTP specification, A), by which the server tells layers of AV1 apart, and receivers spatial ones. With
 * them Chromium's VP8 leaves out the picture ids that receivers need: what is published has them where pictures go in AV1 alone.
 */
const DESCRIPTOR =
  "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

interface Extension {
  uri: string;
  direction: RTCRtpTransceiverDirection;
}

/** Not in TypeScript's DOM types yet (WebRTC Extensions §5.2). Firefox has nothing of it, and sends AV1 in one layer. */
interface Extensible {
  getHeaderExtensionsToNegotiate?(): Extension[];
  setHeaderExtensionsToNegotiate?(all: Extension[]): void;
  getNegotiatedHeaderExtensions?(): Extension[];
}

const of = (t: RTCRtpTransceiver): Extensible => t as RTCRtpTransceiver & Extensible;

const isDescriptor = (e: Extension): boolean => e.uri === DESCRIPTOR;

/** Reports whether the browser can be told to describe its frames, or not to. */
export const canDescribe = (t: RTCRtpTransceiver): boolean =>
  of(t).setHeaderExtensionsToNegotiate !== undefined &&
  (of(t).getHeaderExtensionsToNegotiate?.() ?? []).some(isDescriptor);

/** Has the next offer have descriptors, or not. */
export function describe(t: RTCRtpTransceiver, on: boolean): void {
  const all = of(t).getHeaderExtensionsToNegotiate?.() ?? [];
  const direction = on ? "sendrecv" : "stopped";
  of(t).setHeaderExtensionsToNegotiate?.(
    all.map((e) => (isDescriptor(e) ? { ...e, direction } : e)),
  );
}

/** Reports whether frames are described, by the latest answer. */
export const isDescribed = (t: RTCRtpTransceiver): boolean =>
  (of(t).getNegotiatedHeaderExtensions?.() ?? []).some(
    (e) => isDescriptor(e) && e.direction !== "stopped",
  );
