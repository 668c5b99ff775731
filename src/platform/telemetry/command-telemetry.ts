import type { Counter } from 'prom-client';
import type { Reply } from '../commands/decision';
import { DiskFull, OutcomeUnknown, type LogRecord, type NewRecord } from '../log/log.port';
import type { MetricsService } from './metrics.service';
import { sampledContextOf } from './traceparent';
import type { Traces } from './traces';

/** A log transaction of the processor, after its commit. */
export interface CommittedBatch {
  readonly module: string;
  readonly records: readonly LogRecord[];
  readonly replies: readonly { readonly reply: Reply }[];
  /** How many of the records were put among the dead letters. */
  readonly parked: number;
  /** When deciding began, by `performance.now()`. */
  readonly started: number;
}

/** Commands of one owned partition that are not decided yet. */
export interface ProcessorLag {
  readonly module: string;
  readonly partition: number;
  /** Offsets after the last one decided; on Kafka it counts transaction markers too. */
  readonly behind: number;
}

/** What the gauges read of the writing side when they are asked. */
export interface WritingSide {
  /** Names of the modules of this process. */
  readonly modules: readonly string[];
  /** Senders that wait for a decision. */
  waiting(): number;
  /** Partitions that this process decides for, by module. */
  owned(): readonly { readonly module: string; readonly partitions: number }[];
  /** @throws what `log.bounds` throws */
  lag(): Promise<readonly ProcessorLag[]>;
}

/** Measures the way of commands into the log and to their decision, once per append and once per batch, and traces it. */
export class CommandTelemetry {
  private readonly appendSeconds;
  private readonly appendFailures: Counter<'reason'>;
  private readonly decided: Counter;
  private readonly rejected: Counter<'module' | 'code'>;
  private readonly parked: Counter<'module'>;
  private readonly fencedOwners: Counter<'module'>;
  private readonly seconds;
  private readonly size;

  constructor(
    metrics: MetricsService,
    private readonly traces: Traces,
    side: WritingSide,
  ) {
    this.appendSeconds = metrics.histogram(
      'command_append_seconds',
      'From sending a command to the log until it is safe',
    );
    this.appendFailures = metrics.counter('command_append_failures_total', 'Commands that the log did not confirm', [
      'reason',
    ]);
    this.decided = metrics.counter('commands_decided_total', 'Commands decided by this process');
    this.rejected = metrics.counter('commands_rejected_total', 'Commands that were refused', ['module', 'code']);
    this.parked = metrics.counter('commands_parked_total', 'Commands put among the dead letters', ['module']);
    this.fencedOwners = metrics.counter(
      'processor_fenced_total',
      'Times that another owner has taken a partition over',
      ['module'],
    );
    this.seconds = metrics.histogram('command_transaction_seconds', 'From reading a batch of commands to its commit');
    this.size = metrics.histogram(
      'command_transaction_size',
      'Commands in one log transaction',
      [],
      [1, 5, 20, 100, 500],
    );
    this.beginAtZero(side.modules);
    metrics.gauge('commands_waiting', 'Senders that wait for a decision', [], (gauge) => gauge.set(side.waiting()));
    metrics.gauge('processor_partitions', 'Partitions that this process decides for', ['module'], (gauge) => {
      for (const { module, partitions } of side.owned()) gauge.set({ module }, partitions);
    });
    metrics.gauge('processor_behind_offsets', 'Commands not yet decided', ['module', 'partition'], async (gauge) => {
      for (const { module, partition, behind } of await side.lag()) {
        gauge.set({ module, partition: String(partition) }, behind);
      }
    });
  }

  /** A counter that appears with its first failure has not risen for Prometheus, and its alert would stay silent. */
  private beginAtZero(modules: readonly string[]): void {
    for (const reason of ['outcome_unknown', 'disk_full', 'log_unavailable']) this.appendFailures.inc({ reason }, 0);
    for (const module of modules) {
      this.parked.inc({ module }, 0);
      this.fencedOwners.inc({ module }, 0);
    }
  }

  /** A command is safe in the log. @param started by `performance.now()` */
  appended(record: NewRecord, started: number): void {
    this.appendSeconds.observe((performance.now() - started) / 1_000);
    if (this.traces.areOn) this.traceAppend(record, started);
  }

  /** The log has not confirmed a command. @param started by `performance.now()` */
  appendFailed(record: NewRecord, started: number, error: unknown): void {
    const reason = reasonOf(error);
    this.appendFailures.inc({ reason });
    if (this.traces.areOn) this.traceAppend(record, started, reason);
  }

  /** Another owner has the partition now. */
  fenced(module: string): void {
    this.fencedOwners.inc({ module });
  }

  committed({ module, records, replies, parked, started }: CommittedBatch): void {
    this.decided.inc(records.length);
    this.size.observe(records.length);
    this.seconds.observe((performance.now() - started) / 1_000);
    if (parked > 0) this.parked.inc({ module }, parked);
    for (const [code, count] of rejections(replies)) this.rejected.inc({ module, code }, count);
    if (this.traces.areOn) this.traceDecisions(records, replies, started);
  }

  private traceAppend({ topic, headers }: NewRecord, started: number, failure?: string): void {
    const parent = sampledContextOf(headers['traceparent']);
    if (parent === undefined) return;
    const attributes = { 'messaging.destination.name': topic, 'cqrs.command': headers['domain-model'] };
    const step = { name: `append ${topic}`, kind: 'producer', parent, started, attributes } as const;
    this.traces.record(failure === undefined ? step : { ...step, failure });
  }

  /** Each command of the batch in its own trace; all took as long as their one transaction. */
  private traceDecisions(records: readonly LogRecord[], replies: CommittedBatch['replies'], started: number): void {
    const byAttempt = new Map(replies.map(({ reply }) => [reply.correlationId, reply]));
    for (const { topic, partition, headers } of records) {
      const parent = sampledContextOf(headers['traceparent']);
      if (parent === undefined) continue;
      const reply = byAttempt.get(headers['correlation-id'] ?? '');
      const decision = reply?.decision ?? { status: 'parked' };
      const attributes = {
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.batch.message_count': records.length,
        'cqrs.command': headers['domain-model'],
        'cqrs.decision': decision.status,
        'cqrs.replayed': reply?.kind === 'replay',
        ...('code' in decision ? { 'cqrs.code': decision.code } : {}),
      };
      this.traces.record({ name: `decide ${topic}`, kind: 'consumer', parent, started, attributes });
    }
  }
}

/** By code. A decision that is told once more is no new refusal. */
function rejections(replies: CommittedBatch['replies']): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reply } of replies) {
    if (reply.decision.status !== 'rejected' || reply.kind === 'replay') continue;
    const { code } = reply.decision;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return counts;
}

function reasonOf(error: unknown): 'outcome_unknown' | 'disk_full' | 'log_unavailable' {
  if (error instanceof OutcomeUnknown) return 'outcome_unknown';
  return error instanceof DiskFull ? 'disk_full' : 'log_unavailable';
}
