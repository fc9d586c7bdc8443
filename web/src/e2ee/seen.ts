/** What this browser remembers of others: their device keys, under which names it met them, and whom it has verified. */
import { hex, sha256 } from "./bytes";
import type { KeyStore } from "./device";
import { skeleton } from "./skeleton";

export interface Remembered {
  /** First 16 hex digits of SHA-256 of the device key. */
  device: string;
  /** Unix ms; now for a new one. */
  firstSeen: number;
  /** Somebody here has compared the numbers with this device key among them. */
  verified: boolean;
  /** The name, or one that looks like it, was met here before, and never with this device key. */
  newDevice: boolean;
}

/** How many device keys of a name are remembered. The oldest goes: then its owner is warned of once more. */
const PER_NAME = 16;

/**
 * Owned by the worker. A device key is remembered at its first sight; a name belongs to the first device key that came
 * with it, and to those that were verified: so a warning stays until somebody has compared the numbers.
 */
export class Seen {
  private readonly first = new Map<string, Promise<{ device: string; firstSeen: number }>>();
  /** The name changes are made one after another: of two who come at once with one name, one is the first. */
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: KeyStore,
    private readonly wall: () => number,
  ) {}

  /** Looks one up. Who is in the meeting is remembered under the name; who only asks to be is not. */
  async look(deviceKey: Uint8Array, name: string, isIn = true): Promise<Remembered> {
    const id = hex(deviceKey);
    const first = this.first.get(id) ?? this.find(id, deviceKey);
    this.first.set(id, first);
    const owners = await this.inTurn(async () => {
      const known = await this.owners(name);
      if (known.length > 0) return known;
      if (!isIn) return [id];
      await this.store.put("seen", nameId(name), [id]);
      return [id];
    });
    return {
      ...(await first),
      verified: typeof (await this.store.get("seen", verifiedId(id))) === "number",
      newDevice: !owners.includes(id),
    };
  }

  /** Remembers that the device keys are those persons', or forgets it. Who is looked up from now on is so after all of them. */
  verify(people: { deviceKey: Uint8Array; name: string }[], on: boolean): Promise<void> {
    return this.inTurn(async () => {
      for (const { deviceKey, name } of people) {
        const id = hex(deviceKey);
        await this.store.put("seen", verifiedId(id), on ? this.wall() : false);
        const owners = await this.owners(name);
        if (on && !owners.includes(id))
          await this.store.put("seen", nameId(name), [...owners, id].slice(-PER_NAME));
      }
    });
  }

  private inTurn<T>(f: () => Promise<T>): Promise<T> {
    const done = this.queue.then(f);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async owners(name: string): Promise<string[]> {
    const known = await this.store.get("seen", nameId(name));
    return Array.isArray(known) ? known.filter((k) => typeof k === "string") : [];
  }

  private async find(
    id: string,
    deviceKey: Uint8Array,
  ): Promise<{ device: string; firstSeen: number }> {
    const device = hex(await sha256(deviceKey)).slice(0, 16);
    const seen = await this.store.keep("seen", id, this.wall());
    return { device, firstSeen: typeof seen === "number" ? seen : this.wall() };
  }
}

const nameId = (name: string): string => `name/${skeleton(name)}`;
const verifiedId = (id: string): string => `verified/${id}`;
