/**
 * Frame keys and what is done with them (PROTOCOL.md 3): sealing what the encoders make, opening what arrives.
 * Whatever has no key, no valid tag, another owner or was seen before does not come out.
 */
import { type Bytes, cat, sha256, utf8 } from "./bytes";
import type { CodecName, Counters, SeatOwner, SourceName } from "./protocol";
import { ReplayWindow } from "./replay";
import { decodeHeader, deriveKey, type FrameKey, open, seal } from "./sframe";
import { codecId, pad, unpad, unwrap, wrap } from "./wrap";

export const contexts: Record<SourceName, number> = { mic: 0, camera: 1, screen: 2, "screen-audio": 3 };

const EPOCHS = 64; // epoch bits in the KID
const RETAIN = 10_000; // ms for which an old epoch's keys open frames
const SWITCH_DELAY = 500; // ms until a sender uses a new epoch's key
const HOLD = 500; // ms for which a frame waits for the next epoch
const HOLD_AGAIN = 2_000; // ms until frames of an epoch that never came wait again

export interface NewEpoch {
  epoch: number;
  /** Owned by Frames from here on, which wipes it. */
  base: Bytes;
  /** Leaf of each member's session. */
  leaves: ReadonlyMap<string, number>;
  self: number;
  removed: boolean;
}

interface Epoch extends NewEpoch {
  keys: Map<number, Promise<{ key: FrameKey; window: ReplayWindow }>>;
}

interface Sending {
  epoch: Epoch;
  key: Promise<FrameKey>;
  counter: number;
}

export type DropReason = keyof Counters["dropped"];
export type Opened = { payload: Bytes } | { drop: DropReason };

/** Injectable time: ms that only grow, and timers. */
export interface Clock {
  now(): number;
  after(ms: number, f: () => void): () => void;
}

/** Owned by the worker; calls for one source or one seat are made one after the other. */
export class Frames {
  private readonly metadata: Promise<Bytes>;
  private epochs: Epoch[] = []; // newest last
  private sendable: { epoch: Epoch; at: number }[] = [];
  private sending = new Map<SourceName, Sending>();
  private seats = new Map<number, SeatOwner>();
  private waiting: { bits: number; resume: () => void }[] = [];
  private neverCame = new Map<number, number>();

  constructor(
    room: string,
    private readonly clock: Clock,
  ) {
    this.metadata = sha256(utf8(room)).then((h) => cat(utf8("incamera frame v1"), h));
  }

  install(e: NewEpoch): void {
    const epoch: Epoch = { ...e, keys: new Map() };
    const old = this.epochs.at(-1);
    this.epochs.push(epoch);
    // Who was removed has every key until now: removal beats a smooth change.
    const delay = old && !e.removed ? SWITCH_DELAY : 0;
    this.sendable.push({ epoch, at: this.clock.now() + delay });
    if (old) this.clock.after(RETAIN, () => this.retire(old));
    for (const w of this.waiting) if (w.bits === e.epoch % EPOCHS) w.resume();
  }

  private retire(old: Epoch): void {
    old.base.fill(0);
    old.keys.clear();
    this.epochs = this.epochs.filter((e) => e !== old);
    this.sendable = this.sendable.filter((s) => s.epoch !== old);
  }

  /** Forgets every key. Nothing is sealed or opened until the next install. */
  wipe(): void {
    for (const e of this.epochs) {
      e.base.fill(0);
      e.keys.clear();
    }
    this.epochs = [];
    this.sendable = [];
    this.sending.clear();
    this.neverCame.clear();
  }

  setSeats(seats: readonly SeatOwner[]): void {
    this.seats = new Map(seats.map((s) => [s.index, s]));
  }

  owner(seat: number): string {
    return this.seats.get(seat)?.session ?? "";
  }

