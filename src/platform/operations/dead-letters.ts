import type { DeadLetter, DeadLetterDetail, DeadLetterOperations } from './operations.port';

/** The dead letters of all consumers: each belongs to one of the parts, which is told by its consumer's name. */
export class DeadLetters implements DeadLetterOperations {
  constructor(
    private readonly ofProcessors: DeadLetterOperations,
    private readonly ofViews: DeadLetterOperations,
  ) {}

  async list(): Promise<DeadLetter[]> {
    const lists = await Promise.all([this.ofProcessors.list(), this.ofViews.list()]);
    return lists.flat();
  }

  show(id: string): Promise<DeadLetterDetail | undefined> {
    return this.part(id).show(id);
  }

  retry(id: string): Promise<void> {
    return this.part(id).retry(id);
  }

  drop(id: string): Promise<void> {
    return this.part(id).drop(id);
  }

  private part(id: string): DeadLetterOperations {
    return /^[^:]*\.processor:/.test(id) ? this.ofProcessors : this.ofViews;
  }
}
