import type { TransactionIds } from 'kafkajs/src/cluster';
import type { NewRecord } from '../log.port';
import { partitionOf } from '../murmur2';
import { BrokerLink, within } from './broker-link';
import { isCoordinatorAway, refusalOf } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import { produce, type PartitionRecords } from './produce-request';
import { ProducerSequences } from './producer-sequences';
import type { TopicGuard } from './topic-guard';
import type { WrittenBatch } from './written-batch';

/** A request or a whole step that takes longer has an unknown outcome. */
const STEP_TIMEOUT_MS = 5_000;

/** The transaction before is still being ended by the broker: wait 1 ms, later 5 ms. */
const QUICK_TRIES = 20;

export interface LanePlace {
  /** With prefix, as all here. */
  readonly transactionalId: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** What a lane needs of the log. */
export interface LaneSurroundings {
  /** Of a bare name. */
  partitionsOf(topic: string): number;
  /** Told of every batch before its transaction is ended. */
  readonly guard: Pick<TopicGuard, 'endOf' | 'assertWritten'>;
  /** Told of every committed batch whose place is known. It must not throw. */
  onWritten(batch: WrittenBatch): void;
}

/** A batch on its way. */
interface LaneBatch extends PartitionRecords {
  /** Without prefix. */
  readonly bare: string;
  readonly records: NewRecord[];
  readonly leastOffset: number;
  firstOffset: number | undefined;
}

/**
 * One epoch of a transactional id on connections of its own: opening it fences every earlier one. After the first error of
 * unknown outcome it must be discarded and never used again.
 *
 * kafkajs' own transactions are not used: they ask for coordinators before every step (nine round trips instead of three),
 * repeat sequence numbers after an abort and hang after a lost answer.
 */
export class TransactionLane {
  private readonly sequences = new ProducerSequences();

  private constructor(
    private readonly settings: KafkaSettings,
    private readonly link: BrokerLink,
    private readonly place: LanePlace,
    private readonly identity: TransactionIds,
    private readonly surroundings: LaneSurroundings,
  ) {}

  /** Ends or waits for the transaction of any earlier epoch, and fences it. */
  static async open(
    settings: KafkaSettings,
    place: LanePlace,
    surroundings: LaneSurroundings,
  ): Promise<TransactionLane> {
    const link = new BrokerLink(settings, [place.topic]);
    try {
      const started = await within(
        settings.transactionTimeoutMs + STEP_TIMEOUT_MS,
        'fencing',
        whenReady(link, async () => {
          const coordinator = await link.transactionCoordinator(place.transactionalId);
          return coordinator.initProducerId({
            transactionalId: place.transactionalId,
            transactionTimeout: settings.transactionTimeoutMs,
          });
        }),
      );
      const identity = { transactionalId: place.transactionalId, ...started };
      return new TransactionLane(settings, link, place, identity, surroundings);
    } catch (error) {
      link.discard(new Error('given up'));
      throw error;
    }
  }

  /** The group's committed offset; stable, because no transaction of this lane is open after {@link open}. */
  async committed(): Promise<number | undefined> {
    const { group, topic, partition } = this.place;
    const fetching = whenReady(this.link, async () => {
      const coordinator = await this.link.groupCoordinator(group);
      return coordinator.offsetFetch({ groupId: group, topics: [{ topic, partitions: [{ partition }] }] });
    });
    const { responses } = await within(STEP_TIMEOUT_MS, 'reading the committed offset', fetching);
    const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  }

  /** Writes the records and the group's next offset in one transaction; three round trips. */
  async transact(next: number, records: readonly NewRecord[]): Promise<void> {
    const batches = this.batches(records);
    await within(STEP_TIMEOUT_MS, 'a transaction', this.steps(next, batches));
    for (const { topic, bare, partition, records, time, firstOffset } of batches) {
      this.sequences.advance(topic, partition, records.length);
      if (firstOffset === undefined) continue;
      this.surroundings.onWritten({ topic: bare, partition, firstOffset, records, time, writer: this });
    }
  }

