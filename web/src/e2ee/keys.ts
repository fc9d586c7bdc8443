/** Which epoch's key a frame is sealed or opened with, and for how long (PROTOCOL.md 3.1, 3.4). */
import { type Acts, actOf } from "./acts";
import type { Bytes } from "./bytes";
import type { Clock } from "./clock";
import type { SourceName } from "./protocol";
import { ReplayWindow } from "./replay";
import { deriveKey, type FrameKey } from "./sframe";

const SUITE = 4; // AES_128_GCM_SHA256_128
const EPOCHS = 64; // epoch numbers that a KID tells apart
const LEAVES = 1024;

/** Longer, and who opens a stolen page reads more; shorter, and late packets are lost. */
export const RETAIN = 10_000;
/** Longer, and newcomers wait; shorter, and members that are behind lose frames. */
const SWITCH_DELAY = 500;
const HOLD = 500;
/** How long frames of an epoch that did not come in time are not waited for. */
const HOLD_AGAIN = 2_000;
/** An epoch further ahead than this is taken for one that is gone. */
const AHEAD = 4;

const contexts: Record<SourceName, number> = { mic: 0, camera: 1, screen: 2, "screen-audio": 3 };
const windows: Record<SourceName, number> = {
  mic: 256,
  camera: 1024,
  screen: 1024,
  "screen-audio": 256,
};

export function kidOf(source: SourceName, leaf: number, epoch: number): number {
  return contexts[source] * LEAVES * EPOCHS + leaf * EPOCHS + (epoch % EPOCHS);
}

export interface Kid {
  source: SourceName;
  leaf: number;
  /** The epoch modulo 64. */
  bits: number;
}

/** Null for a KID that our meetings do not have. */
export function parseKid(kid: bigint): Kid | null {
  const n = Number(kid);
  const source = sources[Math.floor(n / (LEAVES * EPOCHS))];
  return source ? { source, leaf: Math.floor(n / EPOCHS) % LEAVES, bits: n % EPOCHS } : null;
}
const sources: readonly SourceName[] = ["mic", "camera", "screen", "screen-audio"];

/** Where a session sits. member is fresh with each leaf, so that who comes to sit where another sat is told apart. */
export interface Seated {
  leaf: number;
  member: string;
  /** Acts that the room's policy withholds: nobody is to see or hear it. None where it is missing. */
  withheld?: Acts;
}

export interface NewEpoch {
  epoch: number;
  /** 16 bytes, owned and wiped by the receiver of this. */
  base: Bytes;
  /** By session. */
  members: ReadonlyMap<string, Seated>;
  /** Own leaf. */
  self: number;
  /** Whether the commit into this epoch removed somebody. */
  removed: boolean;
}

export interface OpeningKey {
  key: FrameKey;
  window: ReplayWindow;
}

interface Held extends NewEpoch {
  since: number;
  opening: Map<number, Promise<OpeningKey>>;
}

export interface SealingKey {
  key: Promise<FrameKey>;
  /** The next counter; whoever seals takes it before anything can fail. */
  counter: number;
}

/** The epochs of one member. Owned by the worker, used in its one thread. */
export class Keys {
  private held: Held[] = []; // newest last
  private turns: { epoch: Held; at: number }[] = []; // when each may be sealed with, oldest first
  private sealing = new Map<SourceName, SealingKey & { epoch: Held }>();
  private waiting = new Set<{ bits: number; done(came: boolean): void }>();
  private neverCame = new Map<number, number>();

  constructor(private readonly clock: Clock) {}

  install(e: NewEpoch): void {
    const epoch: Held = { ...e, since: this.clock.wall(), opening: new Map() };
    const old = this.held.at(-1);
    this.held.push(epoch);
    const now = this.clock.now();
    // Who was removed has every key up to here: a removal beats a smooth change.
    if (e.removed || this.turns.length === 0) this.turns = [{ epoch, at: now }];
    else this.turns.push({ epoch, at: now + SWITCH_DELAY });
    if (old) this.clock.after(RETAIN, () => this.retire(old));
    for (const w of [...this.waiting]) if (w.bits === e.epoch % EPOCHS) w.done(true);
  }

