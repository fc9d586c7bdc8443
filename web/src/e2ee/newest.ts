/** One thing at a time, and of what is asked for meanwhile the newest: what takes longer than the time until the next is done all the same. */
export type Job = (dropped: () => boolean) => Promise<void>;

export class Newest {
  private waiting: Job | null = null;
  private running: Promise<void> | null = null;
  private drops = 0;

  /** Resolves when the job, or a newer one in its place, is done or dropped. Rejects as the first of them does that fails. */
  do(job: Job): Promise<void> {
    this.waiting = job;
    this.running ??= this.run();
    return this.running;
  }

  /** Forgets the job that waits, and tells the one that is under way, which decides by itself what that means. */
  drop(): void {
    this.waiting = null;
    this.drops++;
  }

  private async run(): Promise<void> {
    const failed: unknown[] = [];
    for (let job = this.waiting; job; job = this.waiting) {
      this.waiting = null;
      const { drops } = this;
      await job(() => this.drops !== drops).catch((e) => failed.push(e));
    }
    this.running = null;
    if (failed.length > 0) throw failed[0];
  }
}
