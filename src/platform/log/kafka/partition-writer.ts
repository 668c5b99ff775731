import { LogSetupError, OutcomeUnknown, WriterFenced, type NewRecord, type PartitionWriter } from '../log.port';
import { asError } from '../../as-error';
import { isFenced, isMissingRight, messageOf, refusalOf } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import { TransactionLane, type LanePlace, type LaneSurroundings } from './transaction-lane';

const ATTEMPTS_MAX = 200;
const BACK_OFF_MS_MAX = 200;
const ATTEMPTS_PER_LINE = 50;

/** Refusals of the records themselves, which no repeat heals. */
const HOPELESS: readonly string[] = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TRANSACTION_TIMEOUT',
];

/** What a writer needs of the log. */
export interface WriterSurroundings extends LaneSurroundings {
  /** Whether the group still counts this member as the partition's owner. */
  stillOwner(): Promise<boolean>;
  onClosed(writer: PartitionWriter): void;
}

/**
 * The guard around kafkajs' faults: one transaction in flight; after any error of unknown outcome the producer is discarded, a
 * new epoch fences it, and only then the committed offset tells whether the batch is in. It re-fences nobody else: before each new
 * epoch `stillOwner` is asked, and an epoch that somebody else has fenced is never renewed.
 */
export class KafkaPartitionWriter implements PartitionWriter {
  private lane: TransactionLane | undefined;
  private known: number | undefined;
  private busy: Promise<void> | undefined;
  private isClosed = false;
  private isFenced = false;
  /** The group has answered in the present attempt. */
  private isAnswered = false;
  /** Attempts of the present transaction that have failed although the group answered. */
  private refusedAttempts = 0;
  private refusedSince = 0;

  private constructor(
    private readonly settings: KafkaSettings,
    private readonly place: LanePlace,
    private readonly surroundings: WriterSurroundings,
  ) {}

  /** @throws WriterFenced the group counts another member as the partition's owner */
  static async open(
    settings: KafkaSettings,
    place: LanePlace,
    surroundings: WriterSurroundings,
  ): Promise<KafkaPartitionWriter> {
    const writer = new KafkaPartitionWriter(settings, place, surroundings);
    for (let attempt = 1; ; attempt++) {
      try {
        writer.isAnswered = false;
        writer.known = await writer.renew();
        return writer;
      } catch (error) {
        await writer.consider(error, attempt);
      }
    }
  }

  get committed(): number | undefined {
    return this.known;
  }

  async commit(from: number, next: number, records: readonly NewRecord[]): Promise<void> {
    if (this.busy !== undefined) throw new Error(`two transactions at once on ${this.place.transactionalId}`);
    if (next < (this.known ?? -1) || next < from) {
      throw new Error(`the offset cannot go back: ${this.known} to ${next} on ${this.place.transactionalId}`);
    }
    this.busy = next === this.known ? this.stay(next, records) : this.carryThrough(next, records);
    try {
      await this.busy;
    } finally {
      this.busy = undefined;
    }
  }

  /** No retry runs after this; a transaction in flight keeps its unknown outcome. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.discard(new Error('closed'));
    await this.busy?.catch(() => undefined);
    this.surroundings.onClosed(this);
  }

  /** Tried once: after a failure nothing tells whether it is committed, so nobody must write on from here. */
  private async stay(next: number, records: readonly NewRecord[]): Promise<void> {
    this.assertOpen();
    try {
      await this.lane?.transact(next, records);
    } catch (error) {
      const refusal = refusalOf(error);
      this.isClosed = true;
      this.discard(asError(error));
      if (isFenced(refusal)) throw new WriterFenced(`${this.place.transactionalId}: another owner has taken over`);
      if (isMissingRight(refusal) || HOPELESS.includes(refusal ?? '')) throw asError(error);
      throw new OutcomeUnknown(`${this.place.transactionalId}: ${messageOf(error)}`);
    }
  }

  private async carryThrough(next: number, records: readonly NewRecord[]): Promise<void> {
    this.refusedAttempts = 0;
    for (let attempt = 1; ; attempt++) {
      this.assertOpen();
      try {
        this.isAnswered = false;
        const committed = this.lane === undefined ? await this.renew() : this.known;
        if (committed === next) break;
        if (committed !== this.known) {
          this.isFenced = true;
          throw new WriterFenced(`${this.place.transactionalId}: another owner has moved the offset to ${committed}`);
        }
        await this.lane?.transact(next, records);
        break;
      } catch (error) {
        await this.consider(error, attempt);
      }
    }
    this.known = next;
  }

  /**
   * Decides what an error means: fenced, hopeless, or unknown and to be tried again. A broker that is away is waited for, however long it
   * takes: an end of the process would bring nothing back, and end the reads. One that answers and refuses again and again is given up.
   */
  private async consider(error: unknown, attempt: number): Promise<void> {
    this.discard(asError(error));
    if (error instanceof WriterFenced || error instanceof LogSetupError) throw error;
    const refusal = refusalOf(error);
    if (isFenced(refusal)) {
      this.isFenced = true;
      throw new WriterFenced(`${this.place.transactionalId}: another owner has taken over`);
    }
    if (isMissingRight(refusal) || HOPELESS.includes(refusal ?? '')) throw asError(error);
    if (this.isGivenUp()) throw asError(error);
    if (attempt % ATTEMPTS_PER_LINE === 1)
      this.settings.logger.warn(`${this.place.transactionalId}: a new epoch is needed, ${messageOf(error)}`);
    const pauseMs = Math.min(BACK_OFF_MS_MAX, (attempt - 1) * 10);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  private isGivenUp(): boolean {
    if (!this.isAnswered) return false;
    if (++this.refusedAttempts === 1) this.refusedSince = Date.now();
    const refusedMs = Date.now() - this.refusedSince;
    return this.refusedAttempts >= ATTEMPTS_MAX && refusedMs >= this.settings.joinTimeoutMs;
  }

  /** A new epoch, then (and only then) what is committed. */
  private async renew(): Promise<number | undefined> {
    if (!(await this.surroundings.stillOwner())) {
      this.isFenced = true;
      throw new WriterFenced(`${this.place.transactionalId}: the group has given the partition away`);
    }
    this.isAnswered = true;
    this.assertOpen();
    const lane = await TransactionLane.open(this.settings, this.place, this.surroundings);
    try {
      const committed = await lane.committed();
      this.assertOpen();
      this.lane = lane;
      return committed;
    } catch (error) {
      lane.discard(asError(error));
      throw error;
    }
  }

  private assertOpen(): void {
    if (this.isFenced) throw new WriterFenced(`${this.place.transactionalId}: another owner has taken over`);
    if (this.isClosed) throw new WriterFenced(`${this.place.transactionalId}: the writer is closed`);
  }

  private discard(reason: Error): void {
    this.lane?.discard(reason);
    this.lane = undefined;
  }
}
