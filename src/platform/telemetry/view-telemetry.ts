import type { SpanContext } from '@opentelemetry/api';
import type { Histogram } from 'prom-client';
import type { LogRecord } from '../log/log.port';
import type { ProjectionFailure } from '../views/projection-failures';
import type { ViewLag } from '../views/projector';
import type { MetricsService } from './metrics.service';
import { sampledContextOf } from './traceparent';
import type { Traces } from './traces';

/** A transaction after a pause may hold thousands of traces, and all would be told in one turn of the event loop. */
const TRACES_PER_COMMIT_MAX = 100;

/** An event that a view has taken in. */
export interface ProjectedEvent {
  readonly record: Pick<LogRecord, 'timestamp' | 'headers'>;
}

/** A transaction of a view, after its commit. */
export interface ProjectedBatch {
  readonly view: string;
  /** Of each partition, in its order. */
  readonly partitions: readonly (readonly ProjectedEvent[])[];
  /** When it began, by `performance.now()`. */
  readonly started: number;
}

/** What the gauges read of the reading side when they are asked. */
export interface ReadingState {
  openStreams(): number;
  /** @throws what `log.bounds` throws */
  lag(): Promise<readonly ViewLag[]>;
  failures(): readonly ProjectionFailure[];
  /** By view: time of the oldest event that was read and is not projected. */
  oldestWaiting(): readonly { readonly view: string; readonly at: number }[];
}

/** Measures views and streams, once per transaction, and traces what views take in. */
export class ViewTelemetry {
  private readonly age: Histogram<'view'>;
  private readonly seconds: Histogram<'view'>;
  private readonly slowStreams;

  constructor(
    metrics: MetricsService,
    private readonly traces: Traces,
    state: ReadingState,
  ) {
    this.age = metrics.histogram(
      'view_age_seconds',
      "From an event's time to its projection; of the oldest event of each partition in a transaction",
      ['view'],
    );
    this.seconds = metrics.histogram('view_transaction_seconds', 'Duration of a transaction that moves a view', [
      'view',
    ]);
    this.slowStreams = metrics.counter('streams_dropped_total', 'Streams ended because the client did not read');
    metrics.gauge('streams_open', 'Clients that read a stream', [], (gauge) => gauge.set(state.openStreams()));
    metrics.gauge('view_behind_offsets', 'Records not yet projected', ['view', 'partition'], async (gauge) => {
      for (const { view, topic, partition, behind } of await state.lag()) {
        gauge.set({ view, partition: `${topic}/${partition}` }, behind);
      }
    });
    metrics.gauge('view_failures', 'Partitions at which a view does not go on', ['view', 'code'], (gauge) => {
      for (const { view, code } of state.failures()) gauge.inc({ view, code });
    });
    const oldest = 'Age of the oldest event that was read and waits to be projected';
    metrics.gauge('view_oldest_waiting_seconds', oldest, ['view'], (gauge) => {
      for (const { view, at } of state.oldestWaiting()) gauge.set({ view }, secondsSince(at));
    });
  }

  projected({ view, partitions, started }: ProjectedBatch): void {
    this.seconds.observe({ view }, (performance.now() - started) / 1_000);
    for (const [oldest] of partitions) {
      if (oldest !== undefined) this.age.observe({ view }, secondsSince(oldest.record.timestamp));
    }
    if (this.traces.areOn) this.traceCommit(view, partitions.flat(), started);
  }

  /** The transaction is a step in every trace that its events belong to. */
  private traceCommit(view: string, events: readonly ProjectedEvent[], started: number): void {
    const parents = new Map<string, SpanContext>();
    for (const { record } of events) {
      const parent = sampledContextOf(record.headers['traceparent']);
      if (parent !== undefined && parents.size < TRACES_PER_COMMIT_MAX) parents.set(parent.traceId, parent);
    }
    const attributes = { 'cqrs.view': view, 'messaging.batch.message_count': events.length };
    for (const parent of parents.values()) {
      this.traces.record({ name: `project ${view}`, kind: 'consumer', parent, started, attributes });
    }
  }

  streamDropped(): void {
    this.slowStreams.inc();
  }
}

/** The clock that gave the time may be another machine's, and ahead. */
function secondsSince(at: number): number {
  return Math.max(0, Date.now() - at) / 1_000;
}
