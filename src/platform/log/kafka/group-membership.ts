import type { Broker } from 'kafkajs/src/cluster';
import type { GroupOptions, Membership } from '../log.port';
import { asError } from '../../as-error';
import { BrokerLink, noteOnce, within } from './broker-link';
import { isCoordinatorAway, isMissingRight, messageOf, refusalOf } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import type { MemberMemory } from './member-memory';
import { OwnedPartitions } from './owned-partitions';
import {
  ASSIGNER_NAME,
  assign,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type TopicPartition,
} from './partition-assigner';

const BACK_OFF_MS_MAX = 1_000;

/** Owners that do not settle are not waited for longer. */
const SETTLE_MS_MAX = 10_000;

/** Answers by which the group says that this member holds nothing any more. */
const LOST: readonly string[] = ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'];

/** Refusals that no repeat heals. */
const HOPELESS: readonly string[] = [
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
  'GROUP_MAX_SIZE_REACHED',
];

/** What a membership needs of the log around it. */
export interface GroupSurroundings {
  readonly settings: KafkaSettings;
  readonly members: MemberMemory;
  /** The connection that carries the heartbeats of all groups; a discarded one is replaced. */
  readonly link: () => BrokerLink;
  readonly partitionsOf: (topic: string) => number;
  readonly onFailure: (error: Error) => void;
  /** Before any partition is owned. */
  readonly onStarted: (membership: GroupMembership) => void;
  readonly onLeft: () => void;
}

/**
 * One member of a consumer group: joins, takes what the group's leader hands out, and proves every second that it lives. It
 * reads nothing and commits nothing.
 *
 * kafkajs' consumer is not used: it does not tell the generation, without which a member that silently lost its session cannot
 * know whether somebody else owned its partitions in between.
 */
export class GroupMembership implements Membership {
  private readonly partitions: OwnedPartitions;
  private memberId = '';
  private generation = -1;
  private alive = true;
  private hasJoined = false;
  private lastContact = Date.now();
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private joining: BrokerLink | undefined;

  private constructor(
    private readonly options: GroupOptions,
    private readonly around: GroupSurroundings,
  ) {
    this.partitions = new OwnedPartitions(
      options.own,
      (partition) => this.confirms(partition),
      (error) => this.around.onFailure(error),
      around.settings.logger,
    );
  }

  /** Resolves when the group has been joined, with no partitions too. @throws Error when that cannot be, or not in time */
  static async join(options: GroupOptions, around: GroupSurroundings): Promise<GroupMembership> {
    const membership = new GroupMembership(options, around);
    around.onStarted(membership);
    await new Promise<void>((resolve, reject) => {
      membership.loop = membership.run(resolve, reject);
    });
    return membership;
  }

  get owned(): readonly TopicPartition[] {
    return this.partitions.held;
  }

  /** Topics that the group reads. */
  get topics(): readonly string[] {
    return this.options.topics;
  }

  /** Asks the group whether this member still owns a partition. @throws Error when the group cannot be asked */
  async confirms(partition: TopicPartition): Promise<boolean> {
    if (!this.alive || !this.partitions.holds(partition)) return false;
    const { generation } = this;
    const answer = await this.heartbeat();
    return !LOST.includes(answer ?? '') && this.partitions.holds(partition) && generation === this.generation;
  }

  async leave(): Promise<void> {
    if (!this.alive) return this.loop;
    this.alive = false;
    this.stopping.abort();
    this.joining?.close();
    this.partitions.releaseAll();
    await within(SETTLE_MS_MAX, 'settling', this.partitions.settled()).catch((error: unknown) =>
      this.around.settings.logger.warn(`${this.groupId}: ${messageOf(error)}`),
    );
    await this.loop;
    if (this.memberId !== '') await this.sayGoodbye(undefined, this.memberId);
    this.around.members.forget(this.groupId);
    this.around.onLeft();
  }

  private get groupId(): string {
    return this.around.settings.topicPrefix + this.options.group;
  }

  /** Who has never joined gives up after a while; a member waits for its broker, however long it is away. */
  private get isTooLate(): boolean {
    return !this.hasJoined && Date.now() - this.lastContact > this.around.settings.joinTimeoutMs;
  }

  private async run(onJoined: () => void, onRefused: (error: Error) => void): Promise<void> {
    for (let failures = 0; this.alive;) {
      try {
        this.partitions.assign(await this.joinAndSync());
        this.hasJoined = true;
        onJoined();
        failures = 0;
        await this.beatUntilRebalance();
      } catch (error) {
        if (!this.alive) break;
        const refusal = refusalOf(error);
        if (refusal === 'REBALANCE_IN_PROGRESS') continue;
        if (LOST.includes(refusal ?? '')) this.forget(refusal === 'ILLEGAL_GENERATION');
        const hopeless = isMissingRight(refusal) || HOPELESS.includes(refusal ?? '');
        if (hopeless || this.isTooLate) {
          const reason = new Error(`group ${this.groupId}: ${messageOf(error)}`);
          this.alive = false;
          this.partitions.releaseAll();
          this.around.onLeft();
          onRefused(reason);
          this.around.onFailure(reason);
          return;
        }
        failures++;
        if (failures === 3) this.around.settings.logger.warn(`group ${this.groupId}: ${messageOf(error)}`);
        await this.pause(Math.min(BACK_OFF_MS_MAX, 20 * 2 ** Math.min(failures, 6)));
      }
    }
    onRefused(new Error(`group ${this.groupId} was left before it was joined`));
  }

