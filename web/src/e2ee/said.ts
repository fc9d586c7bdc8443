/** What a member keeps to know who said what: messages of its own until they come back, and who was where a few epochs ago. */
import { type Bytes, eq } from "./bytes";
import type { Infos } from "./policy";
import type { AppPayload } from "./protocol";

/** A member has at most so many messages under way whose echo it waits for. Fewer, and own messages are dropped as not to be read. */
const MAX_SPOKEN = 256;
/** Messages of so many epochs before may still come. */
const LATE = 3;

/** Our own messages, by their sealed bytes: nobody can open what it sealed itself. */
export class Spoken {
  private list: { body: Bytes; epoch: number; payload: AppPayload }[] = [];

  add(body: Bytes, epoch: number, payload: AppPayload): void {
    this.list.push({ body, epoch, payload });
    if (this.list.length > MAX_SPOKEN) this.list.shift();
  }

  /** What we said by that, once; undefined when it is not ours, or was said in another epoch: nobody else opens it there. */
  take(body: Uint8Array, epoch: number): AppPayload | undefined {
    const i = this.list.findIndex((s) => s.epoch === epoch && eq(s.body, body));
    return i < 0 ? undefined : this.list.splice(i, 1)[0]?.payload;
  }

  clear(): void {
    this.list = [];
  }
}

/** Who was where in the epochs before. */
export class Past {
  private readonly epochs = new Map<number, Infos>();

  keep(epoch: number, infos: Infos): void {
    this.epochs.set(epoch, infos);
  }

  at(epoch: number): Infos | undefined {
    return this.epochs.get(epoch);
  }

  /** Forgets one epoch. */
  drop(epoch: number): void {
    this.epochs.delete(epoch);
  }

  /** Forgets what is too long ago when that epoch begins. */
  forget(now: number): void {
    for (const e of this.epochs.keys()) if (e + LATE < now) this.epochs.delete(e);
  }

  clear(): void {
    this.epochs.clear();
  }
}
