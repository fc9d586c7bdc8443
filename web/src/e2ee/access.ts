/** The room's policy: who gets in, and by whose word (PROTOCOL.md 2.8). */

import {
  type Acts,
  type Exception,
  encodeExceptions,
  KEY,
  less,
  parseExceptions,
  validActs,
} from "./acts";
import { type Bytes, cat, decode, encode, eq, sha256, u32, utf8 } from "./bytes";
import type { Device } from "./leaf";
import { verifyEd25519 } from "./mls/ed25519";

/** The host's word on whose devices may act for the host: its own, and those of moderators. */
export interface Grant {
  number: number;
  /** The host's own device key; empty: it is not told. */
  own: Bytes;
  /** Device keys, sorted, distinct. */
  moderators: Bytes[];
  encoded: Bytes;
}

/** What is said of a meeting beside who acts for its host. */
export interface Rules {
  lobby: boolean;
  locked: boolean;
  /** From everybody who is no moderator. */
  withheld: Acts;
  exceptions: Exception[];
  /** With so many members it counts as locked; 0: never. */
  full: number;
  /** When moderators are to lock it, Unix ms; 0: never. */
  locks: number;
  /** When the meeting is to end, Unix ms; 0: never. */
  ends: number;
  /** Minutes without a host or moderator after which it ends; 0: never. */
  hostless: number;
  /** Minutes for which the server keeps the room when nobody is there; 0: as long as it likes. */
  keep: number;
}

export interface Policy extends Rules {
  /** From 1; 0 is that of a group without a policy: open to all who have the link. */
  number: number;
  grant: Grant | null;
}

export const OPEN: Policy = {
  number: 0,
  lobby: false,
  locked: false,
  withheld: 0,
  exceptions: [],
  full: 0,
  locks: 0,
  ends: 0,
  hostless: 0,
  keep: 0,
  grant: null,
};

/** Whether a group of so many members is beyond what the policy allows. */
export const crowded = (p: Policy, members: number): boolean => p.full > 0 && members > p.full;

/** Not everybody who has the link gets in. */
export const closed = (p: Policy): boolean => p.lobby || p.locked;

/** What signatures of a group's moderators are checked against. */
export interface Authority {
  room: string;
  host: Bytes;
  groupId: Bytes;
}

/** More would make what every newcomer reads of the group larger than a leaf. */
const MAX_MODERATORS = 16;
const VERSION = 2;
const LOBBY = 1;
const LOCKED = 2;
const SIGNATURE = 64;
const ADMISSION_VERSION = 1;

const zero = Uint8Array.of(0);

/** Begins everything that is signed for this very group. */
const bound = (label: string, a: Authority): Bytes =>
  cat(
    utf8(label),
    zero,
    encode((w) => w.opaque(a.groupId)),
  );

export const verify = (key: Bytes, signature: Bytes, said: Bytes): Promise<boolean> =>
  verifyEd25519(key, said, signature);

/** Reports whether a device key is the host's own. */
export const isHost = (g: Grant | null, device: Bytes): boolean => g !== null && eq(g.own, device);

/** Reports whether a device key is the host's own or that of a moderator. */
export const names = (g: Grant | null, device: Bytes): boolean =>
  isHost(g, device) || (g?.moderators.some((m) => eq(m, device)) ?? false);

export const roleOf = (g: Grant | null, device: Bytes): "" | "moderator" | "host" =>
  isHost(g, device) ? "host" : names(g, device) ? "moderator" : "";

/** What the holder of a device key may not do. From moderators nothing is withheld, so that somebody is left who can take it back. */
export function withholds(p: Policy, device: Bytes): Acts {
  if (names(p.grant, device)) return 0;
  return p.exceptions.find((e) => eq(e.device, device))?.withheld ?? p.withheld;
}

/** A grant after those before, signed by the host. The keys may be in any order. */
export async function makeGrant(
  room: string,
  before: readonly (Grant | null)[],
  own: Bytes,
  moderators: readonly Bytes[],
  host: Device,
): Promise<Grant> {
  if (moderators.length > MAX_MODERATORS) throw new Error("policy: too many moderators");
  const number = Math.max(0, ...before.map((g) => g?.number ?? 0)) + 1;
  const sorted = [...moderators].sort((a, b) => (less(a, b) ? -1 : 1));
  const fields = encode((w) => {
    w.u32(number);
    w.opaque(own);
    w.opaque(cat(...sorted));
  });
  const signature = await host.sign(cat(utf8("incamera grant v1"), zero, utf8(room), fields));
  return { number, own, moderators: sorted, encoded: cat(fields, signature) };
}

