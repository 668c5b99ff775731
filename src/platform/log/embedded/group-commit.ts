import { LogUnavailable } from '../log.port';

interface Waiting<Work> {
  readonly work: Work;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what is asked while one commit is on its way into the next one: all that waits shares one fsync.
 * Works are committed in the order they came, each whole and with all others of its commit or not at all.
 */
export class GroupCommit<Work> {
  private waiting: Waiting<Work>[] = [];
  private running: Promise<void> | undefined;
  private closed = false;

  /**
   * @param commit makes all works durable, or throws and has changed nothing
   * @param sizeOf size of one work in the unit of `sizeMax`
   * @param sizeMax bound of one commit; a single larger work goes alone
   */
  constructor(
    private readonly commit: (works: readonly Work[]) => Promise<void>,
    private readonly sizeOf: (work: Work) => number,
    private readonly sizeMax: number,
  ) {}

  /** Resolves when the work is durable. */
  add(work: Work): Promise<void> {
    if (this.closed) return Promise.reject(new LogUnavailable('the log is closing'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ work, resolve, reject });
      // What is asked in the same breath joins the same commit; what comes later, while it is on its way, the next.
      this.running ??= Promise.resolve().then(() => this.drain());
    });
  }

  /** Refuses new work and resolves when the last commit has ended. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.commit(batch.map(({ work }) => work));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.running = undefined;
  }

  private takeBatch(): Waiting<Work>[] {
    let size = 0;
    let count = 0;
    for (const { work } of this.waiting) {
      size += this.sizeOf(work);
      if (count > 0 && size > this.sizeMax) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }
}
