import { topicsOf } from '../log/envelope';
import type { Log } from '../log/log.port';
import { partitionsOf } from '../log/partitions-of';
import {
  ReactionHasBegun,
  UnknownReaction,
  type ReactionOperations,
  type ReactionStatus,
} from '../operations/operations.port';
import { findPosition, type FoundPosition } from './find-position';
import type { Reaction } from './reaction';
import { encodeBegin } from './reaction-position';
import { sourceOf } from './reactors';

/** What can be asked and told of processes and publications through the log alone: by the process that runs them, and by any other. */
export class StoredReactions implements ReactionOperations {
  constructor(
    private readonly log: Log,
    private readonly reactions: readonly Reaction[],
  ) {}

  async list(): Promise<ReactionStatus[]> {
    const listed = this.reactions.map(async ({ name: consumer, topics }) => {
      return Promise.all(
        partitionsOf(this.log, topics).map(async ({ topic, partition }): Promise<ReactionStatus> => {
          const { position, begin } = await this.find(consumer, topic, partition);
          const { start, end } = await this.log.bounds(topic, partition);
          const next = position?.next ?? begin;
          const lag = Math.max(0, end - (next ?? start));
          return { consumer, topic, partition, next: next ?? null, lag, parkedKeys: position?.parked.size ?? 0 };
        }),
      );
    });
    return (await Promise.all(listed)).flat();
  }

  async begin(consumer: string, at: 'start' | 'end'): Promise<void> {
    const reaction = this.reactions.find(({ name }) => name === consumer);
    if (reaction === undefined) throw new UnknownReaction(`no process or publication is called ${consumer}`);
    let begun = 0;
    for (const { topic, partition } of partitionsOf(this.log, reaction.topics)) {
      const { position } = await this.find(consumer, topic, partition);
      if (position !== undefined) continue;
      const { state } = topicsOf(sourceOf(topic));
      const next = (await this.log.bounds(topic, partition))[at];
      await this.log.append([encodeBegin(state, partition, consumer, next)]);
      begun++;
    }
    if (begun === 0) throw new ReactionHasBegun(`${consumer} goes on from where it is, in every partition`);
  }

  private find(consumer: string, topic: string, partition: number): Promise<FoundPosition> {
    return findPosition({ log: this.log, topic: topicsOf(sourceOf(topic)).state, partition, consumer });
  }
}