  /** One round of the group's protocol, on its own connection: the answers may take as long as a rebalance. */
  private async joinAndSync(): Promise<TopicPartition[]> {
    const { settings } = this.around;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = settings;
    const link = new BrokerLink(settings, this.prefixedTopics(), rebalanceTimeoutMs + sessionTimeoutMs);
    this.joining = link;
    try {
      const coordinator = await link.groupCoordinator(this.groupId);
      const predecessor = this.around.members.takePredecessor(this.groupId);
      if (predecessor !== undefined && predecessor !== this.memberId) await this.sayGoodbye(coordinator, predecessor);
      const claim = { generation: this.generation, owned: this.partitions.held };
      const joined = await coordinator.joinGroup({
        groupId: this.groupId,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: rebalanceTimeoutMs,
        memberId: this.memberId,
        groupProtocols: [{ name: ASSIGNER_NAME, metadata: encodeSubscription(this.prefixedTopics(), claim) }],
      });
      const missed = joined.memberId !== this.memberId || joined.generationId !== this.generation + 1;
      this.memberId = joined.memberId;
      this.around.members.remember(this.groupId, joined.memberId);
      const isLeader = joined.leaderId === joined.memberId;
      const { memberAssignment } = await coordinator.syncGroup({
        groupId: this.groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: isLeader ? this.handOut(joined.members) : [],
      });
      // A generation that this member missed may have given its partitions to another: all are owned afresh.
      if (missed) this.partitions.releaseAll();
      this.generation = joined.generationId;
      this.lastContact = Date.now();
      const { topicPrefix } = settings;
      return decodeAssignment(memberAssignment).map(({ topic, partition }) => ({
        topic: topic.slice(topicPrefix.length),
        partition,
      }));
    } finally {
      link.close();
      this.joining = undefined;
    }
  }

  private handOut(
    members: readonly { memberId: string; memberMetadata: Buffer }[],
  ): { memberId: string; memberAssignment: Buffer }[] {
    const all = this.options.topics.flatMap((topic) =>
      Array.from({ length: this.around.partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
    );
    const claiming = members.map(({ memberId, memberMetadata }) => ({
      memberId,
      claim: decodeSubscription(memberMetadata).claim,
    }));
    return [...assign(claiming, all)].map(([memberId, share]) => ({
      memberId,
      memberAssignment: encodeAssignment(
        share.map(({ topic, partition }) => ({ topic: this.around.settings.topicPrefix + topic, partition })),
      ),
    }));
  }

  private async beatUntilRebalance(): Promise<void> {
    const { heartbeatIntervalMs, joinTimeoutMs, sessionTimeoutMs } = this.around.settings;
    while (this.alive) {
      await this.pause(heartbeatIntervalMs);
      if (!this.alive) return;
      try {
        const answer = await this.heartbeat();
        if (answer === 'REBALANCE_IN_PROGRESS') return;
        if (LOST.includes(answer ?? '')) return this.forget(answer === 'ILLEGAL_GENERATION');
      } catch (error) {
        const silentMs = Date.now() - this.lastContact;
        if (silentMs > joinTimeoutMs) throw error;
        if (silentMs > sessionTimeoutMs) noteOnce(this.around.settings, `group ${this.groupId}: ${messageOf(error)}`);
      }
    }
  }

  /** The group's answer, if it is one about this member; undefined when all is well. @throws Error when it cannot be asked */
  private async heartbeat(): Promise<string | undefined> {
    const link = this.around.link();
    const { requestTimeoutMs, connectionTimeoutMs } = this.around.settings;
    const { memberId, generation } = this;
    try {
      const beat = link
        .groupCoordinator(this.groupId)
        .then((coordinator) =>
          coordinator.heartbeat({ groupId: this.groupId, groupGenerationId: generation, memberId }),
        );
      await within(requestTimeoutMs + connectionTimeoutMs, 'a heartbeat', beat);
      this.lastContact = Date.now();
      return undefined;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined && !isCoordinatorAway(refusal)) return refusal;
      if (refusal === undefined) link.discard(asError(error));
      else link.forgetCoordinators();
      throw error;
    }
  }

  /** The group has gone on without this member. */
  private forget(memberIsKnown: boolean): void {
    this.partitions.releaseAll();
    if (!memberIsKnown) this.memberId = '';
    this.generation = -1;
  }

  /** Takes a member out of the group: this one, or a dead process that was here before. */
  private async sayGoodbye(known: Broker | undefined, memberId: string): Promise<void> {
    try {
      const coordinator = known ?? (await this.around.link().groupCoordinator(this.groupId));
      const { requestTimeoutMs } = this.around.settings;
      await within(requestTimeoutMs, 'leaving', coordinator.leaveGroup({ groupId: this.groupId, memberId }));
    } catch (error) {
      this.around.settings.logger.info(
        `${this.groupId}: a former member had to be left to the session timeout, ${messageOf(error)}`,
      );
    }
  }

  /** With prefix, because the broker forgets the offsets of topics that a live group has not subscribed to. */
  private prefixedTopics(): string[] {
    return this.options.topics.map((topic) => this.around.settings.topicPrefix + topic);
  }

  private pause(ms: number): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (signal.aborted) done();
      else signal.addEventListener('abort', done);
    });
  }
}
