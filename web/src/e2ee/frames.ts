/**
 * Sealing what the encoders make and opening what arrives (PROTOCOL.md 3.2 to 3.4). Whatever has no key, no valid tag,
 * another owner or was seen before does not come out.
 */
import { type Bytes, cat, sha256, utf8 } from "./bytes";
import type { Clock } from "./clock";
import { Keys, type NewEpoch, parseKid } from "./keys";
import type { CodecName, Counters, SeatOwner, SourceName } from "./protocol";
import { decodeHeader, open, seal } from "./sframe";
import { codecId, pad, unpad, unwrap, wrap } from "./wrap";

export type DropReason = keyof Counters["dropped"];
export type Opened = { payload: Bytes } | { drop: DropReason };

export const isPicture = (s: SourceName): boolean => s === "camera" || s === "screen";

/** Owned by the worker. Calls for one source, and those for one seat, are made one after the other. */
export class Frames {
  private readonly keys: Keys;
  private readonly metadata: Promise<(c: CodecName) => Bytes>;
  private seats = new Map<number, SeatOwner>();

  constructor(room: string, clock: Clock) {
    this.keys = new Keys(clock);
    this.metadata = sha256(utf8(room)).then((digest) => {
      const common = cat(utf8("incamera frame v1"), digest);
      const made = new Map<CodecName, Bytes>();
      return (codec) => {
        const known = made.get(codec) ?? cat(common, Uint8Array.of(codecId[codec]));
        made.set(codec, known);
        return known;
      };
    });
  }

  install(e: NewEpoch): void {
    this.keys.install(e);
  }

  halt(): void {
    this.keys.halt();
  }

  wipe(): void {
    this.keys.wipe();
  }

  epochs(): { epoch: number; since: number }[] {
    return this.keys.epochs();
  }

  setSeats(seats: readonly SeatOwner[]): void {
    this.seats = new Map(seats.map((s) => [s.index, s]));
  }

  /** Returns what the packetiser gets, or null for what must not leave: no key, no codec for that source, nothing in it. */
  async seal(
    source: SourceName,
    codec: CodecName,
    keyFrame: boolean,
    payload: Bytes,
  ): Promise<Bytes | null> {
    if (payload.length === 0 || (codec === "opus") === isPicture(source)) return null;
    const k = this.keys.toSeal(source);
    if (!k) return null;
    const counter = k.counter++; // taken before anything can fail: no counter is used twice
    const sealed = await seal(
      await k.key,
      BigInt(counter),
      (await this.metadata)(codec),
      pad(codec, payload),
    );
    return wrap(codec, keyFrame, sealed);
  }

  /** Opens a frame that arrived on a seat, which the server says to show that source. */
  async open(seat: number, source: SourceName, codec: CodecName, frame: Bytes): Promise<Opened> {
    if (frame.length === 0) return { drop: "empty" };
    if ((codec === "opus") === isPicture(source)) return { drop: "malformed" };
    const body = unwrap(codec, frame);
    const header = body && decodeHeader(body);
    const kid = header && parseKid(header.kid);
    if (!body || !header || !kid || header.ctr > BigInt(Number.MAX_SAFE_INTEGER))
      return { drop: "malformed" };
    // Before it waits for keys, so that a frame on a wrong seat does not make others wait.
    if (kid.source !== source || !this.owner(seat, source)) return { drop: "wrongOwner" };
    if (!(await this.keys.has(kid.bits))) return { drop: "noKey" };
    const owner = this.owner(seat, source);
    if (!this.keys.sits(owner, kid)) return { drop: "wrongOwner" };
    if (!this.keys.maySend(owner, source)) return { drop: "withheld" };
    const k = await this.keys.toOpen(kid);
    if (!k) return { drop: "noKey" };
    const counter = Number(header.ctr);
    if (!k.window.fresh(counter)) return { drop: "replay" };
    let plain: Bytes;
    try {
      plain = await open(k.key, header, (await this.metadata)(codec), body);
    } catch {
      return { drop: "badTag" };
    }
    // The seat, the group and the window may have changed meanwhile.
    if (this.owner(seat, source) !== owner || !this.keys.sits(owner, kid))
      return { drop: "wrongOwner" };
    if (!this.keys.maySend(owner, source)) return { drop: "withheld" };
    if (!k.window.fresh(counter)) return { drop: "replay" };
    k.window.mark(counter);
    const payload = unpad(plain);
    if (!payload) return { drop: "malformed" };
    return payload.length > 0 ? { payload } : { drop: "empty" };
  }

  /** The session on a seat of that source, "" when there is none. */
  private owner(seat: number, source: SourceName): string {
    const s = this.seats.get(seat);
    return s?.source === source ? s.session : "";
  }
}
