import type { Aggregate } from '../../kernel/decider';
import { topicsOf, REPLIES_TOPIC } from '../log/envelope';
import {
  DiskFull,
  LogUnavailable,
  WriterFenced,
  type Log,
  type LogBatch,
  type LogRecord,
  type NewRecord,
  type ParticipantWork,
  type PartitionWriter,
} from '../log/log.port';
import type { CommittedBatch } from '../telemetry/command-telemetry';
import { BatchDecider, type BatchResult } from './batch-decider';
import { encodeReply, type Reply } from './decision';
import { bytesOf, inCrowds } from './command-crowds';
import { OutlivedDecisions } from './outlived-decisions';
import { restorePartition } from './restore-partition';
import type { StatePartition } from './state-partition';
import type { StateStore } from './state-store';
import {
  encodeStateEntry,
  stateEntry,
  stateKey,
  tombstone,
  type AggregateState,
  type ProcessorPosition,
  type StateEntry,
  type StoredDecision,
} from './stored-state';

/** What the processor of one module works with. */
export interface ProcessorContext {
  readonly log: Log;
  readonly store: StateStore;
  readonly module: string;
  /** Command type → aggregate. */
  readonly aggregates: ReadonlyMap<string, Aggregate>;
  /** Told after the commit, so that a gateway in this process need not wait for the topic. */
  readonly onReply: (reply: Reply) => void;
  readonly onBatch?: (batch: CommittedBatch) => void;
  /** Told when another owner has taken the partition over. */
  readonly onFenced?: () => void;
  /** Told when the state of a partition is there, and its commands are decided from now on. */
  readonly onRestored?: (partition: number) => void;
  /** Holds the partitions that are processed now. */
  readonly running?: Set<RunningPartition>;
}

const RECORDS_PER_TRANSACTION_MAX = 500;
const BYTES_PER_TRANSACTION_MAX = 512 * 1024;
const TOMBSTONES_PER_COMMAND = 2;
const RETRY_MS = 200;
const BATCHES_PER_CHECKPOINT = 100;

/** A partition from taking it over to giving it up. */
export interface RunningPartition {
  readonly partition: number;
  /** Offset of the first command that is not decided. */
  readonly next: number;
}

/** A batch between its decision and its commit. */
interface DecidedBatch extends Pick<BatchResult, 'replies' | 'deadLetters'> {
  /** By `performance.now()`. */
  readonly started: number;
  readonly position: ProcessorPosition;
  readonly entries: readonly StateEntry[];
  readonly written: readonly NewRecord[];
}

/**
 * Decides the commands of one owned partition: a batch of commands becomes events, state, replies and the consumed offset in one
 * log transaction (G2), by the one writer that the log lets through (G4).
 */
