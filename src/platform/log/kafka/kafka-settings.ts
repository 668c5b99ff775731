import type { ConnectionOptions } from 'node:tls';

/** Where the adapter tells what it sees; any structured logger fits. */
export interface KafkaLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface KafkaSasl {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What a process says about its Kafka. All times in milliseconds. */
export interface KafkaLogOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Goes before every topic, group and transactional id; may be empty. */
  readonly topicPrefix: string;
  /** TLS options, or `null` for plain text. */
  readonly ssl: ConnectionOptions | null;
  readonly sasl: KafkaSasl | null;
  /** Of topics made; `null`: the broker's default. From 3 on, min.insync.replicas of at least 2 is set and checked. */
  readonly replicationFactor: number | null;
  /** Partitions of topics made without a count of their own. */
  readonly partitions: number;
  /** The operator has set `partitions`, so existing topics must have as many. */
  readonly partitionsExplicit: boolean;
  /** After so long without a heartbeat the group hands a member's partitions to others. */
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** One request to one broker. */
  readonly requestTimeoutMs?: number;
  readonly connectionTimeoutMs?: number;
  /** All attempts of one append together. */
  readonly appendTimeoutMs?: number;
  /** After so long the broker ends a transaction by itself. */
  readonly transactionTimeoutMs?: number;
  /** How long a start waits for a broker. */
  readonly startTimeoutMs?: number;
  /** After so long without a first group membership, or with a transaction that the broker refuses again and again, the log has failed for good. */
  readonly joinTimeoutMs?: number;
  /** How often the topics are looked at for what an operator may have done to them. */
  readonly topicCheckIntervalMs?: number;
  /** File in which the ids of this process's group members outlive a kill; see `MemberMemory`. */
  readonly membersFile?: string | null;
  /** Of the log: `make` it where there is none (the default), `require` one and make no topic, or `ignore` it, to fill a new log. */
  readonly logId?: 'make' | 'require' | 'ignore';
  readonly logger: KafkaLogger;
}

export type KafkaSettings = Required<KafkaLogOptions>;

/** kafkajs' own defaults (30 s, 60 s, 5 s) stall a take-over and hold back every reader. */
export function withDefaults(options: KafkaLogOptions): KafkaSettings {
  const { sessionTimeoutMs = 8_000 } = options;
  return {
    ...options,
    sessionTimeoutMs,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 10_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? Math.min(1_000, sessionTimeoutMs / 4),
    requestTimeoutMs: options.requestTimeoutMs ?? 1_500,
    connectionTimeoutMs: options.connectionTimeoutMs ?? 3_000,
    appendTimeoutMs: options.appendTimeoutMs ?? 10_000,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 10_000,
    startTimeoutMs: options.startTimeoutMs ?? 15_000,
    joinTimeoutMs: options.joinTimeoutMs ?? 60_000,
    topicCheckIntervalMs: options.topicCheckIntervalMs ?? 5_000,
    membersFile: options.membersFile ?? null,
    logId: options.logId ?? 'make',
  };
}
