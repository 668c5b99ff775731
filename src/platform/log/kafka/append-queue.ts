import { LogUnavailable, OutcomeUnknown, type NewRecord } from '../log.port';
import { partitionOf } from '../murmur2';
import { asError } from '../../as-error';
import { BrokerLink, within } from './broker-link';
import { IdempotentProducer } from './idempotent-producer';
import { isMissingRight, messageOf } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import { NO_ANSWER, produce, type BatchAnswer } from './produce-request';
import type { TopicGuard } from './topic-guard';
import { WaitingAppends, type Entry } from './waiting-appends';
import type { WrittenBatch } from './written-batch';

const BACK_OFF_MS_MAX = 200;

/** Refusals of the producer: the broker has lost its place, or counts it as another's. The records were not written this time. */
const STRANGER: readonly string[] = [
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
];

/** Refusals after which the same records would be refused again. */
const HOPELESS: readonly string[] = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
];

/**
 * Refusals before anything is written. All others leave it open: a leader that has written and then loses its place answers
 * NOT_LEADER_FOR_PARTITION, though its followers may have the records.
 */
const NOT_WRITTEN: readonly string[] = ['NOT_ENOUGH_REPLICAS', 'THROTTLING_QUOTA_EXCEEDED'];

interface Slice {
  /** With prefix. */
  readonly topic: string;
  /** Without prefix. */
  readonly bare: string;
  readonly partition: number;
  readonly records: NewRecord[];
  /** Timestamp of records without one, the same in every attempt. */
  readonly time: number;
  readonly leastOffset: number;
  readonly entries: Set<Entry>;
  /** An attempt may have written it: only the same producer may repeat it, since the broker then knows the repeat. */
  doubtful: boolean;
}

/** What an attempt on a slice came to. */
type Fate = 'written' | 'not written' | 'refused' | 'stranger' | 'unknown';

interface Attempt {
  /** Slices without one may be written. */
  readonly answers: ReadonlyMap<Slice, BatchAnswer>;
  /** Why others did not come, if so. */
  readonly lost: Error | undefined;
}

/**
 * Writes what callers append: all that waits goes as one batch, one batch in flight, each batch repeated on a new connection
 * until it is acknowledged or time is over. The broker tells repeats by producer and sequence number, so a record never stands in
 * the log twice. Not by kafkajs' idempotence, which gives the numbers of a lost batch to the next one: that loses acknowledged records.
 * Here a producer that gives up a batch of unknown fate is never used again.
 */
