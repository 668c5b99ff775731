import { sql, type Kysely } from 'kysely';
import { deadLetterId, placeOf } from '../../log/dead-letter';
import {
  UnknownDeadLetter,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLetterOperations,
} from '../../operations/operations.port';
import type { PlatformTables } from '../platform-tables';
import type { ReadStore } from '../read-store.port';
import { asRecord, type ParkedRequest } from './parked-records';

type ParkedRow = PlatformTables['parked_records'];

/** The dead letters of views: what is asked for here is done by whoever projects the view, within a second. */
export class ParkedEvents implements DeadLetterOperations {
  /** @param asked called when something waits for the projectors: those of this process need not wait for their next look */
  constructor(
    private readonly store: ReadStore,
    private readonly asked: () => void = () => undefined,
  ) {}

  async list(): Promise<DeadLetter[]> {
    const { db } = this.store;
    const heads = await db
      .selectFrom('parked_records as head')
      .selectAll('head')
      .select((eb) =>
        eb
          .selectFrom('parked_records as waiting')
          .select((inner) => inner.fn.countAll<number>().as('count'))
          .whereRef('waiting.view', '=', 'head.view')
          .whereRef('waiting.topic', '=', 'head.topic')
          .whereRef('waiting.partition', '=', 'head.partition')
          .whereRef('waiting.record_key', '=', 'head.record_key')
          .as('waiting'),
      )
      .where('head.cause', 'is not', null)
      .execute();
    return heads.map(({ waiting, ...head }) => described(head, Number(waiting ?? 1) - 1)).sort(byId);
  }

  async show(id: string): Promise<DeadLetterDetail | undefined> {
    const head = await this.head(id);
    if (head === undefined) return undefined;
    const { headers, value } = asRecord(head);
    const listed = (await this.list()).find((one) => one.id === id);
    return { ...described(head, listed?.behind ?? 0), headers, value };
  }

  retry(id: string): Promise<void> {
    return this.ask(id, 'retry');
  }

  drop(id: string): Promise<void> {
    return this.ask(id, 'drop');
  }

  private async ask(id: string, request: ParkedRequest): Promise<void> {
    const place = placeOf(id);
    const asked =
      place === undefined
        ? []
        : await this.store.write<{ view: string }>(
            this.store.db
              .updateTable('parked_records')
              .set({ request })
              .where('view', '=', place.consumer)
              .where('topic', '=', place.topic)
              .where('partition', '=', place.partition)
              .where('record_offset', '=', place.offset)
              .where('cause', 'is not', null)
              .returning('view'),
          );
    if (asked.length === 0) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    this.asked();
  }

  private async head(id: string): Promise<ParkedRow | undefined> {
    const place = placeOf(id);
    if (place === undefined) return undefined;
    const { consumer, topic, partition, offset } = place;
    return this.store.db
      .selectFrom('parked_records')
      .selectAll()
      .where('view', '=', consumer)
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .where('record_offset', '=', offset)
      .where('cause', 'is not', null)
      .executeTakeFirst();
  }
}

/** Dead letters of each view, for whoever watches the process. */
export async function countParked(db: Kysely<PlatformTables>): Promise<Record<string, number>> {
  const counts = await db
    .selectFrom('parked_records')
    .select(['view', sql<number>`count(*)`.as('count')])
    .where('cause', 'is not', null)
    .groupBy('view')
    .execute();
  return Object.fromEntries(counts.map(({ view, count }) => [view, Number(count)]));
}

function described(head: ParkedRow, behind: number): DeadLetter {
  const record = asRecord(head);
  const { topic, partition, offset, key } = record;
  return {
    id: deadLetterId(head.view, record),
    consumer: head.view,
    topic,
    partition,
    offset,
    key,
    cause: head.cause ?? '',
    parkedAt: new Date(head.parked_at).toISOString(),
    behind,
  };
}

function byId(left: DeadLetter, right: DeadLetter): number {
  return left.id < right.id ? -1 : 1;
}
