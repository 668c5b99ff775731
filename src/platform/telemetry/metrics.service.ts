import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { product } from '../http/product';

/** Before every name of ours, so that it collides with nobody else's; what prom-client tells of Node keeps its names. */
const PREFIX = 'cqrs_';

/** Seconds; fine where a command on the embedded log lies, coarse up to the longest wait. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A gauge that is not read in time is left out: a log that is away must not take all other metrics with it. */
const COLLECT_TIMEOUT_MS = 2_000;

/**
 * The metrics of this process, in Prometheus' text format at `/metrics`. Names are given without the prefix `cqrs_`, which is put before
 * each here.
 */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  readonly #registry = new Registry();
  readonly #unread: Counter<'metric'>;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.#unread = this.counter('metrics_unread_total', 'Times that a gauge could not be read and was left out', [
      'metric',
    ]);
    const build = this.gauge('build_info', 'Always 1; what runs here', ['version', 'node']);
    build.set({ version: product.version, node: process.version }, 1);
  }

  /** Counts up for ever. Name it `…_total`. */
  counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.#registry] });
  }

  /**
   * Goes up and down.
   * @param collect sets the value when the metrics are read; saves keeping it up to date. What it does not set is not told, so a label
   *   that is gone goes. When it fails, or takes over two seconds, the gauge is left out and `cqrs_metrics_unread_total` counts it
   */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const failed = (): void => this.#unread.inc({ metric: PREFIX + name });
    const read = collect && {
      collect(this: Gauge<Label>) {
        return readInTime(this, collect, failed);
      },
    };
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.#registry], ...read });
  }

  /** Distribution. @param buckets upper bounds; default: seconds from 1 ms to 30 s */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    buckets: readonly number[] = durationBuckets,
  ): Histogram<Label> {
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets: [...buckets], registers: [this.#registry] });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics as text. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  onApplicationShutdown(): void {
    this.#registry.clear();
  }
}

async function readInTime<Label extends string>(
  gauge: Gauge<Label>,
  collect: (gauge: Gauge<Label>) => void | Promise<void>,
  failed: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${COLLECT_TIMEOUT_MS} ms`)), COLLECT_TIMEOUT_MS);
  });
  gauge.reset();
  try {
    await Promise.race([collect(gauge), late]);
  } catch {
    gauge.reset();
    // Without labels a reset means zero, which would be a value.
    gauge.remove({});
    failed();
  } finally {
    clearTimeout(timer);
  }
}
