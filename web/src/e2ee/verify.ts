/** The number that people read out to each other (PROTOCOL.md 2.6). */
import { cat, hex, sha256, utf8 } from "./bytes";

/** Six groups of five digits; the same for all who see the same set of device keys. */
export async function rosterCode(room: string, deviceKeys: Uint8Array[]): Promise<string[]> {
  const distinct = new Map(deviceKeys.map((k) => [hex(k), k]));
  const sorted = [...distinct.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, k]) => k);
  const d = await sha256(utf8("incamera roster v1"), utf8(room), cat(...sorted));
  return Array.from({ length: 6 }, (_, i) => {
    let v = 0;
    for (let j = 0; j < 5; j++) v = v * 256 + d[i * 5 + j]!;
    return String(v % 100000).padStart(5, "0");
  });
}
