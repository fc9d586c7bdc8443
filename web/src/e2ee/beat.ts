/** What a member says of where it stands (PROTOCOL.md 2.9). It is not sealed for the epoch: halves of a fork could not open it. */
import { sha256 } from "@noble/hashes/sha2.js";
import { verify } from "./access";
import { type Bytes, cat, decode, encode, u32, u64, utf8 } from "./bytes";
import type { Device } from "./leaf";

export interface Beat {
  /** Member id. */
  member: Bytes;
  /** Rises with each beat of the leaf, from 1. */
  number: number;
  epoch: number;
  /** Stands for the epoch and all that led to it. */
  history: Bytes;
}

const MEMBER = 16; // bytes
const HISTORY = 32;
const SIGNATURE = 64;
export const BEAT_SIZE = 1 + MEMBER + 4 + 8 + HISTORY + SIGNATURE;

const zero = Uint8Array.of(0);

/** Two groups have the same history only if they took the same commits. */
export const historyOf = (groupId: Bytes, epoch: number, transcript: Bytes): Bytes =>
  sha256(
    cat(
      utf8("incamera history v1"),
      zero,
      encode((w) => w.opaque(groupId)),
      u64(epoch),
      encode((w) => w.opaque(transcript)),
    ),
  ) as Bytes;

const statement = (room: string, fields: Bytes): Bytes =>
  cat(utf8("incamera beat v1"), zero, utf8(room), fields);

/** The beat as encoded, signed by the leaf's device. */
export async function signBeat(room: string, b: Beat, device: Device): Promise<Bytes> {
  const fields = cat(Uint8Array.of(1), b.member, u32(b.number), u64(b.epoch), b.history);
  return cat(fields, await device.sign(statement(room, fields)));
}

/** Throws for what is no beat. It holds only if signedBeat says so of the device of its member's leaf. */
export function parseBeat(encoded: Bytes): Beat {
  if (encoded.length !== BEAT_SIZE) throw new Error("beat: of another size");
  return decode(encoded, (r) => {
    if (r.u8() !== 1) throw new Error("beat: unknown version");
    const b = { member: r.take(MEMBER), number: r.u32(), epoch: Number(r.u64()) };
    const history = r.take(HISTORY);
    r.take(SIGNATURE);
    return { ...b, history };
  });
}

export const signedBeat = (room: string, encoded: Bytes, device: Bytes): Promise<boolean> => {
  const n = encoded.length - SIGNATURE;
  return verify(device, encoded.slice(n), statement(room, encoded.slice(0, n)));
};
