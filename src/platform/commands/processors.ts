import { setTimeout as sleep } from 'node:timers/promises';
import { NewerSchema } from '../../kernel/event-contract';
import { LogUnavailable, type Log, type Membership } from '../log/log.port';
import { topicsOf } from '../log/envelope';
import type { Feature } from '../feature';
import type { CommandTelemetry, ProcessorLag } from '../telemetry/command-telemetry';
import { PartitionProcessor, type ProcessorContext, type RunningPartition } from './partition-processor';

const NEWER_SCHEMA_RETRY_MS = 5_000;
const LOG_RETRY_MS = 200;

/** The command processors of this process, one consumer group per module. */
export class Processors {
  private readonly memberships = new Map<string, Membership>();
  private readonly running = new Map<string, Set<RunningPartition>>();
  private readonly paused = new Map<string, NewerSchema | LogUnavailable>();

  constructor(
    private readonly log: Log,
    private readonly features: readonly Feature[],
    private readonly parts: Pick<ProcessorContext, 'store' | 'onReply'>,
    private readonly telemetry: Pick<CommandTelemetry, 'committed' | 'fenced'>,
  ) {}

  /** Resolves when every group has been joined. */
  async start(): Promise<void> {
    await Promise.all(this.features.map((feature) => this.join(feature)));
  }

  /** Whether every group has been joined, with zero partitions too. */
  get hasJoined(): boolean {
    return this.memberships.size === this.features.length;
  }

  /** What keeps partitions from being processed: `NEWER_SCHEMA calculator.commands/1: …`. */
  failures(): string[] {
    return Array.from(this.paused, ([place, error]) => {
      return `${error instanceof NewerSchema ? 'NEWER_SCHEMA' : 'LOG_UNAVAILABLE'} ${place}: ${error.message}`;
    });
  }

  /** Whether all commands are decided here, so that no reply comes from elsewhere. */
  get ownsAll(): boolean {
    return this.features.every(({ name }) => {
      const owned = this.memberships.get(name)?.owned.length ?? 0;
      return owned === this.log.partitions(topicsOf(name).commands);
    });
  }

  /** Partitions decided here, by module. */
  get owned(): { module: string; partitions: number }[] {
    return Array.from(this.running, ([module, { size }]) => ({ module, partitions: size }));
  }

  /** Of the partitions decided here. @throws what `log.bounds` throws */
  async lag(): Promise<ProcessorLag[]> {
    const owned = Array.from(this.running, ([module, places]) =>
      [...places].map((place) => ({ module, place })),
    ).flat();
    return Promise.all(
      owned.map(async ({ module, place }) => {
        const { end } = await this.log.bounds(topicsOf(module).commands, place.partition);
        return { module, partition: place.partition, behind: Math.max(0, end - place.next) };
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.memberships.values()].map((membership) => membership.leave()));
  }

  /**
   * A partition that only a newer process can fold waits for the upgrade: to decide on a wrong state would be worse than not to decide. One
   * whose log goes away while its state is restored is taken anew: an end of the process would bring nothing back.
   */
  private async own(context: ProcessorContext, partition: number, signal: AbortSignal): Promise<void> {
    const place = placeOf(context.module, partition);
    while (!signal.aborted) {
      try {
        await PartitionProcessor.run(context, partition, signal);
        break;
      } catch (error) {
        if (!(error instanceof NewerSchema) && !(error instanceof LogUnavailable)) throw error;
        this.paused.set(place, error);
        const pauseMs = error instanceof NewerSchema ? NEWER_SCHEMA_RETRY_MS : LOG_RETRY_MS;
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
    this.paused.delete(place);
  }

  private async join({ name, aggregates }: Feature): Promise<void> {
    const byCommand = new Map(aggregates.flatMap((item) => item.commands.map(({ type }) => [type, item] as const)));
    const running = new Set<RunningPartition>();
    this.running.set(name, running);
    const context: ProcessorContext = {
      ...this.parts,
      log: this.log,
      module: name,
      aggregates: byCommand,
      running,
      onBatch: (batch) => this.telemetry.committed(batch),
      onFenced: () => this.telemetry.fenced(name),
      onRestored: (partition) => void this.paused.delete(placeOf(name, partition)),
    };
    const membership = await this.log.join({
      group: `${name}.processor`,
      topics: [topicsOf(name).commands],
      own: ({ partition, signal }) => this.own(context, partition, signal),
    });
    this.memberships.set(name, membership);
  }
}

function placeOf(module: string, partition: number): string {
  return `${topicsOf(module).commands}/${partition}`;
}