export class AppendQueue {
  private readonly waiting: WaitingAppends;
  private link: BrokerLink | undefined;
  private producer: IdempotentProducer | undefined;
  private pump: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly settings: KafkaSettings,
    private readonly linkTopics: () => readonly string[],
    private readonly partitionsOf: (topic: string) => number,
    /** Told of what was written before the callers are. */
    private readonly guard: Pick<TopicGuard, 'endOf' | 'assertWritten'>,
    /** Told what stands in the log from now on. It must not throw. */
    private readonly onWritten: (batch: WrittenBatch) => void,
  ) {
    this.waiting = new WaitingAppends(settings.appendTimeoutMs);
  }

  /** @throws LogUnavailable, OutcomeUnknown as {@link Log.append} */
  append(records: readonly NewRecord[]): Promise<void> {
    if (this.closed) return Promise.reject(new LogUnavailable('the log is closed'));
    if (records.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.add(records, { resolve, reject });
      this.pump ??= this.run();
    });
  }

  /** Lets what waits be written, then disconnects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pump;
    this.link?.close();
  }

  private async run(): Promise<void> {
    // Callers of the same turn share a batch.
    await new Promise(setImmediate);
    for (let batch = this.waiting.take(); batch.length > 0; batch = this.waiting.take()) await this.write(batch);
    this.pump = undefined;
  }

  private async write(batch: readonly Entry[]): Promise<void> {
    const deadline = Date.now() + this.settings.appendTimeoutMs;
    if (this.producer?.isSpent === true) this.producer = undefined;
    let left: Slice[];
    try {
      left = this.slices(batch);
    } catch (error) {
      for (const entry of batch) entry.reject(asError(error));
      return;
    }
    for (let attempt = 0; ; attempt++) {
      let reason: unknown = 'the leaders refuse';
      try {
        const { answers, lost } = await this.attempt(left);
        left = left.filter((slice) => !this.settle(slice, answers.get(slice) ?? NO_ANSWER));
        const isStranger = left.some((slice) => fateOf(answers.get(slice) ?? NO_ANSWER) === 'stranger');
        if (isStranger && !this.mayBeginAnew(left)) {
          return this.giveUp(left, 'the broker has lost the place of records that may be written');
        }
        if (left.length > 0) throw lost ?? new Error('leaders have moved or are not ready');
      } catch (error) {
        reason = error;
        this.discard(asError(error));
      }
      if (left.length === 0) return;
      const pauseMs = Math.min(BACK_OFF_MS_MAX, attempt * 10);
      if (Date.now() + pauseMs >= deadline) return this.giveUp(left, messageOf(reason));
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Sends each slice to its leader. @throws Error when nothing could be sent */
  private async attempt(slices: readonly Slice[]): Promise<Attempt> {
    const { requestTimeoutMs, connectionTimeoutMs } = this.settings;
    const link = (this.link ??= new BrokerLink(this.settings, this.linkTopics()));
    const prepare = async () => {
      const { identity, sequences } = (this.producer ??= await IdempotentProducer.begin(link));
      const batches = slices.map((slice) => {
        const { topic, partition, records, time } = slice;
        return { slice, topic, partition, records, time, firstSequence: sequences.of(topic, partition) };
      });
      return { identity, led: await link.byLeader(batches) };
    };
    const { identity, led } = await within(connectionTimeoutMs + requestTimeoutMs, 'connecting', prepare());
    const answers = new Map<Slice, BatchAnswer>();
    const sending = led.map(async ([leader, batches]) => {
      const answered = await produce(leader, batches, requestTimeoutMs, identity);
      for (const [{ slice }, answer] of answered) answers.set(slice, answer);
    });
    try {
      await within(2 * requestTimeoutMs, 'an append', Promise.all(sending));
      return { answers, lost: undefined };
    } catch (error) {
      return { answers, lost: asError(error) };
    }
  }

  /** Notes what became of a slice and tells its callers; false when it must be sent again. */
  private settle(slice: Slice, answer: BatchAnswer): boolean {
    const fate = fateOf(answer);
    if (fate === 'unknown') slice.doubtful = true;
    if (fate === 'written' || fate === 'unknown') for (const entry of slice.entries) entry.touched = true;
    if (fate === 'written') this.tellWritten(slice, answer);
    if (fate === 'refused') this.tellRefused(slice, answer);
    return fate === 'written' || fate === 'refused';
  }

  private tellWritten(slice: Slice, { firstOffset, logStart }: BatchAnswer): void {
    const { topic, bare, partition, records, time, entries, leastOffset } = slice;
    this.producer?.sequences.advance(topic, partition, records.length);
    try {
      const place = { topic: bare, partition, leastOffset, firstOffset, logStart };
      this.guard.assertWritten({ ...place, records: records.length });
    } catch (error) {
      return this.giveUp([slice], messageOf(error));
    }
    for (const entry of entries) if (--entry.open === 0) entry.resolve();
    if (firstOffset !== undefined) this.onWritten({ topic: bare, partition, firstOffset, records, time });
  }

  private tellRefused({ bare, entries }: Slice, { refusal }: BatchAnswer): void {
    // Should the broker hold it all the same, then under a number that the next batch must not have.
    this.producer?.spend();
    for (const entry of entries) {
      // Its other records are still on their way.
      if (entry.open > 1) entry.touched = true;
      entry.reject(failure(entry, `${bare} refuses these records: ${refusal}`));
    }
  }

  /** Another producer may send what certainly is not written, and nothing else. */
  private mayBeginAnew(left: readonly Slice[]): boolean {
    const may = left.every((slice) => !slice.doubtful);
    if (may) this.producer = undefined;
    return may;
  }

  private giveUp(left: readonly Slice[], reason: string): void {
    this.producer?.spend();
    for (const slice of left) for (const entry of slice.entries) entry.reject(failure(entry, reason));
  }

  private slices(batch: readonly Entry[]): Slice[] {
    const slices = new Map<string, Slice>();
    const time = Date.now();
    for (const entry of batch) {
      for (const record of entry.records) {
        const partition = record.partition ?? partitionOf(record.key, this.partitionsOf(record.topic));
        const place = `${record.topic} ${partition}`;
        let slice = slices.get(place);
        if (slice === undefined) {
          slice = this.newSlice(record.topic, partition, time);
          slices.set(place, slice);
        }
        slice.records.push(record);
        if (!slice.entries.has(entry)) entry.open++;
        slice.entries.add(entry);
      }
    }
    return [...slices.values()];
  }

  private newSlice(bare: string, partition: number, time: number): Slice {
    const topic = this.settings.topicPrefix + bare;
    const leastOffset = this.guard.endOf(bare, partition);
    return { topic, bare, partition, records: [], time, leastOffset, entries: new Set(), doubtful: false };
  }

  private discard(reason: Error): void {
    this.link?.discard(reason);
    this.link = undefined;
  }
}

function fateOf({ refusal }: BatchAnswer): Fate {
  if (refusal === undefined) return 'written';
  if (STRANGER.includes(refusal)) return 'stranger';
  if (HOPELESS.includes(refusal) || isMissingRight(refusal)) return 'refused';
  return NOT_WRITTEN.includes(refusal) ? 'not written' : 'unknown';
}

function failure(entry: Entry, reason: string): Error {
  return entry.touched ? new OutcomeUnknown(reason) : new LogUnavailable(reason);
}