  discard(reason: Error): void {
    this.link.discard(reason);
  }

  private async steps(next: number, batches: readonly LaneBatch[]): Promise<void> {
    const { group, topic, partition, transactionalId } = this.place;
    const [transactions, offsets] = await Promise.all([
      this.link.transactionCoordinator(transactionalId),
      this.link.groupCoordinator(group),
    ]);
    const topics = [...Map.groupBy(batches, (batch) => batch.topic)].map(([name, ofTopic]) => ({
      topic: name,
      partitions: ofTopic.map((batch) => batch.partition),
    }));
    await Promise.all([
      topics.length === 0 ? undefined : onceEnded(() => transactions.addPartitionsToTxn({ ...this.identity, topics })),
      onceEnded(() => transactions.addOffsetsToTxn({ ...this.identity, groupId: group })),
    ]);
    const position = { partition, offset: String(next), metadata: null };
    await Promise.all([
      ...(await this.producing(batches)),
      offsets.txnOffsetCommit({ ...this.identity, groupId: group, topics: [{ topic, partitions: [position] }] }),
    ]);
    await transactions.endTxn({ ...this.identity, transactionResult: true });
  }

  private async producing(batches: readonly LaneBatch[]): Promise<Promise<void>[]> {
    return (await this.link.byLeader(batches)).map(async ([leader, ofLeader]) => {
      const answers = await produce(leader, ofLeader, this.settings.requestTimeoutMs, this.identity);
      for (const [batch, { refusal, firstOffset, logStart }] of answers) {
        if (refusal !== undefined) throw new RecordsRefused(batch.topic, refusal);
        const { bare: topic, partition, leastOffset, records } = batch;
        const place = { topic, partition, leastOffset, firstOffset, logStart };
        this.surroundings.guard.assertWritten({ ...place, records: records.length });
        batch.firstOffset = firstOffset;
      }
    });
  }

  private batches(records: readonly NewRecord[]): LaneBatch[] {
    const batches = new Map<string, LaneBatch>();
    const time = Date.now();
    for (const record of records) {
      const { topic: bare } = record;
      const partition = record.partition ?? partitionOf(record.key, this.surroundings.partitionsOf(bare));
      const place = `${bare} ${partition}`;
      const batch = batches.get(place);
      if (batch === undefined) batches.set(place, this.newBatch(bare, partition, time, record));
      else batch.records.push(record);
    }
    return [...batches.values()];
  }

  private newBatch(bare: string, partition: number, time: number, first: NewRecord): LaneBatch {
    const topic = this.settings.topicPrefix + bare;
    const firstSequence = this.sequences.of(topic, partition);
    const leastOffset = this.surroundings.guard.endOf(bare, partition);
    return { topic, bare, partition, records: [first], time, firstSequence, leastOffset, firstOffset: undefined };
  }
}

/** A leader did not write the records; `type` is read like a kafkajs error's. */
class RecordsRefused extends Error {
  constructor(
    topic: string,
    readonly type: string,
  ) {
    super(`${topic} refuses the records: ${type}`);
  }
}

/** Asks until the coordinator is there and has ended the earlier transaction. */
async function whenReady<T>(link: BrokerLink, ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== 'CONCURRENT_TRANSACTIONS' && !isCoordinatorAway(refusal)) throw error;
      if (link.discarded) throw error;
      link.forgetCoordinators();
      await new Promise((resolve) => setTimeout(resolve, tries < QUICK_TRIES ? 5 : 50));
    }
  }
}

/** The only repeat inside a transaction: the broker still ends the one before, so nothing of this one was taken. */
async function onceEnded(ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (refusalOf(error) !== 'CONCURRENT_TRANSACTIONS') throw error;
      await new Promise((resolve) => setTimeout(resolve, tries < QUICK_TRIES ? 1 : 5));
    }
  }
}