/** Reports whether a key may act for the host. */
export const allows = (a: Pick<Authority, "host">, g: Grant | null, key: Bytes): boolean =>
  eq(key, a.host) || names(g, key);

async function parseGrant(a: Authority, encoded: Bytes): Promise<Grant | null> {
  if (encoded.length === 0) return null;
  const { number, own, keys, fields, signature } = decode(encoded, (r) => {
    const number = r.u32();
    const own = r.opaque();
    const keys = r.opaque();
    const fields = encoded.slice(0, encoded.length - r.left);
    return { number, own, keys, fields, signature: r.take(SIGNATURE) };
  });
  const said = cat(utf8("incamera grant v1"), zero, utf8(a.room), fields);
  if (!(await verify(a.host, signature, said)))
    throw new Error("policy: the host did not sign its grant");
  const moderators = Array.from({ length: keys.length / KEY }, (_, i) =>
    keys.slice(i * KEY, (i + 1) * KEY),
  );
  const sorted = moderators.every((k, i) => i === 0 || less(moderators[i - 1]!, k));
  const ownKey = own.length === 0 || own.length === KEY;
  if (
    number === 0 ||
    !ownKey ||
    keys.length % KEY !== 0 ||
    moderators.length > MAX_MODERATORS ||
    !sorted
  )
    throw new Error("policy: a grant that is not as it is written");
  return { number, own, moderators, encoded };
}

function encodeRules(p: Policy): Bytes {
  return encode((w) => {
    w.u8(VERSION);
    w.u32(p.number);
    w.u8((p.lobby ? LOBBY : 0) | (p.locked ? LOCKED : 0));
    w.u8(p.withheld);
    w.opaque(encodeExceptions(p.exceptions));
    w.u16(p.full);
    w.u64(BigInt(p.locks));
    w.u64(BigInt(p.ends));
    w.u16(p.hostless);
    w.u16(p.keep);
    w.opaque(p.grant?.encoded ?? new Uint8Array(0));
  });
}

/** Reports whether two policies differ in their number at most. */
export const samePolicy = (a: Policy, b: Policy): boolean =>
  eq(encodeRules({ ...a, number: 0 }), encodeRules({ ...b, number: 0 }));

/** By how much the number of a policy may be above that of the one before. Without it one commit could use all numbers up, and nobody could take its moderators back. */
const MAX_STEP = 1 << 16;
/** Nothing follows it. */
const LAST = 2 ** 32 - 1;

/** Whether a policy's number is farther above that of old than one change takes it. */
export const leaps = (p: Policy, old: Policy): boolean => p.number - old.number > MAX_STEP;

/** The number of a policy that follows p, made by who knows of one with the number known: above that, too, or as near as a step leads. 0: the numbers are used up. */
export const nextNumber = (p: Policy, known: number): number =>
  p.number >= LAST ? 0 : Math.min(Math.max(p.number, known) + 1, p.number + MAX_STEP, LAST);

/** The policy as encoded, signed by the host or a moderator. */
export async function signPolicy(a: Authority, p: Policy, by: Device): Promise<Bytes> {
  const numbered = p.number >= 1 && p.number <= LAST;
  if (!numbered || !allows(a, p.grant, by.publicKey) || !valid(p))
    throw new Error("policy: not to be signed like this");
  const fields = cat(encodeRules(p), by.publicKey);
  return cat(fields, await by.sign(cat(bound("incamera policy v1", a), fields)));
}

const valid = (p: Policy): boolean =>
  validActs(p.withheld, p.exceptions) &&
  [p.locks, p.ends].every((t) => Number.isSafeInteger(t) && t >= 0);

