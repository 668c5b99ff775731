import { randomUUID } from 'node:crypto';
import { KafkaLog } from '../../log/kafka/kafka-log';
import type { KafkaLogOptions } from '../../log/kafka/kafka-settings';
import { testOptions } from '../../log/kafka/testing/test-options';
import type { Log } from '../../log/log.port';
import { PARTITIONS, type LogSite } from './reaction-world';

/** A log of its own on the broker of the test run; every `open` is one more process on it. */
export function kafkaSite(
  options: Partial<KafkaLogOptions> = {},
): () => Promise<LogSite & { readonly topicPrefix: string }> {
  return async () => {
    const { topicPrefix = `r-${randomUUID()}.` } = options;
    const opened = new Set<Log>();
    return {
      topicPrefix,
      open: async () => {
        const log = await KafkaLog.open(testOptions({ partitions: PARTITIONS, ...options, topicPrefix }));
        opened.add(log);
        return log;
      },
      leave: async (log) => {
        opened.delete(log);
        await log.close();
      },
      drop: async () => {
        await Promise.all(Array.from(opened, (log) => log.close()));
      },
    };
  };
}