  /** Those that are held, oldest first, and since when by the wall clock. */
  epochs(): { epoch: number; since: number }[] {
    return this.held.map(({ epoch, since }) => ({ epoch, since }));
  }

  private retire(old: Held): void {
    old.base.fill(0);
    old.opening.clear();
    this.held = this.held.filter((e) => e !== old);
    this.turns = this.turns.filter((t) => t.epoch !== old);
    for (const [source, s] of this.sealing) if (s.epoch === old) this.sealing.delete(source);
  }

  /** Nothing is sealed until the next install; what others sealed is opened while its keys last. */
  halt(): void {
    this.turns = [];
    this.sealing.clear();
    const newest = this.held.at(-1);
    if (newest) this.clock.after(RETAIN, () => this.retire(newest));
  }

  /** Forgets every key. Nothing is sealed or opened until the next install. */
  wipe(): void {
    for (const e of [...this.held]) this.retire(e);
    this.turns = [];
    this.sealing.clear();
    this.neverCame.clear();
    for (const w of [...this.waiting]) w.done(false);
  }

  /** What to seal a source with now; null when there is nothing. */
  toSeal(source: SourceName): SealingKey | null {
    const now = this.clock.now();
    const due = this.turns.findLastIndex((t) => t.at <= now);
    if (due > 0) this.turns.splice(0, due);
    const epoch = due < 0 ? undefined : this.turns[0]?.epoch;
    if (!epoch || epoch.self >= LEAVES) return null;
    let s = this.sealing.get(source);
    if (s?.epoch !== epoch) {
      const kid = BigInt(kidOf(source, epoch.self, epoch.epoch));
      s = { epoch, key: deriveKey(SUITE, kid, epoch.base, ["encrypt"]), counter: 0 };
      this.sealing.set(source, s);
    }
    return s;
  }

  /** Reports whether a session is in the newest epoch on that leaf, and was the same one on it in the epoch of the frame. */
  sits(session: string, kid: Kid): boolean {
    const now = this.held.at(-1)?.members.get(session);
    const then = this.find(kid.bits)?.members.get(session);
    return (
      now !== undefined &&
      now.leaf === kid.leaf &&
      then?.leaf === kid.leaf &&
      then.member === now.member
    );
  }

  /** Reports whether the newest epoch lets a session send a source. */
  maySend(session: string, source: SourceName): boolean {
    const withheld = this.held.at(-1)?.members.get(session)?.withheld ?? 0;
    return (withheld & actOf(source)) === 0;
  }

  /** The key of a KID whose epoch is held. */
  async toOpen(kid: Kid): Promise<OpeningKey | null> {
    const epoch = this.find(kid.bits);
    if (!epoch) return null;
    const n = kidOf(kid.source, kid.leaf, kid.bits);
    let entry = epoch.opening.get(n);
    if (!entry) {
      const window = new ReplayWindow(windows[kid.source]);
      entry = deriveKey(SUITE, BigInt(n), epoch.base, ["decrypt"]).then((key) => ({ key, window }));
      epoch.opening.set(n, entry);
    }
    return entry;
  }

  private find(bits: number): Held | undefined {
    return this.held.findLast((e) => e.epoch % EPOCHS === bits);
  }

  /** Reports whether the epoch is held, for which it waits a moment when it may be the next. */
  async has(bits: number): Promise<boolean> {
    const newest = this.held.at(-1);
    if (!newest) return false;
    if (this.find(bits)) return true;
    const ahead = (bits - (newest.epoch % EPOCHS) + EPOCHS) % EPOCHS;
    if (ahead > AHEAD) return false;
    const missed = this.neverCame.get(bits);
    if (missed !== undefined && this.clock.now() - missed < HOLD_AGAIN) return false;
    return new Promise((resolve) => {
      const entry = {
        bits,
        done: (came: boolean): void => {
          cancel();
          this.waiting.delete(entry);
          if (!came) this.neverCame.set(bits, this.clock.now());
          resolve(came);
        },
      };
      const cancel = this.clock.after(HOLD, () => entry.done(false));
      this.waiting.add(entry);
    });
  }
}
