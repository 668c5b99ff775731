import type { DeadLetter, DeadLetterDetail, DeadLetterOperations } from './operations.port';

/** The dead letters of processes and publications, which can be told from those of views only by who knows their names. */
export interface OwnedDeadLetters extends DeadLetterOperations {
  owns(id: string): boolean;
}

/** The dead letters of all consumers: each belongs to one of the parts, which is told by its consumer's name. */
export class DeadLetters implements DeadLetterOperations {
  constructor(
    private readonly ofProcessors: DeadLetterOperations,
    private readonly ofViews: DeadLetterOperations,
    private readonly ofReactions: OwnedDeadLetters,
  ) {}

  async list(): Promise<DeadLetter[]> {
    const lists = await Promise.all([this.ofProcessors.list(), this.ofReactions.list(), this.ofViews.list()]);
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
    if (/^[^:]*\.processor:/.test(id)) return this.ofProcessors;
    return this.ofReactions.owns(id) ? this.ofReactions : this.ofViews;
  }
}
