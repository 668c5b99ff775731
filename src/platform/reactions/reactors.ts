import { setTimeout as sleep } from 'node:timers/promises';
import { topicsOf } from '../log/envelope';
import { LogUnavailable, OutcomeUnknown, type Log, type Membership, type OwnedPartition } from '../log/log.port';
import { partitionsOf } from '../log/partitions-of';
import { PartitionReactor, type HoldCode, type ReactedBatch, type ReactorContext } from './partition-reactor';
import type { Reaction } from './reaction';
import { encodeBegin } from './reaction-position';
import type { ReactionRequests } from './reaction-requests';

const TAKE_ANEW_MS = 200;

/** A partition that stands still. */
export interface ReactionHold {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly code: HoldCode;
  readonly message: string;
}

/** Events of one owned partition that a consumer has not taken yet. */
export interface ReactionLag {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  /** Offsets; on Kafka it counts transaction markers too. */
  readonly behind: number;
}

/** Whom the reactors tell. */
export interface ReactorListener {
  readonly reacted: (batch: ReactedBatch) => void;
  readonly fenced: (consumer: string) => void;
  /** For the log of the process. */
  readonly trouble: (message: string, error: unknown) => void;
}

/** The module whose events topic this is. */
export function sourceOf(eventsTopic: string): string {
  return eventsTopic.slice(0, eventsTopic.lastIndexOf('.'));
}

/**
 * Notes that consumers of events that were never written begin with the first one. To be called before anything decides: later nobody could
 * tell a consumer that is new over old events from one that has lost its place.
 */
export async function noteBeginnings(log: Log, reactions: readonly Reaction[]): Promise<void> {
  const topics = [...new Set(reactions.flatMap((reaction) => reaction.topics))];
  for (const { topic, partition } of partitionsOf(log, topics)) {
    const { end } = await log.bounds(topic, partition);
    if (end > 0) continue;
    const consumers = reactions.filter((reaction) => reaction.topics.includes(topic));
    const { state } = topicsOf(sourceOf(topic));
    await log.append(consumers.map(({ name }) => encodeBegin(state, partition, name, 0)));
  }
}

/** The processes and publications of this process, each consumer in a group of its own. */
export class Reactors {
  private readonly memberships: Membership[] = [];
  private readonly running = new Map<Reaction, Set<PartitionReactor>>();
  private readonly held = new Map<string, ReactionHold>();

  constructor(
    private readonly log: Log,
    private readonly reactions: readonly Reaction[],
    private readonly requests: ReactionRequests,
    private readonly listener: ReactorListener,
    private readonly erase?: ReactorContext['erase'],
  ) {}

  /** Resolves when every group has been joined. */
  async start(): Promise<void> {
    await Promise.all(this.reactions.map((reaction) => this.join(reaction)));
  }

  /** Whether every group has been joined, with zero partitions too. */
  get hasJoined(): boolean {
    return this.memberships.length === this.reactions.length;
  }

  /** What stands still, now. */
  holds(): ReactionHold[] {
    return [...this.held.values()];
  }

  /** Of the partitions that this process owns. @throws what `log.bounds` throws */
  async lag(): Promise<ReactionLag[]> {
    const owned = [...this.running].flatMap(([{ name }, reactors]) =>
      [...reactors].map(({ place }) => ({ consumer: name, ...place })),
    );
    return Promise.all(
      owned.map(async ({ consumer, topic, partition, next }) => {
        const { end } = await this.log.bounds(topic, partition);
        return { consumer, topic, partition, behind: Math.max(0, end - next) };
      }),
    );
  }

  /** Leaves the groups after the transactions under way. */
  async close(): Promise<void> {
    await Promise.all(this.memberships.map((membership) => membership.leave()));
  }

  private async join(reaction: Reaction): Promise<void> {
    this.running.set(reaction, new Set());
    const { name: group, topics } = reaction;
    this.memberships.push(await this.log.join({ group, topics, own: (owned) => this.own(reaction, owned) }));
  }

  private async own(reaction: Reaction, { topic, partition, signal }: OwnedPartition): Promise<void> {
    const { log, requests, erase, listener } = this;
    const place = `${reaction.name} ${topic}/${partition}`;
    const onHold = (code?: HoldCode, error?: Error): void => {
      if (code === undefined || error === undefined) {
        this.held.delete(place);
        return;
      }
      if (this.held.get(place)?.code !== code) listener.trouble(`${place} stands still: ${code}`, error);
      this.held.set(place, { consumer: reaction.name, topic, partition, code, message: error.message });
    };
    const context = {
      log,
      reaction,
      source: sourceOf(topic),
      requests,
      erase,
      onHold,
      onBatch: listener.reacted,
      onFenced: () => listener.fenced(reaction.name),
      onTrouble: listener.trouble,
    };
    try {
      while (await this.runOnce(context, partition, signal));
    } finally {
      this.held.delete(place);
    }
  }

  /** @returns whether it is to be taken anew: the log was away, or the fate of the last transaction is unknown, and is then read */
  private async runOnce(
    context: Parameters<typeof PartitionReactor.run>[0],
    partition: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await PartitionReactor.run(context, partition, signal, this.running.get(context.reaction));
      return false;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown) && !(error instanceof LogUnavailable)) throw error;
      context.onTrouble(`${context.reaction.name}: partition ${partition} is taken anew`, error);
      await sleep(TAKE_ANEW_MS, undefined, { signal }).catch(() => undefined);
      return !signal.aborted;
    }
  }
}
