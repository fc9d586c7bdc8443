/**
 * Tells the server that we speak, while more microphones are open than everybody has seats for. Who they are it could not know
 * otherwise; up to that it is told nothing. That so many are open is what members say, inside the encryption: the server
 * cannot make us tell.
 */
import { computed, effect, type ReadonlySignal } from "@preact/signals-core";
import { LARGE } from "../media/subscribe";
import type { ClientMessage } from "../wire/wire.gen";
import type { Company } from "./company";

export class Telling {
  /** More microphones are open than are heard at once. */
  readonly crowded: ReadonlySignal<boolean>;
  private told = false;

  constructor(
    private readonly company: Pick<Company, "me" | "members" | "peers">,
    /** The server knows that we send our microphone. */
    private readonly mic: ReadonlySignal<boolean>,
    private readonly send: (m: ClientMessage) => void,
  ) {
    this.crowded = computed(() => {
      const { members, peers } = this.company;
      let open = this.mic.value ? 1 : 0;
      for (const m of members.value.values())
        if (!m.self && peers.map.value.get(m.session)?.says?.mic) open++;
      return open > LARGE.mic;
    });
  }

  /**
   * speaking: the sessions that speak. deaf: whether we do cannot be known, and we say so all the time, to be heard in our turn
   * instead of never. Returns what ends it.
   */
  follow(speaking: ReadonlySignal<ReadonlySet<string>>, deaf: ReadonlySignal<boolean>): () => void {
    return effect(() => {
      const speaks = deaf.value || speaking.value.has(this.company.me.value);
      this.tell(this.mic.value, this.crowded.value && speaks);
    });
  }

  /** A new session: the server knows of nothing. */
  restart(): void {
    this.told = false;
  }

  private tell(mic: boolean, speaks: boolean): void {
    if (!mic) {
      this.told = false; // the server takes it back by itself
    } else if (speaks !== this.told) {
      this.told = speaks;
      this.send({ type: "speaking", on: speaks });
    }
  }
}
