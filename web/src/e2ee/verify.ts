/** The number that people read out to each other, and the row of emoji that says the same (PROTOCOL.md 2.6). */
import { type Bytes, cat, hex, sha256, utf8 } from "./bytes";
import { EMOJI } from "./emoji";

async function digestOf(room: string, deviceKeys: Uint8Array[]): Promise<Bytes> {
  const distinct = new Map(deviceKeys.map((k) => [hex(k), k]));
  const sorted = [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, k]) => k);
  return sha256(utf8("incamera roster v1"), utf8(room), cat(...sorted));
}

/** Six groups of five digits; the same for all who see the same set of device keys. */
export async function rosterCode(room: string, deviceKeys: Uint8Array[]): Promise<string[]> {
  const d = await digestOf(room, deviceKeys);
  return Array.from({ length: 6 }, (_, i) => {
    let v = 0;
    for (let j = 0; j < 5; j++) v = v * 256 + d[i * 5 + j]!;
    return String(v % 100000).padStart(5, "0");
  });
}

/** Sixteen emoji: the first 96 bits of what the code is made of. */
export async function rosterEmoji(room: string, deviceKeys: Uint8Array[]): Promise<string[]> {
  const d = await digestOf(room, deviceKeys);
  return Array.from({ length: 16 }, (_, i) => {
    const at = Math.floor((6 * i) / 8);
    const two = d[at]! * 256 + d[at + 1]!;
    return EMOJI[(two >> (10 - ((6 * i) % 8))) & 63]!;
  });
}
