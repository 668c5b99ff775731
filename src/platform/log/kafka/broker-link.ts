import './harden-kafkajs';
import Cluster, { type Broker, type ProtocolRequest } from 'kafkajs/src/cluster';
import { createLogger } from 'kafkajs/src/loggers';
import type { KafkaSettings } from './kafka-settings';
import { SocketSet } from './socket-set';

const READ_COMMITTED = 1;
const METADATA_MAX_AGE_MS = 300_000;
const WARN_LEVEL = 2;
const GROUP_COORDINATOR = 0;
const TRANSACTION_COORDINATOR = 1;

/**
 * kafkajs connections to one cluster for one purpose, used until the first error that leaves an outcome unknown and then
 * discarded as a whole. kafkajs itself repeats nothing here: what to repeat is decided by those who know what it means.
 */
export class BrokerLink {
  private readonly sockets = new SocketSet();
  private readonly cluster: Cluster;
  private readonly coordinators = new Map<string, number>();
  private connecting: Promise<void> | undefined;
  private isDiscarded = false;

  /**
   * @param topics whose leaders it must know; without any, {@link any} alone may be called
   * @param requestTimeoutMs of one request; default as in the settings
   */
  constructor(
    settings: KafkaSettings,
    private readonly topics: readonly string[],
    requestTimeoutMs: number = settings.requestTimeoutMs,
  ) {
    this.cluster = new Cluster({
      logger: createLogger({
        level: WARN_LEVEL,
        logCreator: () => (entry) => {
          // A broker's refusal reaches the caller, who knows whether it is worth a line.
          const isAnswer = entry.log.message.startsWith('Response ');
          if (!isAnswer && !this.isDiscarded) noteOnce(settings, `kafkajs ${entry.namespace}: ${entry.log.message}`);
        },
      }),
      socketFactory: this.sockets.open,
      brokers: rotated(settings.brokers),
      ssl: settings.ssl,
      // A copy, because kafkajs keeps what it made of the password in the object.
      sasl: settings.sasl === null ? null : { ...settings.sasl },
      clientId: settings.clientId,
      connectionTimeout: settings.connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      enforceRequestTimeout: true,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: { retries: 0 },
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: READ_COMMITTED,
    });
  }

  get discarded(): boolean {
    return this.isDiscarded;
  }

  /** Connects and loads metadata, once. @throws Error when no broker of the list answers */
  async connect(): Promise<void> {
    this.connecting ??= this.cluster.connect().then(() => this.cluster.addMultipleTargetTopics(this.topics));
    await this.connecting;
  }

  /** Any broker, without asking about topics. */
  async any(): Promise<Broker> {
    await this.cluster.connect();
    return this.cluster.brokerPool.findConnectedBroker();
  }

  /** Node that leads a partition, by the metadata known; -1 when none does. */
  async leaderOf(topic: string, partition: number): Promise<number> {
    await this.connect();
    await this.ask([topic]);
    await this.cluster.refreshMetadataIfNecessary();
    const place = this.cluster.findTopicPartitionMetadata(topic).find((each) => each.partitionId === partition);
    return place?.leader ?? -1;
  }

  async broker(nodeId: number): Promise<Broker> {
    return this.cluster.findBroker({ nodeId });
  }

  async leader(topic: string, partition: number): Promise<Broker> {
    return this.broker(await this.leaderOf(topic, partition));
  }

  /** Sorts what goes to partitions by their leaders. */
  async byLeader<Thing extends { readonly topic: string; readonly partition: number }>(
    things: readonly Thing[],
  ): Promise<(readonly [Broker, Thing[]])[]> {
    await this.connect();
    // All topics in one question: each holds up every other one until it is answered.
    await this.ask([...new Set(things.map(({ topic }) => topic))]);
    const led = things.map(async (thing) => ({ thing, leader: await this.leader(thing.topic, thing.partition) }));
    const groups = Map.groupBy(await Promise.all(led), ({ leader }) => leader);
    return Array.from(groups, ([leader, ofLeader]) => [leader, ofLeader.map(({ thing }) => thing)] as const);
  }

  groupCoordinator(group: string): Promise<Broker> {
    return this.coordinator(group, GROUP_COORDINATOR);
  }

  transactionCoordinator(transactionalId: string): Promise<Broker> {
    return this.coordinator(transactionalId, TRANSACTION_COORDINATOR);
  }

  /** Forgets leaders, so that the next call asks again. */
  async refresh(): Promise<void> {
    this.coordinators.clear();
    await this.connect();
    await this.cluster.refreshMetadata();
  }

  /** Forgets coordinators that have moved. */
  forgetCoordinators(): void {
    this.coordinators.clear();
  }

  discard(reason: Error): void {
    this.isDiscarded = true;
    this.sockets.discard(reason);
  }

  close(): void {
    this.discard(new Error('closed'));
  }

  /** Asks for the leaders of topics that it knows nothing of. */
  private async ask(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => this.cluster.findTopicPartitionMetadata(topic).length === 0);
    if (unknown.length > 0) await this.cluster.addMultipleTargetTopics(unknown);
  }

  private async coordinator(id: string, coordinatorType: number): Promise<Broker> {
    await this.connect();
    const key = `${coordinatorType} ${id}`;
    const known = this.coordinators.get(key);
    if (known !== undefined) return this.broker(known);
    // Not by the cluster's own search, which hides why a broker refuses.
    const asked = await this.any();
    const { coordinator } = await asked.findGroupCoordinator({ groupId: id, coordinatorType });
    this.coordinators.set(key, coordinator.nodeId);
    return this.broker(coordinator.nodeId);
  }
}

/** Sends a request of our own making over a broker's connection. */
export async function exchange<Answer>(broker: Broker, request: ProtocolRequest): Promise<Answer> {
  const connection = await broker.connectionPool.getConnection(0);
  return (await connection.send(request)) as Answer;
}

/** Rejects with a plain error when `work` takes longer. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took over ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

let nextBroker = 0;

/** kafkajs asks the first of the list first: each link starts at another one. */
function rotated(brokers: readonly string[]): string[] {
  const start = nextBroker++ % brokers.length;
  return [...brokers.slice(start), ...brokers.slice(0, start)];
}

const QUIET_MS = 10_000;
const noted = new Map<string, number>();

/** A lost connection shows itself many times; one line in ten seconds says the same. */
export function noteOnce(settings: KafkaSettings, message: string): void {
  const now = Date.now();
  const last = noted.get(message);
  if (last !== undefined && now - last < QUIET_MS) return;
  if (noted.size > 200) noted.clear();
  noted.set(message, now);
  settings.logger.warn(message);
}
