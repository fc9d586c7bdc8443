/** The picture that a moderator shows large to all. One's own pin goes before it. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { AppPayload, Member } from "../e2ee/protocol";
import type { SpotlightModel } from "./model";
import { tileKey } from "./tiles";

type Said = AppPayload & { kind: "spotlight" };

export interface SpotlightEvents {
  /** Seals it for the group. */
  say(payload: AppPayload): void;
  /** Our own session. */
  me(): string;
  /** It is we who are shown, from now on. */
  shown(by: string): void;
}

export class Spotlight implements SpotlightModel {
  /** What holds, and of whom it is. */
  private readonly said = signal<(Said & { by: string }) | null>(null);
  private readonly lit = signal("");
  /** The key of the tile; "": none. */
  readonly key: ReadonlySignal<string> = this.lit;

  constructor(private readonly events: SpotlightEvents) {}

  /** The worker has checked that it is of a moderator. */
  take(by: string, name: string, said: Said): void {
    const me = this.events.me();
    const again = this.lit.value === tileKey(said.session, said.source);
    if (said.session === me && by !== me && !again) this.events.shown(name);
    this.set(said.session === "" ? null : { ...said, by });
  }

  private set(said: (Said & { by: string }) | null): void {
    this.said.value = said;
    this.lit.value = said ? tileKey(said.session, said.source) : "";
  }

  /** Shows that picture to all; the one that is shown no longer. */
  toggle(session: string, source: Said["source"]): void {
    const on = this.lit.value !== tileKey(session, source);
    this.events.say({ kind: "spotlight", session: on ? session : "", source });
  }

  /** Tells somebody who joined. */
  repeat(): void {
    const { value } = this.said;
    if (value?.by === this.events.me())
      this.events.say({ kind: "spotlight", session: value.session, source: value.source });
  }

  /** These are here, and nobody else: it ends with who is in it, and with who wanted it, or may want it no more. */
  keep(members: ReadonlyMap<string, Member>): void {
    const { value } = this.said;
    if (!value) return;
    const { by, session } = value;
    if (!members.has(session) || !members.get(by)?.role) this.set(null);
  }

  /** A new session of ours: who is shown, we are told again. */
  restart(): void {
    this.set(null);
  }
}
