/** Which client this browser keeps, and what is to be done about another that the server has. */
import { batch, type ReadonlySignal, signal } from "@preact/signals-core";
import type { PinStatus } from "../pin/pin";
import type { Env } from "./env";
import type { VersionModel } from "./model";

/** ms after the page has come up: nothing waits for it. */
const FIRST = 2_000;
/** ms between two questions to the server. */
const EVERY = 3_600_000;

export class Version implements VersionModel {
  private readonly status = {
    pinned: signal(""),
    since: signal(0),
    offered: signal(""),
    broken: signal(false),
    taking: signal(false),
  };
  readonly pinned: ReadonlySignal<string> = this.status.pinned;
  readonly since: ReadonlySignal<number> = this.status.since;
  readonly offered: ReadonlySignal<string> = this.status.offered;
  readonly broken: ReadonlySignal<boolean> = this.status.broken;
  readonly taking: ReadonlySignal<boolean> = this.status.taking;

  constructor(private readonly env: Env) {
    const look = (): void => {
      void this.look();
      env.after(EVERY, look);
    };
    env.after(FIRST, look);
  }

  private async look(): Promise<void> {
    this.show(await this.env.pin({ type: "status" }));
  }

  private show(s: PinStatus | null): void {
    if (!s) return;
    batch(() => {
      this.status.pinned.value = s.pinned;
      this.status.since.value = s.since;
      this.status.offered.value = s.refused ? "" : s.offered;
      this.status.broken.value = s.broken;
    });
  }

  take(): void {
    void this.takeIt(this.offered.value);
  }

  private async takeIt(hash: string): Promise<void> {
    if (!hash || this.taking.value) return;
    this.status.taking.value = true;
    const s = await this.env.pin({ type: "take", hash });
    this.status.taking.value = false;
    this.show(s);
    if (s?.pinned === hash) this.env.reload();
  }

  refuse(): void {
    const hash = this.offered.value;
    this.status.offered.value = "";
    if (hash) void this.env.pin({ type: "refuse", hash }).then((s) => this.show(s));
  }
}
