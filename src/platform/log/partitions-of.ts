import type { Log } from './log.port';

/** Every partition of these topics, topic by topic. */
export function partitionsOf(
  log: Pick<Log, 'partitions'>,
  topics: readonly string[],
): { readonly topic: string; readonly partition: number }[] {
  return topics.flatMap((topic) =>
    Array.from({ length: log.partitions(topic) }, (_, partition) => ({ topic, partition })),
  );
}
