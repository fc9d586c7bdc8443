/** Short messages that go away by themselves, or, where there is something to press, once it is pressed. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Notice } from "./model";
import type { Doubt } from "./roster";
import { msg, t, tn } from "./words";

const SHOWN = { info: 5_000, warn: 12_000 }; // ms
const MOST = 3;

/** What to tell when the server is to stop: meetings come back when it does (PROTOCOL.md 1.2). */
export function closing(seconds: number): string {
  return tn(
    Math.max(1, Math.ceil(seconds / 60)),
    "The server restarts within a minute. The meeting pauses for a moment then, and comes back by itself.",
    "The server restarts within {n} minutes. The meeting pauses for a moment then, and comes back by itself.",
  );
}

/** What to tell of somebody who came, or of whom we came to; "" for nothing. */
export function arrival(name: string, doubt: Doubt | null, came: boolean): string {
  switch (doubt) {
    case "own-name":
      return came
        ? t("{name} joined, and has your name, on another device", { name })
        : t("{name} has your name, on another device", { name });
    case "same-name":
      return came
        ? t("{name} joined, and has a name that another person here has, too", { name })
        : t("{name} has a name that another person here has, too", { name });
    case "new-device":
      return came
        ? t("{name} joined, and uses a new device: you met this name with another one", { name })
        : t("{name} uses a new device: you met this name with another one", { name });
    case null:
      return came ? t("{name} joined", { name }) : "";
  }
}

export class Notices {
  private readonly all = signal<Notice[]>([]);
  readonly list: ReadonlySignal<Notice[]> = this.all;
  private last = 0;

  constructor(private readonly after: (ms: number, f: () => void) => () => void) {}

  /** The same text takes the place of the one before. Returns what dismiss takes. */
  add(text: string, kind: Notice["kind"] = "info", action?: Notice["action"]): number {
    const id = ++this.last;
    const others = this.all.value.filter((n) => n.text !== text);
    const pressed = action && {
      label: action.label,
      run: () => {
        this.dismiss(id);
        action.run();
      },
    };
    const notice = { id, text, kind, ...(pressed ? { action: pressed } : {}) };
    this.all.value = [...others, notice].slice(-MOST);
    if (!action) this.after(SHOWN[kind], () => this.dismiss(id));
    return id;
  }

  /** Says how something ended. */
  outcome(attempt: Promise<void>, done: string, failed: string): void {
    attempt.then(
      () => this.add(done),
      () => this.add(failed, "warn"),
    );
  }

  linkCopied(attempt: Promise<void>): void {
    this.outcome(
      attempt,
      msg("Invitation link copied. Whoever has it can join, so send it by a way you trust."),
      msg("The link could not be copied. Select it and copy it by hand."),
    );
  }

  copied(attempt: Promise<void>): void {
    const failed = msg("It could not be copied. Select it and copy it by hand.");
    this.outcome(attempt, msg("Copied"), failed);
  }

  dismiss(id: number): void {
    this.all.value = this.all.value.filter((n) => n.id !== id);
  }
}
