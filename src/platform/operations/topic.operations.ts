import { z } from 'zod';
import type { FoundTopic, Log, LogRecord } from '../log/log.port';
import { merged } from './merged';
import { operation, type Operation } from './operation';
import { OperationFailed } from './operation-failed';
import type { OperatorServices } from './operator-services';
import { readRange } from '../log/read-range';

const policy = z.union([z.enum(['keep', 'compact']), z.object({ deleteAfterMs: z.number() })]);

const recordShape = z.object({
  topic: z.string(),
  partition: z.number(),
  offset: z.number(),
  key: z.string().nullable(),
  value: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  timestamp: z.number(),
});

export const LIMIT_MAX = 100_000;

const place = {
  topic: z.string(),
  partition: z.int().min(0).optional(),
  key: z.string().optional(),
};

const showInput = z.object({
  ...place,
  /** First offset; default: the first there is. */
  from: z.int().min(0).optional(),
  /** Milliseconds since the epoch: only records of that time and later. */
  time: z.number().optional(),
  limit: z.int().min(1).max(LIMIT_MAX),
});

/** The log's id, and its topics as they are. */
export const listTopics = operation({
  name: 'topics.list',
  input: z.object({}),
  output: z.object({
    log: z.string(),
    kind: z.enum(['embedded', 'kafka']),
    topics: z.array(
      z.object({
        name: z.string(),
        partitions: z.array(z.object({ partition: z.number(), start: z.number(), end: z.number() })),
        policy,
      }),
    ),
  }),
  run: async ({ log, topics }) => {
    const found = await findTopics(log, topics);
    const listed = found.map(async ({ name, partitions, policy: kept }) => ({
      name,
      policy: kept,
      partitions: await Promise.all(
        Array.from({ length: partitions }, async (_, partition) => ({
          partition,
          ...(await log.bounds(name, partition)),
        })),
      ),
    }));
    const all = await Promise.all(listed);
    return { log: log.id, kind: log.kind, topics: all.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  },
});

/** Records that are there now: partition by partition, each in its order. */
export const showRecords: Operation<typeof showInput, typeof recordShape> = {
  name: 'topics.show',
  input: showInput,
  output: recordShape,
  changes: false,
  async *run(services, { topic, partition, from, time, key, limit }, signal) {
    let left = limit;
    for (const number of chosen(await topicOf(services, topic), partition)) {
      const { start, end } = await services.log.bounds(topic, number);
      for await (const records of readRange(services.log, topic, number, Math.max(start, from ?? start), end, signal)) {
        for (const record of records) {
          if (key !== undefined && record.key !== key) continue;
          if (time !== undefined && record.timestamp < time) continue;
          yield record;
          if (--left === 0) return;
        }
      }
    }
  },
};

const tailInput = z.object(place);

export type TailInput = z.output<typeof tailInput>;

/** Records as they arrive from now on, until the caller goes. */
export const tailRecords: Operation<typeof tailInput, typeof recordShape> = {
  name: 'topics.tail',
  input: tailInput,
  output: recordShape,
  changes: false,
  async *run(services, input, signal) {
    yield* await openTail(services, input, signal);
  },
};

/** As {@link tailRecords}, and resolves when every record that comes from then on will be read. @throws OperationFailed */
export async function openTail(
  services: OperatorServices,
  { topic, partition, key }: TailInput,
  signal: AbortSignal,
): Promise<AsyncGenerator<LogRecord>> {
  const partitions = chosen(await topicOf(services, topic), partition);
  const ends = await Promise.all(partitions.map(async (number) => services.log.bounds(topic, number)));
  return follow();

  async function* follow(): AsyncGenerator<LogRecord> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const followed = partitions.map((number, at) => services.log.follow(topic, number, ends[at]?.end ?? 0, either));
    try {
      for await (const { records } of merged(followed)) {
        yield* key === undefined ? records : records.filter((record) => record.key === key);
      }
    } finally {
      stop.abort();
    }
  }
}

const readInput = z.object({ topic: z.string(), partition: z.int().min(0), from: z.int().min(0), to: z.int().min(0) });

/** A stretch of one partition in batches, whole: for what reads much. */
export const readLog: Operation<typeof readInput, z.ZodArray<typeof recordShape>> = {
  name: 'log.read',
  input: readInput,
  output: z.array(recordShape),
  changes: false,
  async *run(services, { topic, partition, from, to }, signal) {
    chosen(await topicOf(services, topic), partition);
    for await (const records of readRange(services.log, topic, partition, from, to, signal)) yield [...records];
  },
};

/** To find them waits for the log as long as a start may: one that is away now is told of at once. */
async function findTopics(log: Log, names: readonly string[]): Promise<FoundTopic[]> {
  await log.ping();
  return log.find(names);
}

async function topicOf({ log, topics }: OperatorServices, name: string): Promise<FoundTopic> {
  const [topic] = topics.includes(name) ? await findTopics(log, [name]) : [];
  if (topic === undefined) throw new OperationFailed('NOT_FOUND', `there is no topic ${name}`);
  return topic;
}

function chosen({ name, partitions }: FoundTopic, partition: number | undefined): number[] {
  if (partition === undefined) return Array.from({ length: partitions }, (_, number) => number);
  if (partition >= partitions) throw new OperationFailed('NOT_FOUND', `${name} has no partition ${partition}`);
  return [partition];
}
