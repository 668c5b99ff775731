import { Inject, Injectable } from '@nestjs/common';
import { READ_STORE } from '../views/read-models';
import type { ReadStore } from '../views/read-store.port';
import { ViewProgress } from '../views/view-progress';
import { OUTCOMES_VIEW, outcomesTable, type OutcomeRow } from './command-outcomes.view';
import type { EventPosition } from './decision';

const POLL_MS = 10;
const END_OF_TOPICS_MS = 1_000;

/** Looks up what became of commands. */
@Injectable()
export class CommandOutcomes {
  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    private readonly progress: ViewProgress,
  ) {}

  /**
   * @returns `undefined` when there is no such command, `behind` when that cannot be told yet
   * @throws ViewsUnavailable
   */
  async find(commandId: string): Promise<OutcomeRow | undefined | 'behind'> {
    const known = await this.read(commandId);
    if (known !== undefined) return known;
    const end = await this.progress.waitUntilEnd(OUTCOMES_VIEW, END_OF_TOPICS_MS);
    return (await this.read(commandId)) ?? (end === 'behind' ? 'behind' : undefined);
  }

  /** Waits until the command is decided; `undefined` when it is not by then. */
  async decided(commandId: string, timeoutMs: number): Promise<EventPosition | undefined> {
    const deadline = performance.now() + timeoutMs;
    const release = this.progress.attend(OUTCOMES_VIEW);
    try {
      for (;;) {
        const row = await this.read(commandId);
        if (row?.outcome) return row.outcome.position;
        if (performance.now() + POLL_MS > deadline) return undefined;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    } finally {
      release();
    }
  }

  private async read(commandId: string): Promise<OutcomeRow | undefined> {
    const row = await this.store
      .from(outcomesTable)
      .selectAll('row')
      .where('row.command_id', '=', commandId)
      .executeTakeFirst();
    return row === undefined || row.command === '' ? undefined : row;
  }
}
