import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { CalculatorModule } from '../../modules/calculator/calculator.module';
import { CreateValueCommand } from '../../modules/calculator/domain/value.commands';
import { value } from '../../modules/calculator/domain/value.decider';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { deadLetterTopic } from '../log/dead-letter';
import { topicsOf } from '../log/envelope';
import { DiskFull, LogUnavailable, OutcomeUnknown } from '../log/log.port';
import { eventually } from '../views/testing/reading-side';
import { CommandTelemetry } from '../telemetry/command-telemetry';
import { MetricsService } from '../telemetry/metrics.service';
import { Traces } from '../telemetry/traces';
import { CommandGateway } from './command-gateway';
import { PendingReplies } from './pending-replies';
import { Processors } from './processors';
import { StateStore } from './state-store';

const { commands, events, state } = topicsOf('calculator');
const deadLetters = deadLetterTopic(commands);

describe('what the writing side tells of itself', () => {
  const metrics = new MetricsService();
  const replies = new PendingReplies();
  let directory: string;
  let log: EmbeddedLog;
  let store: StateStore;
  let processors: Processors | undefined;
  const telemetry = new CommandTelemetry(metrics, new Traces(), {
    modules: ['calculator'],
    waiting: () => replies.size,
    owned: () => processors?.owned ?? [],
    lag: async () => processors?.lag() ?? [],
  });
  const told = (line: string): Promise<unknown> =>
    eventually(
      () => metrics.text(),
      (text) => text.split('\n').includes(line),
    );
  /** Their state is restored once `restore` has resolved. */
  const startProcessors = async (restore: Promise<void>): Promise<void> => {
    const bounds: EmbeddedLog['bounds'] = async (topic, partition) => {
      if (topic === state) await restore;
      return log.bounds(topic, partition);
    };
    const restoring: EmbeddedLog = Object.create(log, { bounds: { value: bounds } });
    const parts = { store, onReply: replies.settle.bind(replies) };
    processors = new Processors(restoring, [CalculatorModule.feature], parts, telemetry);
    await processors.start();
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'telemetry-'));
    log = await EmbeddedLog.open({ directory, partitions: 2, partitionsExplicit: false });
    await log.ensureTopics([commands, events, state, deadLetters, 'replies'].map((name) => ({ name, policy: 'keep' })));
    store = await StateStore.open(directory, log.id);
  });

  afterAll(async () => {
    await processors?.close();
    replies.close();
    await store.close();
    await log.close();
    await rm(directory, { recursive: true });
  });

  it('counts from zero what alerts look at', async () => {
    await told('cqrs_command_append_failures_total{reason="outcome_unknown"} 0');
    await told('cqrs_commands_parked_total{module="calculator"} 0');
    await told('cqrs_processor_fenced_total{module="calculator"} 0');
  });

  it.each([
    ['outcome_unknown', new OutcomeUnknown('no answer')],
    ['log_unavailable', new LogUnavailable('no broker')],
    ['disk_full', new DiskFull('no space')],
  ])('counts appends that end with %s', async (reason, error) => {
    const failing: EmbeddedLog = Object.create(log, { append: { value: () => Promise.reject(error) } });
    const gateway = new CommandGateway(failing, replies, 'me', Buffer.from('secret'), telemetry);
    const metadata = { commandId: randomUUID(), identity: 'x', correlationId: randomUUID(), receivedAt: 0 };

    await expect(gateway.send(value, new CreateValueCommand(randomUUID(), { value: 1 }, metadata))).rejects.toThrow();
    await told(`cqrs_command_append_failures_total{reason="${reason}"} 1`);
    await told('cqrs_command_append_seconds_count 0');
  });

  it('shows commands that wait, also while their partition is being restored, and counts those that are parked', async () => {
    const poison = { topic: commands, key: 'a', value: 'no JSON', headers: {} };
    await log.append([0, 0, 1].map((partition) => ({ ...poison, partition })));
    await told('# TYPE cqrs_processor_behind_offsets gauge');
    expect(await metrics.text()).not.toContain('cqrs_processor_behind_offsets{');

    const restore = Promise.withResolvers<void>();
    await startProcessors(restore.promise);
    try {
      await told('cqrs_processor_behind_offsets{module="calculator",partition="0"} 2');
      await told('cqrs_processor_behind_offsets{module="calculator",partition="1"} 1');
    } finally {
      restore.resolve();
    }
    await told('cqrs_commands_parked_total{module="calculator"} 3');
    await told('cqrs_processor_behind_offsets{module="calculator",partition="0"} 0');
    await told('cqrs_processor_partitions{module="calculator"} 2');
  });

  it('counts a partition that another owner has taken over, and no longer tells how far it is', async () => {
    await log.openWriter('calculator.processor', commands, 0);
    await told('cqrs_processor_fenced_total{module="calculator"} 1');
    await told('cqrs_processor_partitions{module="calculator"} 1');
    expect(await metrics.text()).not.toContain('cqrs_processor_behind_offsets{module="calculator",partition="0"}');
  });
});
