/** Constant codec wrappers, so that sealed frames pass packetisers (PROTOCOL.md 3.3), and the padding inside (3.2). */
import type { Bytes } from "./bytes";
import type { CodecName } from "./protocol";

export const codecId: Record<CodecName, number> = { opus: 1, vp8: 2, vp9: 3, av1: 4, h264: 5 };

const start = [0, 0, 0, 1];
const prefixes = {
  vp8Key: Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00),
  vp8Delta: Uint8Array.of(0x11),
  av1Sequence: Uint8Array.of(0x0a, 0x0a, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xff, 0xbc, 0xda, 0x30, 0x08),
  h264Key: Uint8Array.of(
    ...start,
    ...[0x67, 0x42, 0xc0, 0x1f, 0x0f, 0xd9, 0x1f, 0x88, 0x88, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00],
    ...[0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc9, 0x20],
    ...start,
    ...[0x68, 0x87, 0xcb, 0x83, 0xcb, 0x20],
    ...start,
    ...[0x65, 0x88, 0x80],
  ),
  h264Delta: Uint8Array.of(...start, 0x41, 0x9a, 0x80),
};

const join = (...parts: Uint8Array[]): Bytes => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
};

/** Puts the wrapper around a sealed frame. */
export function wrap(codec: CodecName, key: boolean, body: Bytes): Bytes {
  switch (codec) {
    case "opus":
    case "vp9":
      return body;
    case "vp8":
      return join(key ? prefixes.vp8Key : prefixes.vp8Delta, body);
    case "av1": {
      const header = Uint8Array.of(0x32, ...leb128(body.length));
      return key ? join(prefixes.av1Sequence, header, body) : join(header, body);
    }
    case "h264":
      return join(key ? prefixes.h264Key : prefixes.h264Delta, escapeNal(join(body, Uint8Array.of(0x80))));
  }
}

/** Takes the wrapper off; null when there is none. What comes out is not authenticated yet. */
export function unwrap(codec: CodecName, frame: Bytes): Bytes | null {
  switch (codec) {
    case "opus":
    case "vp9":
      return frame;
    case "vp8": {
      const n = frame.length > 0 && frame[0]! & 1 ? 1 : 10;
      return frame.length > n ? frame.subarray(n) : null;
    }
    case "av1":
      return lastObu(frame);
    case "h264":
      return lastSlice(frame);
  }
}

function leb128(n: number): number[] {
  const out: number[] = [];
  let left = n;
  do {
    const b = left & 127;
    left >>>= 7;
    out.push(left ? b | 128 : b);
  } while (left);
  return out;
}

/** The body of the OBU that is neither temporal delimiter (2) nor sequence header (1). */
function lastObu(b: Bytes): Bytes | null {
  let at = 0;
  while (at < b.length) {
    const header = b[at++]!;
    const type = (header >> 3) & 15;
    if (header & 0x04) at++; // extension byte
    let size = b.length - at;
    if (header & 0x02) {
      size = 0;
      for (let shift = 0; ; shift += 7) {
        const v = b[at++];
        if (v === undefined || shift > 21) return null;
        size |= (v & 127) << shift;
        if (!(v & 128)) break;
      }
    }
    if (at + size > b.length) return null;
    if (type !== 1 && type !== 2) return b.subarray(at, at + size);
    at += size;
  }
  return null;
}

/** Emulation prevention (H.264 §7.4.1). */
function escapeNal(b: Bytes): Bytes {
  const out = new Uint8Array(b.length + (b.length >> 1) + 1);
  let n = 0;
  let zeros = 0;
  for (const x of b) {
    if (zeros >= 2 && x <= 3) {
      out[n++] = 3;
      zeros = 0;
    }
    out[n++] = x;
    zeros = x === 0 ? zeros + 1 : 0;
  }
  return out.slice(0, n);
}

function unescapeNal(b: Bytes): Bytes {
  const out = new Uint8Array(b.length);
  let n = 0;
  let zeros = 0;
  for (const x of b) {
    if (zeros >= 2 && x === 3) {
      zeros = 0;
      continue;
    }
    out[n++] = x;
    zeros = x === 0 ? zeros + 1 : 0;
  }
  return out.slice(0, n);
}

/** Finds the slice behind SPS and PPS by its start code, from the front. */
function lastSlice(b: Bytes): Bytes | null {
  for (let i = 0; i + 3 < b.length; i++) {
    if (b[i] !== 0 || b[i + 1] !== 0 || b[i + 2] !== 1) continue;
    const type = b[i + 3]! & 31;
    if (type !== 1 && type !== 5) continue;
    const body = unescapeNal(b.subarray(i + 6));
    return body.at(-1) === 0x80 ? body.subarray(0, -1) : null;
  }
  return null;
}

const HEAD = 4;

/** flags ‖ length ‖ payload ‖ zeros. Audio fills one of few sizes, so that speech does not show in them. */
export function pad(codec: CodecName, payload: Uint8Array): Bytes {
  const n = HEAD + payload.length;
  const out = new Uint8Array(codec === "opus" ? bucket(n) : n);
  out[1] = payload.length >>> 16;
  out[2] = payload.length >>> 8;
  out[3] = payload.length;
  out.set(payload, HEAD);
  return out;
}

function bucket(n: number): number {
  if (n <= 96) return 96;
  if (n <= 160) return 160;
  if (n <= 288) return 288;
  return Math.ceil(n / 160) * 160;
}

/** Null for flags that we do not know, a length beyond the end, or padding that is not zero. */
export function unpad(b: Bytes): Bytes | null {
  if (b.length < HEAD || b[0] !== 0) return null;
  const end = HEAD + ((b[1]! << 16) | (b[2]! << 8) | b[3]!);
  if (end > b.length) return null;
  for (let i = end; i < b.length; i++) if (b[i] !== 0) return null;
  return b.slice(HEAD, end);
}
