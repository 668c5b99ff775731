import { NewerSchema } from '../../../kernel/event-contract';
import type { PersonalIndex } from '../../../kernel/personal-data';
import type { RowChange, RowShape } from '../../../kernel/view';
import { asError } from '../../as-error';
import { causeOf } from '../../log/dead-letter';
import type { LogRecord } from '../../log/log.port';
import type { PartitionFeed } from '../partition-feed';
import { indexOf, type IndexFor, type Projection } from '../projection';
import type { ReadStore } from '../read-store.port';
import { FoldFailed, foldOf } from '../view-fold';
import { RowsRefused } from '../views.errors';
import { noteDropped, oldestParked, parkAgain, release, requested, type ParkedPlace } from './parked-records';

const RECORDS_PER_TRANSACTION = 500;

/** The records of a key that can be taken now, and the first one that cannot. */
interface Taken {
  readonly events: readonly (readonly RowChange<RowShape>[])[];
  readonly failure: Error | undefined;
}

/**
 * Does what operators have asked for parked records: the owner of their partition hands them to the view once more, in order, and with
 * the last of a key lets the key go on. Called from the view's one write loop, so nothing else is written meanwhile.
 */
export class ParkedSettlement {
  constructor(
    private readonly store: ReadStore,
    private readonly projection: Projection,
    private readonly indexFor?: IndexFor,
  ) {}

  /**
   * @returns whether anything was written
   * @throws what {@link ReadStore.commit} throws when the database is away or another owner has the partition
   */
  async settle(feeds: Iterable<PartitionFeed>): Promise<boolean> {
    const owned = [...feeds].filter(({ isEnded }) => !isEnded);
    let isNews = false;
    for (const { request, ...place } of await requested(this.store.db, this.projection.name)) {
      const feed = owned.find(({ topic, partition }) => topic === place.topic && partition === place.partition);
      if (feed === undefined) continue;
      await this.settleKey(feed, place, request === 'drop');
      isNews = true;
    }
    return isNews;
  }

  private async settleKey(feed: PartitionFeed, place: ParkedPlace, shouldDrop: boolean): Promise<void> {
    let dropped = shouldDrop ? 1 : 0;
    let index: PersonalIndex | undefined;
    for (;;) {
      const records = await oldestParked(this.store.db, place, RECORDS_PER_TRANSACTION);
      if (records.length === 0) break;
      index ??= await indexOf(this.projection, records, this.indexFor);
      const isDone = await this.take(feed, place, records, dropped, index);
      if (!isDone) return;
      dropped = 0;
    }
    feed.unpark(place.key, (record) => this.changesOf(record, index));
  }

  /** @returns whether all of them are settled */
  private async take(
    feed: PartitionFeed,
    place: ParkedPlace,
    records: readonly LogRecord[],
    dropped: number,
    index: PersonalIndex | undefined,
  ): Promise<boolean> {
    let taken = this.read(records.slice(dropped), index);
    for (;;) {
      try {
        await this.write(feed, place, records, dropped, taken);
        return taken.failure === undefined;
      } catch (error) {
        if (error instanceof FoldFailed) {
          taken = { events: taken.events.slice(0, error.index), failure: error.cause };
        } else if (error instanceof RowsRefused) {
          // The transaction does not say which event it was: one fewer each time, the last one left out is the first that is refused.
          taken = { events: taken.events.slice(0, -1), failure: error };
        } else throw error;
      }
    }
  }

  private read(records: readonly LogRecord[], index: PersonalIndex | undefined): Taken {
    const events: (readonly RowChange<RowShape>[])[] = [];
    for (const record of records) {
      try {
        events.push(this.changesOf(record, index));
      } catch (error) {
        return { events, failure: asError(error) };
      }
    }
    return { events, failure: undefined };
  }

  private changesOf(record: LogRecord, index: PersonalIndex | undefined): readonly RowChange<RowShape>[] {
    return this.projection.read(record, index)?.changes ?? [];
  }

  private async write(
    feed: PartitionFeed,
    place: ParkedPlace,
    records: readonly LogRecord[],
    dropped: number,
    { events, failure }: Taken,
  ): Promise<void> {
    const { db } = this.store;
    const count = dropped + events.length;
    const last = records[count - 1];
    const failed = records[count];
    const also = last === undefined ? [] : [release(db, place, last.offset)];
    for (const record of records.slice(0, dropped)) also.push(noteDropped(db, place, record.offset));
    if (failure !== undefined && failed !== undefined) {
      const cause = failure instanceof NewerSchema ? `${failure.name}: ${failure.message}` : causeOf(failure);
      also.push(parkAgain(db, place, failed.offset, cause));
    }
    // The checkpoint stays where it is: to name it proves that the partition is still ours.
    const { name } = this.projection;
    await this.store.commit(name, { ...foldOf(this.store.view(name), events), moves: [feed.stay()], also });
  }
}
