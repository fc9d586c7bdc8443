/** Timers by name, at most one of each; all end with their owner. */
export class Timers {
  private readonly running = new Map<string, () => void>();
  private closed = false;

  constructor(private readonly after: (ms: number, f: () => void) => () => void) {}

  /** Runs f once, later; a timer of the same name is replaced. */
  set(name: string, ms: number, f: () => void): void {
    this.stop(name);
    if (this.closed) return;
    const cancel = this.after(ms, () => {
      this.running.delete(name);
      f();
    });
    this.running.set(name, cancel);
  }

  /** The same, unless a timer of that name is running already: a burst of calls is answered once. */
  once(name: string, ms: number, f: () => void): void {
    if (!this.running.has(name)) this.set(name, ms, f);
  }

  stop(name: string): void {
    this.running.get(name)?.();
    this.running.delete(name);
  }

  close(): void {
    this.closed = true;
    for (const name of [...this.running.keys()]) this.stop(name);
  }
}