/** Throws unless the host or a moderator of its grant has signed it for this group. */
export async function parsePolicy(a: Authority, encoded: Bytes): Promise<Policy> {
  const { flags, grant, signer, fields, signature, exceptions, ...rest } = decode(encoded, (r) => {
    if (r.u8() !== VERSION) throw new Error("policy: unknown version");
    const head = {
      number: r.u32(),
      flags: r.u8(),
      withheld: r.u8(),
      exceptions: r.opaque(),
      full: r.u16(),
      locks: Number(r.u64()),
      ends: Number(r.u64()),
      hostless: r.u16(),
      keep: r.u16(),
      grant: r.opaque(),
      signer: r.take(KEY),
    };
    const fields = encoded.slice(0, encoded.length - r.left);
    return { ...head, fields, signature: r.take(SIGNATURE) };
  });
  const p: Policy = {
    ...rest,
    lobby: (flags & LOBBY) !== 0,
    locked: (flags & LOCKED) !== 0,
    exceptions: parseExceptions(exceptions),
    grant: await parseGrant(a, grant),
  };
  if (p.number === 0 || (flags & ~(LOBBY | LOCKED)) !== 0 || !valid(p))
    throw new Error("policy: it asks for what is not known here");
  if (!allows(a, p.grant, signer)) throw new Error("policy: its signer is no moderator");
  if (!(await verify(signer, signature, cat(bound("incamera policy v1", a), fields))))
    throw new Error("policy: its signer did not sign it for this group");
  return p;
}

/** Reports whether a policy as encoded, which parsePolicy has taken, is of the host's own signing and not a moderator's. */
export const isByHost = (a: Pick<Authority, "host">, encoded: Bytes): boolean =>
  eq(a.host, encoded.slice(-KEY - SIGNATURE, -SIGNATURE));

export const sameGrant = (a: Grant | null, b: Grant | null): boolean =>
  a === b || (a !== null && b !== null && eq(a.encoded, b.encoded));

/** Throws unless a grant is old, or one that takes its place. The host's signature on it holds for good and in every group of the room: only a later one ends it. */
export function checkGrant(g: Grant | null, old: Grant | null): void {
  const [now, then] = [g?.number ?? 0, old?.number ?? 0];
  if (now < then) throw new Error("policy: it brings back moderators of before");
  if (now === then && !sameGrant(g, old)) throw new Error("policy: two grants of one number");
}

/** Reports whether checkGrant takes it. */
export const grantFollows = (g: Grant | null, old: Grant | null): boolean =>
  sameGrant(g, old) || (g?.number ?? 0) > (old?.number ?? 0);

/** Throws unless p may take the place of old. */
export function checkFollows(p: Policy, old: Policy): void {
  if (p.number <= old.number) throw new Error("policy: older than the one in force");
  if (leaps(p, old)) throw new Error("policy: too far above the one in force");
  checkGrant(p.grant, old.grant);
}

const admission = async (a: Authority, p: Policy, keyPackage: Bytes): Promise<Bytes> =>
  cat(bound("incamera admit v1", a), u32(p.number), await sha256(keyPackage));

/** Lets KeyPackages, as they stood in the ask, into the group: the authenticated data of a commit. Empty for nobody. */
export async function signAdmissions(
  a: Authority,
  p: Policy,
  keyPackages: readonly Bytes[],
  by: Device,
): Promise<Bytes> {
  if (keyPackages.length === 0) return new Uint8Array(0);
  const signed = keyPackages.map(async (k) =>
    cat(by.publicKey, await by.sign(await admission(a, p, k))),
  );
  return cat(Uint8Array.of(ADMISSION_VERSION), ...(await Promise.all(signed)));
}

/** Throws unless a moderator has signed for each of them, in their order, under this very policy. */
export async function checkAdmissions(
  a: Authority,
  p: Policy,
  keyPackages: readonly Bytes[],
  signed: Bytes,
): Promise<void> {
  if (keyPackages.length === 0) {
    if (signed.length !== 0) throw new Error("admission: there is nobody to admit");
    return;
  }
  const size = KEY + SIGNATURE;
  if (signed.length !== 1 + keyPackages.length * size || signed[0] !== ADMISSION_VERSION)
    throw new Error("admission: not each has a signature");
  await Promise.all(
    keyPackages.map(async (k, i) => {
      const one = signed.slice(1 + i * size, 1 + (i + 1) * size);
      const signer = one.slice(0, KEY);
      const good =
        allows(a, p.grant, signer) &&
        (await verify(signer, one.slice(KEY), await admission(a, p, k)));
      if (!good) throw new Error("admission: no moderator has signed");
    }),
  );
}