export class PartitionProcessor {
  private readonly topics: ReturnType<typeof topicsOf>;
  private readonly outlived: OutlivedDecisions;
  private sinceCheckpoint = 0;
  private checkpointing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly context: ProcessorContext,
    private readonly partition: number,
    private readonly writer: PartitionWriter,
    private readonly state: StatePartition,
    private position: ProcessorPosition,
    private readonly signal: AbortSignal,
  ) {
    this.topics = topicsOf(context.module);
    this.outlived = new OutlivedDecisions(state);
  }

  /** Runs until the signal aborts or another owner takes over. Throws when the partition cannot be processed at all. */
  static async run(context: ProcessorContext, partition: number, signal: AbortSignal): Promise<void> {
    const topics = topicsOf(context.module);
    const writer = await context.log.openWriter(`${context.module}.processor`, topics.commands, partition);
    const state = await context.store.partition(topics.state, partition);
    let processor: PartitionProcessor | undefined;
    const running: RunningPartition = {
      partition,
      get next() {
        return processor?.position.next ?? writer.committed ?? 0;
      },
    };
    context.running?.add(running);
    try {
      const position = await restorePartition({ ...context, partition, cache: state, signal }, writer.committed);
      if (position === undefined) return;
      context.onRestored?.(partition);
      processor = new PartitionProcessor(context, partition, writer, state, position, signal);
      if (writer.participate === undefined) await processor.takeCrowds();
      else while (!signal.aborted) await processor.takePart();
    } catch (error) {
      const isFenced = error instanceof WriterFenced;
      if (!isFenced && !signal.aborted) throw error;
      if (isFenced && !signal.aborted) context.onFenced?.();
    } finally {
      context.running?.delete(running);
      await processor?.checkpointing;
      await state.release();
      await writer.close();
    }
  }

  /** Reads, decides and commits until the signal aborts. */
  private async takeCrowds(): Promise<void> {
    for await (const records of inCrowds((signal) => this.follow(signal), this.signal)) await this.takeAll(records);
  }

  /** Decides within the commits that append, until the signal aborts or too much waits; then reads a part of that. */
  private async takePart(): Promise<void> {
    const { signal } = this;
    await this.writer.participate?.(this.position.next, { decide: (records) => this.share(records) }, signal);
    for await (const { records } of this.follow(signal)) return this.takeAll(records);
  }

  private follow(signal: AbortSignal): AsyncIterable<LogBatch> {
    return this.context.log.follow(this.topics.commands, this.partition, this.position.next, signal);
  }

  private share(waiting: readonly LogRecord[]): ParticipantWork {
    const records = waiting.slice(0, endOfTransaction(waiting, 0));
    const decided = this.decide(records);
    return {
      next: decided.position.next,
      records: decided.written,
      committed: () => {
        this.position = decided.position;
        const stored = this.state.put(decided.entries);
        if (this.isCheckpointDue()) this.checkpointing = this.checkpointNow();
        this.answer(records, decided);
        return stored;
      },
    };
  }

  /** All that stands in the changelog now is in the cache: this was called before anything else could be committed. */
  private async checkpointNow(): Promise<void> {
    const { end } = await this.context.log.bounds(this.topics.state, this.partition);
    await this.state.checkpoint(end);
  }

  private async takeAll(records: readonly LogRecord[]): Promise<void> {
    const [first] = records;
    if (first !== undefined && first.offset < this.position.next) {
      throw new Error(
        `${first.topic}/${first.partition} gives offset ${first.offset} again after ${this.position.next}`,
      );
    }
    let from = 0;
    while (from < records.length && !this.signal.aborted) {
      const to = endOfTransaction(records, from);
      await this.take(records.slice(from, to));
      from = to;
    }
  }

  private async take(records: readonly LogRecord[]): Promise<void> {
    const decided = this.decide(records);
    const complete = await this.endWhenDue();
    await this.commitUntilDone(decided.position.next, decided.written);
    this.position = decided.position;
    await this.state.put(decided.entries);
    // Not awaited: the cache reaches the disk in its own time, and no command waits for it.
    if (complete !== undefined) this.checkpointing = this.state.checkpoint(complete);
    this.answer(records, decided);
  }

  /** Changes nothing. */
  private decide(records: readonly LogRecord[]): DecidedBatch {
    const started = performance.now();
    const { context, partition, state, topics } = this;
    const loaded = {
      aggregate: (id: string) => state.load(stateKey.aggregate(id)) as AggregateState | undefined,
      decision: (commandId: string) => state.load(stateKey.decision(commandId)) as StoredDecision | undefined,
    };
    const { log } = context;
    const result = BatchDecider.decide(context, loaded, this.position, records);
    const next = (records.at(-1)?.offset ?? this.position.next) + 1;
    const { sequence, time } = result;
    const position: ProcessorPosition = { next, sequence, time };
    const entries = [
      ...result.entries,
      ...this.tombstones(result, records.length),
      stateEntry(stateKey.position('processor'), position),
    ];
    const repliesPartitions = log.partitions(REPLIES_TOPIC);
    const written: NewRecord[] = [
      ...result.events,
      ...entries.map((entry) => encodeStateEntry(topics.state, partition, entry)),
      ...result.replies.map(({ reply, replyTo }) => encodeReply(reply, replyTo, repliesPartitions)),
      ...result.deadLetters,
    ];
    return { started, position, entries, written, replies: result.replies, deadLetters: result.deadLetters };
  }

  /** Of outlived decisions: more than the batch can add, so that a backlog shrinks; in proportion to it, so that no batch is slow. */
  private tombstones({ entries, time }: BatchResult, commands: number): StateEntry[] {
    const outlived = this.outlived.upTo(time, TOMBSTONES_PER_COMMAND * commands);
    if (outlived.length === 0) return [];
    const renewed = new Set(entries.map(({ key }) => key));
    return outlived.filter((key) => !renewed.has(key)).map(tombstone);
  }

  /** After the commit: tells who waits in this process. */
  private answer(records: readonly LogRecord[], { started, replies, deadLetters }: DecidedBatch): void {
    for (const { reply } of replies) this.context.onReply(reply);
    const { module } = this.context;
    this.context.onBatch?.({ module, records, replies, parked: deadLetters.length, started });
  }

  /** A full disk or a log that is away for a while is waited out: the batch is in memory, and nothing of it was written. */
  private async commitUntilDone(next: number, records: readonly NewRecord[]): Promise<void> {
    for (;;) {
      try {
        return await this.writer.commit(this.position.next, next, records);
      } catch (error) {
        const passing = error instanceof DiskFull || error instanceof LogUnavailable;
        if (!passing || this.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  private isCheckpointDue(): boolean {
    this.sinceCheckpoint = (this.sinceCheckpoint + 1) % BATCHES_PER_CHECKPOINT;
    return this.sinceCheckpoint === 0;
  }

  /**
   * Now and then, the end of the changelog, so that a restart reads only what came later. Whatever stands before it is in the cache if the
   * commit that follows is let through; had another owner written, it would be refused. Asked at any other time, the end may be another's.
   */
  private async endWhenDue(): Promise<number | undefined> {
    if (!this.isCheckpointDue()) return undefined;
    return (await this.context.log.bounds(this.topics.state, this.partition)).end;
  }
}

function endOfTransaction(records: readonly LogRecord[], from: number): number {
  let bytes = 0;
  let to = from;
  for (const record of records.slice(from, from + RECORDS_PER_TRANSACTION_MAX)) {
    bytes += bytesOf(record);
    if (to > from && bytes > BYTES_PER_TRANSACTION_MAX) break;
    to++;
  }
  return to;
}
