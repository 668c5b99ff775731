import { randomUUID } from 'node:crypto';
import { describeLogContract, type LogUnderTest } from '../log.contract';
import type { Log } from '../log.port';
import { KafkaLog } from './kafka-log';
import { testOptions } from './testing/test-options';

describeLogContract('on Kafka', async (): Promise<LogUnderTest> => {
  const topicPrefix = `t-${randomUUID()}.`;
  const opened: Log[] = [];
  return {
    members: 'many',
    open: async () => {
      const log = await KafkaLog.open(testOptions({ topicPrefix }));
      opened.push(log);
      return log;
    },
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()));
    },
  };
});
