/** The recordings that lie in this browser: looked for at the start, if there may be any, and offered until they are deleted. */
import { type ReadonlySignal, signal } from "@preact/signals-core";
import type { Env } from "./env";
import type { Kept, KeptModel } from "./model";
import { KEPT_FLAG } from "./recording";

export class KeptRecordings implements KeptModel {
  private readonly all = signal<readonly Kept[]>([]);
  readonly list: ReadonlySignal<readonly Kept[]> = this.all;
  /** Of which we wait until their tab has ended them, or crashed. */
  private readonly waiting = new Set<string>();

  constructor(private readonly env: Env) {
    env.recordings.refresh = () => this.refresh();
    if (env.browser.get(KEPT_FLAG) !== null) void this.refresh();
  }

  private async refresh(): Promise<void> {
    try {
      const { kept, written } = await this.env.recordings.list();
      this.all.value = kept;
      for (const name of written) void this.wait(name);
      if (kept.length + written.length === 0) this.env.browser.remove(KEPT_FLAG);
    } catch {
      // storage is blocked: there is nothing to offer
    }
  }

  private async wait(name: string): Promise<void> {
    if (this.waiting.has(name)) return;
    this.waiting.add(name);
    try {
      await this.env.recordings.written(name);
      this.waiting.delete(name);
      await this.refresh();
    } catch {
      // the browser does not tell: it is offered at the next start
    }
  }

  save(name: string): void {
    this.env.recordings.save(name).catch(() => this.refresh());
  }

  remove(name: string): void {
    const again = (): Promise<void> => this.refresh();
    this.env.recordings.remove(name).then(again, again);
  }
}
