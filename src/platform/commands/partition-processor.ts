import type { Aggregate } from '../../kernel/decider';
import { topicsOf, REPLIES_TOPIC } from '../log/envelope';
import {
  DiskFull,
  LogUnavailable,
  WriterFenced,
  type Log,
  type LogRecord,
  type NewRecord,
  type PartitionWriter,
} from '../log/log.port';
import { BatchDecider, type BatchResult } from './batch-decider';
import { encodeReply, type Reply } from './decision';
import { restorePartition } from './restore-partition';
import type { StatePartition } from './state-partition';
import type { StateStore } from './state-store';
import {
  encodeStateEntry,
  stateEntry,
  stateKey,
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
  readonly onBatch?: (commands: number, ms: number) => void;
}

const RECORDS_PER_TRANSACTION_MAX = 500;
const BYTES_PER_TRANSACTION_MAX = 512 * 1024;
const RETRY_MS = 200;
const BATCHES_PER_CHECKPOINT = 100;

/**
 * Decides the commands of one owned partition: a batch of commands becomes events, state, replies and the consumed offset in one
 * log transaction (G2), by the one writer that the log lets through (G4).
 */
export class PartitionProcessor {
  private readonly topics: ReturnType<typeof topicsOf>;
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
  }

  /** Runs until the signal aborts or another owner takes over. Throws when the partition cannot be processed at all. */
  static async run(context: ProcessorContext, partition: number, signal: AbortSignal): Promise<void> {
    const topics = topicsOf(context.module);
    const writer = await context.log.openWriter(`${context.module}.processor`, topics.commands, partition);
    const state = await context.store.partition(topics.state, partition);
    let processor: PartitionProcessor | undefined;
    try {
      const position = await restorePartition({ ...context, partition, cache: state, signal }, writer.committed);
      if (position === undefined) return;
      processor = new PartitionProcessor(context, partition, writer, state, position, signal);
      for await (const batch of context.log.follow(topics.commands, partition, position.next, signal)) {
        await processor.takeAll(batch.records);
      }
    } catch (error) {
      if (!(error instanceof WriterFenced) && !signal.aborted) throw error;
    } finally {
      await processor?.checkpointing;
      await state.release();
      await writer.close();
    }
  }

  private async takeAll(records: readonly LogRecord[]): Promise<void> {
    let from = 0;
    while (from < records.length && !this.signal.aborted) {
      const to = endOfTransaction(records, from);
      await this.take(records.slice(from, to));
      from = to;
    }
  }

  private async take(records: readonly LogRecord[]): Promise<void> {
    const started = performance.now();
    const { context, state } = this;
    const loaded = {
      aggregate: (id: string) => state.load(stateKey.aggregate(id)) as AggregateState | undefined,
      decision: (commandId: string) => state.load(stateKey.decision(commandId)) as StoredDecision | undefined,
    };
    const { module, aggregates } = context;
    const { mayRepeat } = context.log;
    const result = BatchDecider.decide({ module, aggregates, mayRepeat }, loaded, this.position.sequence, records);
    await this.commit(records, result);
    for (const { reply } of result.replies) context.onReply(reply);
    context.onBatch?.(records.length, performance.now() - started);
  }

  private async commit(records: readonly LogRecord[], result: BatchResult): Promise<void> {
    const { context, partition, topics } = this;
    const next = (records.at(-1)?.offset ?? this.position.next) + 1;
    const position: ProcessorPosition = { next, sequence: result.sequence };
    const entries: StateEntry[] = [...result.entries, stateEntry(stateKey.position('processor'), position)];
    const repliesPartitions = context.log.partitions(REPLIES_TOPIC);
    const written: NewRecord[] = [
      ...result.events,
      ...entries.map((entry) => encodeStateEntry(topics.state, partition, entry)),
      ...result.replies.map(({ reply, replyTo }) => encodeReply(reply, replyTo, repliesPartitions)),
      ...result.deadLetters,
    ];
    const complete = await this.endWhenDue();
    await this.commitUntilDone(next, written);
    this.position = position;
    await this.state.put(entries);
    // Not awaited: the cache reaches the disk in its own time, and no command waits for it.
    if (complete !== undefined) this.checkpointing = this.state.checkpoint(complete);
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

  /**
   * Now and then, the end of the changelog, so that a restart reads only what came later. Whatever stands before it is in the cache if the
   * commit that follows is let through; had another owner written, it would be refused. Asked at any other time, the end may be another's.
   */
  private async endWhenDue(): Promise<number | undefined> {
    if (++this.sinceCheckpoint < BATCHES_PER_CHECKPOINT) return undefined;
    this.sinceCheckpoint = 0;
    return (await this.context.log.bounds(this.topics.state, this.partition)).end;
  }
}

function endOfTransaction(records: readonly LogRecord[], from: number): number {
  let bytes = 0;
  let to = from;
  while (to < records.length && to - from < RECORDS_PER_TRANSACTION_MAX) {
    bytes += (records[to]?.value?.length ?? 0) + 512;
    if (to > from && bytes > BYTES_PER_TRANSACTION_MAX) break;
    to++;
  }
  return to;
}
