import type { SpanContext } from '@opentelemetry/api';
import type { Counter } from 'prom-client';
import type { ReactedBatch } from '../reactions/partition-reactor';
import type { Reaction } from '../reactions/reaction';
import type { ReactionHold, ReactionLag } from '../reactions/reactors';
import type { MetricsService } from './metrics.service';
import { sampledContextOf } from './traceparent';
import type { Traces } from './traces';

/** All spans of a transaction are told in one turn of the event loop. */
const TRACES_PER_COMMIT_MAX = 100;

/** What the gauges read of the reactors when they are asked. */
export interface ReactingState {
  /** Processes and publications of this process. */
  readonly reactions: readonly Reaction[];
  /** @throws what `log.bounds` throws */
  lag(): Promise<readonly ReactionLag[]>;
  holds(): readonly ReactionHold[];
}

/** Measures what processes and publications do, once per transaction, and traces it. */
export class ReactionTelemetry {
  private readonly sent: Counter<'consumer'>;
  private readonly published: Counter<'consumer'>;
  private readonly parked: Counter<'consumer'>;
  private readonly fencedOwners: Counter<'consumer'>;
  private readonly seconds;

  constructor(
    metrics: MetricsService,
    private readonly traces: Traces,
    state: ReactingState,
  ) {
    this.sent = metrics.counter('process_commands_total', 'Commands sent by processes', ['consumer']);
    this.published = metrics.counter('publication_messages_total', 'Messages written to public topics', ['consumer']);
    this.parked = metrics.counter('reaction_parked_total', 'Events put among the dead letters', ['consumer']);
    this.fencedOwners = metrics.counter(
      'reaction_fenced_total',
      'Times that another owner has taken a partition over',
      ['consumer'],
    );
    this.seconds = metrics.histogram(
      'reaction_transaction_seconds',
      'From reading events to the commit of what they led to',
      ['consumer'],
    );
    for (const { name: consumer, kind } of state.reactions) {
      if (kind !== 'erasures') (kind === 'commands' ? this.sent : this.published).inc({ consumer }, 0);
      this.parked.inc({ consumer }, 0);
      this.fencedOwners.inc({ consumer }, 0);
    }
    const behind = 'Events that a process or a publication has not taken yet';
    metrics.gauge('reaction_behind_offsets', behind, ['consumer', 'partition'], async (gauge) => {
      for (const { consumer, topic, partition, behind: count } of await state.lag()) {
        gauge.set({ consumer, partition: `${topic}/${partition}` }, count);
      }
    });
    metrics.gauge('reaction_holds', 'Partitions that stand still', ['consumer', 'code'], (gauge) => {
      for (const { consumer, code } of state.holds()) gauge.inc({ consumer, code });
    });
  }

  reacted({ reaction, records, outputs, parked, started }: ReactedBatch): void {
    const { name: consumer, kind } = reaction;
    this.seconds.observe({ consumer }, (performance.now() - started) / 1_000);
    if (kind !== 'erasures') (kind === 'commands' ? this.sent : this.published).inc({ consumer }, outputs);
    if (parked > 0) this.parked.inc({ consumer }, parked);
    if (this.traces.areOn) this.trace(consumer, records, started);
  }

  /** Another owner has the partition now. */
  fenced(consumer: string): void {
    this.fencedOwners.inc({ consumer });
  }

  /** The transaction is a step in every trace that its events belong to. */
  private trace(consumer: string, records: ReactedBatch['records'], started: number): void {
    const parents = new Map<string, SpanContext>();
    for (const { headers } of records) {
      const parent = sampledContextOf(headers['traceparent']);
      if (parent !== undefined && parents.size < TRACES_PER_COMMIT_MAX) parents.set(parent.traceId, parent);
    }
    const attributes = { 'cqrs.consumer': consumer, 'messaging.batch.message_count': records.length };
    for (const parent of parents.values()) {
      this.traces.record({ name: `react ${consumer}`, kind: 'consumer', parent, started, attributes });
    }
  }
}
