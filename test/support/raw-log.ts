import { EmbeddedLog } from '../../src/platform/log/embedded/embedded-log';
import { topicsOf } from '../../src/platform/log/envelope';
import { readRange } from '../../src/platform/log/read-range';
import { KafkaLog } from '../../src/platform/log/kafka/kafka-log';
import type { Log, LogRecord, TopicSpec } from '../../src/platform/log/log.port';
import type { AppProcess } from './app-process.ts';
import type { AppSite } from './app-site.ts';
import { groupBy, type Effect } from './effects.ts';
import { member } from './ledger-of-attempts.ts';

const { commands, events, state } = topicsOf('calculator');

/** The calculator's topics as a process makes them. */
export const calculatorTopics: readonly TopicSpec[] = [
  { name: commands, policy: 'keep' },
  { name: events, policy: 'keep' },
  { name: state, policy: 'compact' },
];

/** All records of the calculator's commands and events. */
export interface RawLog {
  readonly commands: readonly LogRecord[];
  readonly events: readonly LogRecord[];
}

/** Reads the log itself, past the API and the views. The processes on it must have ended. */
export async function readRawLog({ mode, settings }: AppSite, { dataDirectory }: AppProcess): Promise<RawLog> {
  const log = await openLog({ mode, settings }, dataDirectory);
  try {
    await log.ensureTopics(calculatorTopics);
    return { commands: await readTopic(log, commands), events: await readTopic(log, events) };
  } finally {
    await log.close();
  }
}

/** @throws Error when the sequence of a partition has a gap or a double */
export function effectsOf({ events: records }: RawLog): Effect[] {
  for (const [partition, ofPartition] of groupBy(records, (record) => record.partition)) {
    for (const [index, { headers, offset }] of ofPartition.entries()) {
      if (Number(headers['sequence']) === index + 1) continue;
      throw new Error(`${events}/${partition}@${offset} has the sequence ${headers['sequence']}, not ${index + 1}`);
    }
  }
  return records.map(({ key, headers, value }) => {
    const data: unknown = JSON.parse(value ?? 'null');
    return {
      valueId: key ?? '',
      version: Number(headers['version']),
      operation: headers['ce_type'] === 'ValueCreated' ? 'CREATE' : String(member(data, 'operation')),
      operand: Number(member(data, 'operand')),
      result: Number(member(data, 'result')),
    };
  });
}

/** Opens the log of a site for reading and writing past the product; no process may run on an embedded one. */
export function openLog({ mode, settings }: Pick<AppSite, 'mode' | 'settings'>, dataDirectory: string): Promise<Log> {
  return mode === 'embedded' ? openEmbedded(dataDirectory) : openKafka(settings);
}

function openEmbedded(directory: string): Promise<Log> {
  return EmbeddedLog.open({ directory, partitions: 4, partitionsExplicit: false });
}

function openKafka({ KAFKA_BROKERS: brokers = '', KAFKA_TOPIC_PREFIX: topicPrefix = '' }: AppSite['settings']) {
  const silent = (): void => undefined;
  return KafkaLog.open({
    brokers: brokers.split(','),
    clientId: 'raw-log',
    topicPrefix,
    ssl: null,
    sasl: null,
    replicationFactor: null,
    partitions: 4,
    partitionsExplicit: false,
    logger: { info: silent, warn: silent, error: silent },
  });
}

async function readTopic(log: Log, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let partition = 0; partition < log.partitions(topic); partition++) {
    const { start, end } = await log.bounds(topic, partition);
    for await (const batch of readRange(log, topic, partition, start, end)) records.push(...batch);
  }
  return records;
}
