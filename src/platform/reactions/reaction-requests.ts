import type { ReadStore } from '../views/read-store.port';
import type { KeyRequest } from './settle-key';

/** What an operator has asked for a dead letter. */
export interface ReactionRequest {
  readonly offset: number;
  readonly request: KeyRequest;
}

/** How what is asked in one process reaches the owner of the partition in another: through the views' database. */
export class ReactionRequests {
  constructor(private readonly store: Pick<ReadStore, 'db' | 'write'>) {}

  /** @throws ViewsUnavailable */
  async ask(consumer: string, topic: string, partition: number, offset: number, request: KeyRequest): Promise<void> {
    const row = { consumer, topic, partition, record_offset: offset, request };
    await this.store.write(
      this.store.db
        .insertInto('reaction_requests')
        .values(row)
        .onConflict((conflict) =>
          conflict.columns(['consumer', 'topic', 'partition', 'record_offset']).doUpdateSet({ request }),
        ),
    );
  }

  /** @throws ViewsUnavailable */
  async open(consumer: string, topic: string, partition: number): Promise<ReactionRequest[]> {
    const rows = await this.store.db
      .selectFrom('reaction_requests')
      .select(['record_offset', 'request'])
      .where('consumer', '=', consumer)
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .orderBy('record_offset')
      .execute();
    return rows.map((row) => ({ offset: Number(row.record_offset), request: row.request }));
  }

  /** @throws ViewsUnavailable */
  async done(consumer: string, topic: string, partition: number, offset: number): Promise<void> {
    await this.store.write(
      this.store.db
        .deleteFrom('reaction_requests')
        .where('consumer', '=', consumer)
        .where('topic', '=', topic)
        .where('partition', '=', partition)
        .where('record_offset', '=', offset),
    );
  }
}
