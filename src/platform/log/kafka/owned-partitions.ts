import { WriterFenced, type OwnedPartition } from '../log.port';
import { asError } from '../../as-error';
import { messageOf } from './kafka-errors';
import type { KafkaLogger } from './kafka-settings';
import { keyOf, type TopicPartition } from './partition-assigner';

const RERUN_MS_MIN = 100;
const RERUN_MS_MAX = 2_000;

interface Holding extends TopicPartition {
  readonly controller: AbortController;
}

/** Runs `own` for each partition held: once at a time, from assignment until it is taken away. */
export class OwnedPartitions {
  private readonly holdings = new Map<string, Holding>();
  /** Runs of each partition, one after the other; the last one's end. */
  private readonly chains = new Map<string, Promise<void>>();

  /**
   * @param stillOwner whether the group still counts this member as the owner
   * @param onFatal what an error of `own` is
   */
  constructor(
    private readonly own: (partition: OwnedPartition) => Promise<void>,
    private readonly stillOwner: (partition: TopicPartition) => Promise<boolean>,
    private readonly onFatal: (error: Error) => void,
    private readonly logger: KafkaLogger,
  ) {}

  get held(): TopicPartition[] {
    return [...this.holdings.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  holds(partition: TopicPartition): boolean {
    return this.holdings.has(keyOf(partition));
  }

  /** Ends the runs of what is no longer assigned and starts the new ones. */
  assign(assigned: readonly TopicPartition[]): void {
    const wanted = new Map(assigned.map((partition) => [keyOf(partition), partition]));
    for (const key of this.holdings.keys()) if (!wanted.has(key)) this.release(key);
    for (const [key, partition] of wanted) if (!this.holdings.has(key)) this.hold(key, partition);
  }

  releaseAll(): void {
    for (const key of this.holdings.keys()) this.release(key);
  }

  /** Resolves when no run is left. */
  async settled(): Promise<void> {
    await Promise.all(this.chains.values());
  }

  private release(key: string): void {
    this.holdings.get(key)?.controller.abort();
    this.holdings.delete(key);
  }

  private hold(key: string, { topic, partition }: TopicPartition): void {
    const holding = { topic, partition, controller: new AbortController() };
    this.holdings.set(key, holding);
    const before = this.chains.get(key) ?? Promise.resolve();
    const run = before.then(() => this.run(holding));
    this.chains.set(key, run);
    void run.finally(() => {
      if (this.chains.get(key) === run) this.chains.delete(key);
    });
  }

  /**
   * A run that ends early has lost its right to write. If the group confirms that the partition is still ours, the other writer was a
   * zombie, or a late packet of our own: own it afresh.
   */
  private async run({ topic, partition, controller }: Holding): Promise<void> {
    const { signal } = controller;
    for (let pauseMs = RERUN_MS_MIN; !signal.aborted; pauseMs = Math.min(RERUN_MS_MAX, pauseMs * 2)) {
      try {
        await this.own({ topic, partition, signal });
        if (!signal.aborted) this.logger.warn(`${topic}/${partition}: its owner ended early`);
      } catch (error) {
        if (signal.aborted) {
          this.logger.info(`${topic}/${partition}: given up, ${messageOf(error)}`);
        } else if (error instanceof WriterFenced) {
          this.logger.warn(`${topic}/${partition}: ${error.message}`);
        } else {
          this.onFatal(asError(error));
          return;
        }
      }
      while (!signal.aborted) {
        await pauseUnless(signal, pauseMs);
        if (signal.aborted) return;
        const owner = await this.stillOwner({ topic, partition }).catch(() => false);
        if (owner) break;
      }
    }
  }
}

function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
