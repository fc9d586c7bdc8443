/** What somebody may be kept from doing in a meeting (PROTOCOL.md 2.8). */
import { type Bytes, cat, eq } from "./bytes";
import { ACT, type SourceName } from "./protocol";

/** Bits of ACT. */
export type Acts = number;

export { ACT };

const ALL = 15;

/** What is withheld from who only listens. */
export const LISTENING: Acts = ACT.mic | ACT.camera | ACT.screen;

/** The act that a source needs. */
export const actOf = (s: SourceName): Acts => (s === "screen-audio" ? ACT.screen : ACT[s]);

/** What is withheld from one device, whatever is withheld from the others. */
export interface Exception {
  device: Bytes;
  withheld: Acts;
}

/** More would make the group's context larger than a KeyPackage. */
export const MAX_EXCEPTIONS = 64;
export const KEY = 32; // bytes

/** The order of keys. */
export const less = (a: Bytes, b: Bytes): boolean => {
  const i = a.findIndex((v, j) => v !== b[j]);
  return i >= 0 && a[i]! < b[i]!;
};

/** The exceptions with another one for a device; none where it is treated like everybody. Throws when there are too many. */
export function except(
  all: Acts,
  list: readonly Exception[],
  device: Bytes,
  withheld: Acts,
): Exception[] {
  const out = list.filter((e) => !eq(e.device, device));
  if (withheld !== all) out.push({ device, withheld });
  if (out.length > MAX_EXCEPTIONS) throw new Error("policy: too many exceptions");
  return out.sort((a, b) => (less(a.device, b.device) ? -1 : 1));
}

export const encodeExceptions = (list: readonly Exception[]): Bytes =>
  cat(...list.flatMap((e) => [e.device, Uint8Array.of(e.withheld)]));

export function parseExceptions(b: Bytes): Exception[] {
  const size = KEY + 1;
  if (b.length % size !== 0) throw new Error("policy: half an exception");
  return Array.from({ length: b.length / size }, (_, i) => ({
    device: b.slice(i * size, i * size + KEY),
    withheld: b[i * size + KEY]!,
  }));
}

/** Refuses what is not known here, and more than one way to say a thing. */
export const validActs = (all: Acts, list: readonly Exception[]): boolean =>
  list.length <= MAX_EXCEPTIONS &&
  [all, ...list.map((e) => e.withheld)].every((a) => a <= ALL) &&
  list.every((e, i) => i === 0 || less(list[i - 1]!.device, e.device));
