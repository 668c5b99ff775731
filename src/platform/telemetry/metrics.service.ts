import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds; fine where a command on the embedded log lies, coarse up to the longest wait. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The metrics of this process, in Prometheus' text format at `/metrics`. */
@Injectable()
export class MetricsService implements OnApplicationShutdown {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Counts up for ever. Name it `…_total`. */
  counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  /**
   * Goes up and down.
   * @param collect sets the value when the metrics are read; saves keeping it up to date. When it fails, because what it asks is away, this
   *   gauge is left out (`NaN` without labels) and all others are told
   */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const read = collect && {
      async collect(this: Gauge<Label>) {
        try {
          await collect(this);
        } catch {
          this.reset();
          if (labelNames.length === 0) this.set(Number.NaN);
        }
      },
    };
    return new Gauge({ name, help, labelNames, registers: [this.#registry], ...read });
  }

  /** Distribution. @param buckets upper bounds; default: seconds from 1 ms to 30 s */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
    buckets: readonly number[] = durationBuckets,
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.#registry] });
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
