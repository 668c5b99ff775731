import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../../scripts/process/repository.ts';
import { CalculatorModule } from '../../../modules/calculator/calculator.module';
import { loadSettings } from '../../config/load-settings';
import { kafkaPlan, planCommands } from './kafka-plan';

const features = [CalculatorModule.feature];
const settings = loadSettings({
  KAFKA_BROKERS: 'k:9092',
  DATABASE_URL: 'postgres://d',
  KAFKA_TOPIC_PREFIX: 'shop.',
  KAFKA_REPLICATION_FACTOR: '3',
  PARTITIONS: '6',
});

describe('The plan for a managed Kafka', () => {
  it('has every topic with prefix, partitions, policy and what keeps it safe', () => {
    const { topics } = kafkaPlan(features, settings);

    expect(topics.map(({ name, partitions }) => `${name} ${partitions}`)).toEqual([
      'shop.log 1',
      'shop.replies 6',
      'shop.replies.dead-letters 6',
      'shop.calculator.commands 6',
      'shop.calculator.events 6',
      'shop.calculator.state 6',
      'shop.calculator.commands.dead-letters 6',
      'shop.calculator.events.dead-letters 6',
    ]);
    expect(topics.find(({ name }) => name === 'shop.calculator.state')).toMatchObject({
      replicationFactor: 3,
      config: { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' },
    });
    expect(topics.find(({ name }) => name === 'shop.replies')?.config['retention.ms']).toBe('86400000');
  });

  it('has the topics and the groups that the guide tells of', () => {
    const guide = readFileSync(join(repositoryRoot(), 'docs/how-to/managed-kafka.md'), 'utf8');
    const { topics, rights } = kafkaPlan(features, loadSettings({}));

    for (const { name } of [...topics, ...rights]) expect(guide).toContain(`\`${name}\``);
  });

  it('has the groups of tasks', () => {
    const task = {
      name: 'calculator.simulator',
      role: 'simulator' as const,
      make: () => ({ run: async () => undefined }),
    };
    const { rights } = kafkaPlan([{ ...CalculatorModule.feature, tasks: [task] }], settings);

    expect(rights).toContainEqual({
      resource: 'group',
      name: 'shop.calculator.simulator',
      pattern: 'literal',
      operations: ['Describe', 'Read'],
    });
  });

  it('can be pasted into a shell', () => {
    const commands = planCommands(kafkaPlan(features, settings), "User:CN=o'hara");
    const events = commands.find(
      (command) => command.includes('--create') && command.includes('shop.calculator.events'),
    );

    expect(events).toBe(
      'kafka-topics.sh --bootstrap-server "$KAFKA_BROKERS" --command-config admin.properties --create --if-not-exists ' +
        '--topic shop.calculator.events --partitions 6 --replication-factor 3 ' +
        '--config cleanup.policy=delete --config retention.ms=-1 --config retention.bytes=-1 --config min.insync.replicas=2',
    );
    expect(commands.at(-1)).toBe(
      'kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --command-config admin.properties --add ' +
        `--allow-principal 'User:CN=o'\\''hara' --transactional-id shop.calculator.processor. ` +
        '--resource-pattern-type prefixed --operation Describe --operation Write',
    );
  });
});
