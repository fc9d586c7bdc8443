/** How the server is reached: the first join, breaks, refusals, and coming back to a server that forgot the room. */
import { signal } from "@preact/signals-core";
import { Refusal } from "../wire/http";
import type { Code } from "../wire/wire.gen";
import type { MeetingModel, Problem } from "./model";
import { isFull, isOver, isUnknown } from "./problems";
import type { Timers } from "./timers";

const GONE_AFTER = 60_000; // ms without the server until people are told that it is more than a hiccup
const WAITING_AFTER = 8_000; // ms, the same before the first join
const RECREATE_EVERY = 2_000; // ms

export interface ReachEvents {
  /** Opens the session's socket. */
  open(): void;
  /** Makes the room again from what we know of it. */
  create(): Promise<void>;
  /** Not in yet, and the server does not answer; it is still being tried. */
  waiting(): void;
  /** It has not answered for a while. */
  unanswered(): void;
  end(why: Problem): void;
}

export class Reach {
  private readonly now = signal<"connecting" | "connected" | "reconnecting">("connecting");
  readonly connection: MeetingModel["connection"] = this.now;
  private joinedOnce = false;
  private closed = false;

  constructor(
    private readonly timers: Timers,
    private readonly events: ReachEvents,
  ) {}

  /** We have been in. */
  get ever(): boolean {
    return this.joinedOnce;
  }

  enter(): void {
    this.timers.set("waiting", WAITING_AFTER, () => {
      if (!this.joinedOnce) this.events.waiting();
    });
    this.events.open();
  }

  joined(): void {
    this.timers.stop("gone");
    this.now.value = "connected";
    this.joinedOnce = true;
  }

  broken(): void {
    if (!this.joinedOnce) return;
    this.now.value = "reconnecting";
    this.timers.once("gone", GONE_AFTER, () => this.events.unanswered());
  }

  async refused(code: Code): Promise<void> {
    if (this.closed) return;
    if (code === "full") {
      this.events.end(isFull);
    } else if (!this.joinedOnce || code !== "refused") {
      this.events.end(isUnknown);
    } else {
      this.broken();
      await this.recreate(code);
    }
  }

  /** A server that was restarted knows nothing: the room is made again from what we know. */
  private async recreate(code: Code): Promise<void> {
    try {
      await this.events.create();
      if (!this.closed) this.events.open();
    } catch (e) {
      const final =
        e instanceof Refusal && ["refused", "invalid", "invite", "sign-in"].includes(e.code);
      if (final) this.events.end(isOver);
      else this.timers.set("recreate", RECREATE_EVERY, () => void this.refused(code));
    }
  }

  close(): void {
    this.closed = true;
  }
}
