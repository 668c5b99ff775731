import type { Log, Membership } from '../log/log.port';
import { topicsOf } from '../log/envelope';
import type { Feature } from '../feature';
import { PartitionProcessor, type ProcessorContext } from './partition-processor';

/** The command processors of this process, one consumer group per module. */
export class Processors {
  private readonly memberships = new Map<string, Membership>();

  constructor(
    private readonly log: Log,
    private readonly features: readonly Feature[],
    private readonly parts: Pick<ProcessorContext, 'store' | 'onReply' | 'onBatch'>,
  ) {}

  /** Resolves when every group has been joined. */
  async start(): Promise<void> {
    await Promise.all(this.features.map((feature) => this.join(feature)));
  }

  /** Whether every group has been joined, with zero partitions too. */
  get hasJoined(): boolean {
    return this.memberships.size === this.features.length;
  }

  /** Whether all commands are decided here, so that no reply comes from elsewhere. */
  get ownsAll(): boolean {
    return this.features.every(({ name }) => {
      const owned = this.memberships.get(name)?.owned.length ?? 0;
      return owned === this.log.partitions(topicsOf(name).commands);
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.memberships.values()].map((membership) => membership.leave()));
  }

  private async join({ name, aggregates }: Feature): Promise<void> {
    const byCommand = new Map(aggregates.flatMap((item) => item.commands.map(({ type }) => [type, item] as const)));
    const context: ProcessorContext = { ...this.parts, log: this.log, module: name, aggregates: byCommand };
    const membership = await this.log.join({
      group: `${name}.processor`,
      topics: [topicsOf(name).commands],
      own: ({ partition, signal }) => PartitionProcessor.run(context, partition, signal),
    });
    this.memberships.set(name, membership);
  }
}
