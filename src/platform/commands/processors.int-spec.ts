import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Aggregate } from '../../kernel/decider';
import { event, eventContract } from '../../kernel/event-contract';
import { CreateValueCommand, UpdateValueCommand } from '../../modules/calculator/domain/value.commands';
import { value } from '../../modules/calculator/domain/value.decider';
import type { Feature } from '../feature';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { readRange } from '../log/read-range';
import { LogUnavailable, type Log, type LogRecord } from '../log/log.port';
import { UnknownDeadLetter } from '../operations/operations.port';
import { topicSpecs } from '../platform.topics';
import { eventually } from '../views/testing/reading-side';
import { CommandGateway, type CommandOutcome } from './command-gateway';
import { ParkedCommands } from './parked-commands';
import { PendingReplies } from './pending-replies';
import { Processors } from './processors';
import { StateStore } from './state-store';

const untold = { committed: () => undefined, fenced: () => undefined };
const unmeasured = { appended: () => undefined, appendFailed: () => undefined };

/** As a release before version 2 of ValueCreated knew it. */
const olderEvents = eventContract('calculator', {
  ValueCreated: event(z.strictObject({ value: z.number() }), { value: 2 }),
});

/** A process that decides commands, and what operators can do to its dead letters. */
class Deciding {
  private constructor(
    readonly log: EmbeddedLog,
    readonly processors: Processors,
    readonly deadLetters: ParkedCommands,
    private readonly replies: PendingReplies,
    private readonly store: StateStore,
  ) {}

  /** @param seenBy how the processors see the log */
  static async open(
    directory: string,
    aggregates: readonly Aggregate[],
    seenBy = (log: EmbeddedLog): Log => log,
  ): Promise<Deciding> {
    const features: Feature[] = [{ name: 'calculator', aggregates, views: [], rejections: [] }];
    const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await log.ensureTopics(topicSpecs(features));
    const store = await StateStore.open(directory, log.id);
    const replies = new PendingReplies();
    const onReply = replies.settle.bind(replies);
    const processors = new Processors(seenBy(log), features, { store, onReply }, untold);
    await processors.start();
    return new Deciding(log, processors, new ParkedCommands(log, ['calculator']), replies, store);
  }

  send(command: CreateValueCommand | UpdateValueCommand): Promise<CommandOutcome> {
    return new CommandGateway(this.log, this.replies, 'me', Buffer.from('secret'), unmeasured).send(value, command);
  }

  async read(topic: string): Promise<LogRecord[]> {
    const { end } = await this.log.bounds(topic, 0);
    const found: LogRecord[] = [];
    for await (const records of readRange(this.log, topic, 0, 0, end)) found.push(...records);
    return found;
  }

  async close(): Promise<void> {
    await this.processors.close();
    this.replies.close();
    await this.store.close();
    await this.log.close();
  }
}

function metadata(waitMs = 10_000) {
  const ids = { commandId: randomUUID(), correlationId: randomUUID() };
  return { ...ids, identity: 'anonymous', receivedAt: Date.now(), sender: { waitMs } };
}

describe('The processors of a process', () => {
  let directory: string;
  let running: Deciding | undefined;
  const id = randomUUID();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'processors-'));
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function restartedWith(...aggregates: Aggregate[]): Promise<Deciding> {
    await running?.close();
    running = await Deciding.open(directory, aggregates);
    return running;
  }

  const create = (waitMs?: number) => new CreateValueCommand(id, { value: 2 }, metadata(waitMs));
  const add = (waitMs?: number) => new UpdateValueCommand(id, { operation: 'ADD', value: 3 }, metadata(waitMs));
  const onlyCreating: Aggregate = {
    ...value,
    commands: value.commands.filter(({ type }) => type === 'CreateValueCommand'),
  };

  it('wait for the upgrade where only a newer process can fold the events, and decide nothing until then', async () => {
    await (await restartedWith(value)).send(create());
    const older = await restartedWith({ ...value, stateVersion: 2, events: olderEvents });
    await eventually(
      () => older.processors.failures(),
      (failures) => failures.some((failure) => failure.startsWith('NEWER_SCHEMA calculator.commands/0: ValueCreated')),
    );
    expect(await older.send(add(300))).toMatchObject({ status: 'pending' });
    expect(await older.read('calculator.events')).toHaveLength(1);

    const newer = await restartedWith({ ...value, stateVersion: 2 });
    await eventually(
      () => newer.read('calculator.events'),
      ({ length }) => length === 2,
    );
    expect(newer.processors.failures()).toEqual([]);
    expect(await newer.send(add())).toMatchObject({
      decision: { status: 'accepted', version: 3, reply: { value: 8 } },
    });
  });

  it('take a partition anew whose log goes away while its state is restored, and the process goes on', async () => {
    await (await restartedWith(value)).send(create());
    await running?.close();
    let isAway = true;
    const failures: Error[] = [];
    running = await Deciding.open(directory, [{ ...value, stateVersion: 2 }], (log) => {
      log.onFailure((error) => failures.push(error));
      return new Proxy(log, {
        get(target, property) {
          if (property === 'bounds' && isAway) return () => Promise.reject(new LogUnavailable('no broker answers'));
          const member: unknown = Reflect.get(target, property, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    });
    const { processors } = running;
    await eventually(
      () => processors.failures(),
      (told) => told.includes('LOG_UNAVAILABLE calculator.commands/0: no broker answers'),
    );

    isAway = false;
    expect(await running.send(add())).toMatchObject({ decision: { status: 'accepted', reply: { value: 5 } } });
    expect(processors.failures()).toEqual([]);
    expect(failures).toEqual([]);
  });

  it('G9 G2: take a command that is retried once, however often its retry reaches the log', async () => {
    const older = await restartedWith(onlyCreating);
    await older.send(create());
    expect(await older.send(add())).toMatchObject({ decision: { status: 'parked' } });
    const [letter] = await older.deadLetters.list();
    expect(letter).toMatchObject({ consumer: 'calculator.processor', key: id, behind: 0 });
    expect(await older.deadLetters.count()).toEqual({ 'calculator.processor': 1 });

    const newer = await restartedWith(value);
    await newer.deadLetters.retry(letter?.id ?? '');
    // As if the process had died before it could note the retry, and an operator had asked again.
    const again = (await newer.read('calculator.commands')).at(-1);
    await newer.log.append([again as LogRecord]);
    expect(await newer.send(add())).toMatchObject({
      decision: { status: 'accepted', version: 3, reply: { value: 8 } },
    });
    expect(await newer.deadLetters.list()).toEqual([]);
    expect(await (await restartedWith(value)).deadLetters.list()).toEqual([]);
  });

  it('park a command again that still cannot be decided, as another dead letter', async () => {
    const older = await restartedWith(onlyCreating);
    await older.send(create());
    await older.send(add());
    const [letter] = await older.deadLetters.list();
    await older.deadLetters.retry(letter?.id ?? '');
    const [next] = await eventually(
      () => older.deadLetters.list(),
      ({ length }) => length === 1,
    );
    expect(next?.id).not.toBe(letter?.id);
    expect(await older.deadLetters.show(next?.id ?? '')).toMatchObject({ value: '{"operation":"ADD","value":3}' });
    await older.deadLetters.drop(next?.id ?? '');
    expect(await older.deadLetters.list()).toEqual([]);
    await expect(older.deadLetters.drop(next?.id ?? '')).rejects.toBeInstanceOf(UnknownDeadLetter);
    expect(await older.send(create())).toMatchObject({ decision: { status: 'rejected', code: 'VALUE_EXISTS' } });
  });
});