  /** Returns the frame for the packetiser, or null when there is no key to seal with. */
  async seal(source: SourceName, codec: CodecName, keyFrame: boolean, payload: Bytes): Promise<Bytes | null> {
    const s = this.senderFor(source);
    if (!s) return null;
    const counter = s.counter++; // taken before anything can fail: a counter is never used twice
    const metadata = cat(await this.metadata, Uint8Array.of(codecId[codec]));
    const sealed = await seal(await s.key, BigInt(counter), metadata, pad(codec, payload));
    return wrap(codec, keyFrame, sealed);
  }

  private senderFor(source: SourceName): Sending | null {
    const now = this.clock.now();
    while (this.sendable.length > 1 && this.sendable[1]!.at <= now) this.sendable.shift();
    const first = this.sendable[0];
    if (!first || first.at > now) return this.sending.get(source) ?? null;
    let s = this.sending.get(source);
    if (s?.epoch !== first.epoch) {
      const kid = this.kid(source, first.epoch.self, first.epoch.epoch);
      s = { epoch: first.epoch, key: deriveKey(4, BigInt(kid), first.epoch.base, ["encrypt"]), counter: 0 };
      this.sending.set(source, s);
    }
    return s;
  }

  private kid(source: SourceName, leaf: number, epoch: number): number {
    return contexts[source] * 65536 + leaf * EPOCHS + (epoch % EPOCHS);
  }

  /** Opens a frame that arrived on a seat. */
  async open(seat: number, source: SourceName, codec: CodecName, frame: Bytes): Promise<Opened> {
    if (frame.length === 0) return { drop: "empty" };
    const body = unwrap(codec, frame);
    const header = body && decodeHeader(body);
    if (!body || !header || header.kid > 0x3ffffn || header.ctr > BigInt(Number.MAX_SAFE_INTEGER)) {
      return { drop: "malformed" };
    }
    const kid = Number(header.kid);
    const leaf = (kid >> 6) & 1023;
    const epoch = await this.epochOf(kid % EPOCHS);
    if (!epoch) return { drop: "noKey" };
    const owner = this.seats.get(seat);
    const here = this.epochs.at(-1)?.leaves.get(owner?.session ?? "");
    // A leaf may have had another owner in an older epoch: both must agree.
    const theirs = owner?.source === source && kid >> 16 === contexts[source] && here === leaf && epoch.leaves.get(owner.session) === leaf;
    if (!theirs) return { drop: "wrongOwner" };
    let entry = epoch.keys.get(kid);
    if (!entry) {
      const window = new ReplayWindow(codec === "opus" ? 256 : 1024);
      entry = deriveKey(4, header.kid, epoch.base, ["decrypt"]).then((key) => ({ key, window }));
      epoch.keys.set(kid, entry);
    }
    const { key, window } = await entry;
    const counter = Number(header.ctr);
    if (!window.fresh(counter)) return { drop: "replay" };
    let plain: Bytes;
    try {
      plain = await open(key, header, cat(await this.metadata, Uint8Array.of(codecId[codec])), body);
    } catch {
      return { drop: "badTag" };
    }
    if (!window.fresh(counter)) return { drop: "replay" }; // the same frame, opened meanwhile
    window.mark(counter);
    const payload = unpad(plain);
    return payload ? { payload } : { drop: "malformed" };
  }

  /** The held epoch with those bits; waits a moment for the next one. */
  private async epochOf(bits: number): Promise<Epoch | undefined> {
    const held = () => this.epochs.findLast((e) => e.epoch % EPOCHS === bits);
    const now = held();
    const newest = this.epochs.at(-1);
    if (now || !newest) return now;
    const ahead = (bits - (newest.epoch % EPOCHS) + EPOCHS) % EPOCHS;
    const failed = this.neverCame.get(bits);
    if (ahead > 4 || (failed !== undefined && this.clock.now() - failed < HOLD_AGAIN)) return undefined;
    await new Promise<void>((resolve) => {
      const entry = { bits, resume: () => done(true) };
      const cancel = this.clock.after(HOLD, () => done(false));
      const done = (came: boolean): void => {
        cancel();
        this.waiting = this.waiting.filter((w) => w !== entry);
        if (!came) this.neverCame.set(bits, this.clock.now());
        resolve();
      };
      this.waiting.push(entry);
    });
    return held();
  }
}
