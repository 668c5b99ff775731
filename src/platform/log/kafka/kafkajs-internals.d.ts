/**
 * The inner parts of kafkajs that this adapter drives directly. They are no public interface, so `harden-kafkajs.ts`
 * refuses versions that were not checked.
 */
declare module 'kafkajs/src/cluster' {
  import type { Socket } from 'node:net';
  import type { ConnectionOptions } from 'node:tls';
  import type { SASLOptions } from 'kafkajs';
  import type { KafkaJsLogger } from 'kafkajs/src/loggers';

  export interface ProtocolRequest {
    readonly request: {
      readonly apiKey: number;
      readonly apiVersion: number;
      readonly apiName: string;
      readonly encode: () => Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
    };
    readonly response: {
      readonly decode: (payload: Buffer) => { readonly clientSideThrottleTime: number };
      readonly parse: (decoded: never) => unknown;
    };
    readonly requestTimeout?: number;
    readonly logResponseError?: boolean;
  }

  interface Connection {
    send(request: ProtocolRequest): Promise<unknown>;
  }

  export interface TransactionIds {
    readonly transactionalId: string;
    readonly producerId: string;
    readonly producerEpoch: number;
  }

  export interface Broker {
    readonly nodeId: number;
    readonly connectionPool: { getConnection(index: number): Promise<Connection> };
    isConnected(): boolean;
    disconnect(): Promise<void>;
    apiVersions(): Promise<unknown>;
    findGroupCoordinator(target: {
      groupId: string;
      coordinatorType: number;
    }): Promise<{ coordinator: { nodeId: number } }>;
    createTopics(request: {
      topics: readonly {
        topic: string;
        numPartitions: number;
        replicationFactor: number;
        configEntries: readonly { name: string; value: string }[];
      }[];
      timeout: number;
    }): Promise<unknown>;
    describeConfigs(request: {
      resources: readonly { type: number; name: string; configNames: readonly string[] }[];
    }): Promise<{
      resources: {
        errorCode: number;
        resourceName: string;
        configEntries: { configName: string; configValue: string | null }[];
      }[];
    }>;
    listOffsets(request: {
      replicaId: number;
      isolationLevel: number;
      topics: readonly { topic: string; partitions: readonly { partition: number; timestamp: number }[] }[];
    }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
    initProducerId(request: {
      transactionalId: string | null;
      transactionTimeout: number;
    }): Promise<{ producerId: string; producerEpoch: number }>;
    addPartitionsToTxn(
      request: TransactionIds & { topics: readonly { topic: string; partitions: readonly number[] }[] },
    ): Promise<unknown>;
    addOffsetsToTxn(request: TransactionIds & { groupId: string }): Promise<unknown>;
    txnOffsetCommit(
      request: TransactionIds & {
        groupId: string;
        topics: readonly {
          topic: string;
          partitions: readonly { partition: number; offset: string; metadata: string | null }[];
        }[];
      },
    ): Promise<unknown>;
    endTxn(request: TransactionIds & { transactionResult: boolean }): Promise<unknown>;
    offsetFetch(request: {
      groupId: string;
      topics: readonly { topic: string; partitions: readonly { partition: number }[] }[];
    }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
    joinGroup(request: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      groupProtocols: readonly { name: string; metadata: Buffer }[];
    }): Promise<{
      generationId: number;
      leaderId: string;
      memberId: string;
      members: { memberId: string; memberMetadata: Buffer }[];
    }>;
    syncGroup(request: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
    }): Promise<{ memberAssignment: Buffer }>;
    heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
    leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  }

  export interface ClusterOptions {
    readonly logger: KafkaJsLogger;
    readonly socketFactory: (target: {
      host: string;
      port: number;
      ssl: ConnectionOptions | null;
      onConnect: () => void;
    }) => Socket;
    readonly brokers: readonly string[];
    readonly ssl: ConnectionOptions | null;
    readonly sasl: SASLOptions | null;
    readonly clientId: string;
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly enforceRequestTimeout: boolean;
    readonly metadataMaxAge: number;
    readonly retry: { readonly retries: number };
    readonly allowAutoTopicCreation: boolean;
    readonly maxInFlightRequests: number | null;
    readonly isolationLevel: number;
  }

  class Cluster {
    constructor(options: ClusterOptions);
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
    findBroker(target: { nodeId: number }): Promise<Broker>;
    findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
    readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  }

  export default Cluster;
}

declare module 'kafkajs/src/loggers' {
  export type KafkaJsLogger = { readonly kafkaJsLogger: unique symbol };

  export function createLogger(options: {
    level: number;
    logCreator: () => (entry: {
      namespace: string;
      level: number;
      log: { message: string; [extra: string]: unknown };
    }) => void;
  }): KafkaJsLogger;
}

declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    throttledUntil: number;
    readonly pending: readonly unknown[];
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }

  export default RequestQueue;
}

declare module 'kafkajs/src/protocol/encoder' {
  class Encoder {
    constructor(initialSize?: number);
    readonly buf: Buffer;
    readonly buffer: Buffer;
    writeBuffer(bytes: Buffer): this;
  }

  export default Encoder;
}

declare module 'kafkajs/src/protocol/requests' {
  import type { ProtocolRequest } from 'kafkajs/src/cluster';

  interface Request<Options> {
    protocol(version: { version: number }): (options: Options) => ProtocolRequest;
  }

  export const requests: {
    readonly Metadata: Request<{ topics: readonly string[]; allowAutoTopicCreation: boolean }>;
    readonly Fetch: Request<{
      replicaId: number;
      maxWaitTime: number;
      minBytes: number;
      maxBytes: number;
      isolationLevel: number;
      topics: readonly {
        topic: string;
        partitions: readonly { partition: number; fetchOffset: number; maxBytes: number }[];
      }[];
    }>;
  };
}

declare module 'kafkajs/src/protocol/error' {
  export function createErrorFromCode(code: number): Error & { readonly type: string; readonly retriable: boolean };
}

declare module 'kafkajs/package.json' {
  export const version: string;
}
