import {
  NoRebuild,
  RebuildRunning,
  UnknownDeadLetter,
  UnknownView,
  type DeadLetterDetail,
  type DeadLetterOperations,
  type ViewOperations,
  type ViewStatus,
} from '../operations.port';

/** Views in memory, rebuilt as fast as {@link advance} says. */
export class MemoryViews implements ViewOperations {
  private readonly views = new Map<string, ViewStatus>();

  constructor(names: readonly string[]) {
    for (const name of names) this.views.set(name, { name, status: 'live', generation: 1, lag: 0 });
  }

  async list(): Promise<ViewStatus[]> {
    return [...this.views.values()];
  }

  async rebuild(view: string): Promise<void> {
    const { status, generation } = this.status(view);
    if (status === 'rebuilding') throw new RebuildRunning(`${view} is being rebuilt already`);
    const progress = { done: 0, total: 10, recordsPerSecond: 0, secondsLeft: null };
    this.views.set(view, { name: view, status: 'rebuilding', generation, lag: 0, progress });
  }

  async abort(view: string): Promise<void> {
    const { status, generation } = this.status(view);
    if (status !== 'rebuilding') throw new NoRebuild(`${view} is not being rebuilt`);
    this.views.set(view, { name: view, status: 'live', generation, lag: 0 });
  }

  /** Reads on; at 10 of 10 the new generation is swapped in. */
  advance(view: string, done: number): void {
    const { generation } = this.status(view);
    const progress = { done, total: 10, recordsPerSecond: 5, secondsLeft: (10 - done) / 5 };
    this.views.set(
      view,
      done < 10
        ? { name: view, status: 'rebuilding', generation, lag: 0, progress }
        : { name: view, status: 'live', generation: generation + 1, lag: 0 },
    );
  }

  fail(view: string, failure: string): void {
    this.views.set(view, { ...this.status(view), status: 'failed', failure });
  }

  private status(view: string): ViewStatus {
    const status = this.views.get(view);
    if (status === undefined) throw new UnknownView(`there is no view ${view}`);
    return status;
  }
}

/** Dead letters in memory; tells what was done to them. */
export class MemoryDeadLetters implements DeadLetterOperations {
  readonly done: string[] = [];

  constructor(private readonly letters: DeadLetterDetail[]) {}

  async list(): Promise<DeadLetterDetail[]> {
    return this.letters;
  }

  async show(id: string): Promise<DeadLetterDetail | undefined> {
    return this.letters.find((letter) => letter.id === id);
  }

  retry(id: string): Promise<void> {
    return this.settle('retry', id);
  }

  drop(id: string): Promise<void> {
    return this.settle('drop', id);
  }

  private async settle(how: string, id: string): Promise<void> {
    const at = this.letters.findIndex((letter) => letter.id === id);
    if (at < 0) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    this.letters.splice(at, 1);
    this.done.push(`${how} ${id}`);
  }
}
