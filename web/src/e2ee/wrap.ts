/** Constant codec wrappers, so that sealed frames pass packetisers (PROTOCOL.md 3.3), and the padding inside (3.2). */
import type { Bytes } from "./bytes";
import type { CodecName } from "./protocol";

export const codecId: Record<CodecName, number> = { opus: 1, vp8: 2, vp9: 3, av1: 4, h264: 5 };

const START = [0, 0, 0, 1];
const SPS = [
  ...[0x67, 0x42, 0xc0, 0x1f, 0x0f, 0xd9, 0x1f, 0x88, 0x88, 0x84, 0x00, 0x00],
  ...[0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc9, 0x20],
];
const PPS = [0x68, 0x87, 0xcb, 0x83, 0xcb, 0x20];
const SLICE_HEAD = 3; // NAL header and two bytes of a slice header

const vp8Key = Uint8Array.of(0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x10, 0x00, 0x10, 0x00);
const vp8Delta = Uint8Array.of(0x11);
const av1Sequence = Uint8Array.of(
  ...[0x0a, 0x0a, 0x00, 0x00, 0x00, 0x04, 0x3c, 0xff, 0xbc, 0xda, 0x30, 0x08],
);
const av1Frame = 0x32; // OBU_FRAME with a size field
const h264Key = Uint8Array.of(...START, ...SPS, ...START, ...PPS, ...START, 0x65, 0x88, 0x80);
const h264Delta = Uint8Array.of(...START, 0x41, 0x9a, 0x80);
const STOP = 0x80; // ends a slice, so that it never ends in zero

/** Puts the wrapper around a sealed frame. Returns body itself where the codec needs none. */
export function wrap(codec: CodecName, key: boolean, body: Bytes): Bytes {
  switch (codec) {
    case "opus":
    case "vp9":
      return body;
    case "vp8":
      return joined(key ? vp8Key : vp8Delta, body);
    case "av1": {
      const head = [av1Frame, ...leb128(body.length)];
      return joined(Uint8Array.from(key ? [...av1Sequence, ...head] : head), body);
    }
    case "h264":
      return escaped(key ? h264Key : h264Delta, body);
  }
}

/** Takes the wrapper off, reading from the front; null when there is none. What it returns is not authenticated. */
export function unwrap(codec: CodecName, frame: Bytes): Bytes | null {
  switch (codec) {
    case "opus":
    case "vp9":
      return frame;
    case "vp8": {
      const n = (frame[0] ?? 0) & 1 ? vp8Delta.length : vp8Key.length;
      return frame.length > n ? frame.subarray(n) : null;
    }
    case "av1":
      return frameObu(frame);
    case "h264":
      return slice(frame);
  }
}

function joined(prefix: Uint8Array, body: Uint8Array): Bytes {
  const out = new Uint8Array(prefix.length + body.length);
  out.set(prefix);
  out.set(body, prefix.length);
  return out;
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

const TEMPORAL_DELIMITER = 2;
const SEQUENCE_HEADER = 1;

/** The content of the first OBU that is neither temporal delimiter nor sequence header. */
function frameObu(b: Bytes): Bytes | null {
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
    if (size < 0 || at + size > b.length) return null;
    if (type !== SEQUENCE_HEADER && type !== TEMPORAL_DELIMITER) return b.subarray(at, at + size);
    at += size;
  }
  return null;
}

/** prefix ‖ body ‖ stop with emulation prevention in the last two (H.264 §7.4.1). */
function escaped(prefix: Uint8Array, body: Uint8Array): Bytes {
  // Ciphertext holds two zeros in a row once in 64 KiB: search for them, copy what is between.
  const cuts: number[] = [];
  for (let i = body.indexOf(0); i >= 0; i = body.indexOf(0, i)) {
    if (body[i + 1] === 0 && i + 2 < body.length && body[i + 2]! <= 3) {
      cuts.push(i + 2);
      i += 2;
    } else {
      i++;
    }
  }
  const out = new Uint8Array(prefix.length + body.length + cuts.length + 1);
  out.set(prefix);
  let to = prefix.length;
  let from = 0;
  for (const cut of [...cuts, body.length]) {
    out.set(body.subarray(from, cut), to);
    to += cut - from;
    from = cut;
    if (cut < body.length) out[to++] = 3;
  }
  out[to] = STOP;
  return out;
}

/** Undoes escaped for a slice that starts at from and ends at the next start code, or the end. */
function unescaped(b: Uint8Array, from: number): Bytes | null {
  if (from >= b.length) return null;
  const out = new Uint8Array(b.length - from);
  let to = 0;
  let at = from;
  let end = b.length;
  for (let i = b.indexOf(0, from); i >= 0; i = b.indexOf(0, i)) {
    const third = b[i + 2];
    if (b[i + 1] !== 0 || third === undefined || third > 3) {
      i++;
    } else if (third === 3) {
      out.set(b.subarray(at, i + 2), to);
      to += i + 2 - at;
      at = i + 3;
      i += 3;
    } else {
      end = i; // the next start code, or zeros before it
      break;
    }
  }
  out.set(b.subarray(at, end), to);
  to += end - at;
  while (to > 0 && out[to - 1] === 0) to--;
  return to > 0 && out[to - 1] === STOP ? out.subarray(0, to - 1) : null;
}

/** Finds the slice behind SPS and PPS by its start code of three or four bytes. */
function slice(b: Bytes): Bytes | null {
  for (let i = 0; i + START.length - 1 < b.length; i++) {
    if (b[i] !== 0 || b[i + 1] !== 0 || b[i + 2] !== 1) continue;
    const type = b[i + 3]! & 31;
    if (type === 1 || type === 5) return unescaped(b, i + 3 + SLICE_HEAD);
  }
  return null;
}

const HEAD = 4;
const MAX_PAYLOAD = 0xffffff;

/** flags ‖ length ‖ payload ‖ zeros. Audio fills one of few sizes, so that speech does not show in them. */
export function pad(codec: CodecName, payload: Uint8Array): Bytes {
  if (payload.length > MAX_PAYLOAD) throw new Error("wrap: the frame is too long");
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

/** Null for flags that we do not know, a length beyond the end, or padding that is not zero. Returns a copy. */
export function unpad(b: Uint8Array): Bytes | null {
  if (b.length < HEAD || b[0] !== 0) return null;
  const end = HEAD + ((b[1]! << 16) | (b[2]! << 8) | b[3]!);
  if (end > b.length) return null;
  for (let i = end; i < b.length; i++) if (b[i] !== 0) return null;
  return new Uint8Array(b.subarray(HEAD, end));
}
