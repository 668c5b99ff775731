import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { CreateValueCommand, UpdateValueCommand } from '../../modules/calculator/domain/value.commands';
import type { Aggregate } from '../../kernel/decider';
import { value } from '../../modules/calculator/domain/value.decider';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { DiskFull, type Log, type LogRecord, type NewRecord, type PartitionWriter } from '../log/log.port';
import { CommandGateway, type CommandOutcome } from './command-gateway';
import { PartitionProcessor } from './partition-processor';
import { PendingReplies } from './pending-replies';
import { StateStore } from './state-store';

const TOPICS = [
  'calculator.commands',
  'calculator.events',
  'calculator.state',
  'calculator.commands.dead-letters',
  'replies',
];
const aggregatesWith = (changed: Partial<Aggregate> = {}) =>
  new Map(value.commands.map(({ type }) => [type, { ...value, ...changed }]));

/** One process: a log, a state store, a gateway and the processor of the only partition. */
class Side {
  readonly replies = new PendingReplies();
  readonly failures: Error[] = [];
  private readonly gateway: CommandGateway;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    readonly log: Log,
    private readonly store: StateStore,
  ) {
    this.gateway = new CommandGateway(log, this.replies, 'me', Buffer.from('secret'));
  }

  static async open(
    directory: string,
    wrap: (log: Log) => Log = (log) => log,
    aggregates = aggregatesWith(),
  ): Promise<Side> {
    const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await log.ensureTopics(TOPICS.map((name) => ({ name, policy: 'keep' as const })));
    const side = new Side(wrap(log), await StateStore.open(directory, log.id));
    const context = { log: side.log, store: side.store, module: 'calculator', aggregates };
    side.running = PartitionProcessor.run(
      { ...context, onReply: (reply) => side.replies.settle(reply) },
      0,
      side.stopping.signal,
    ).catch((error: unknown) => void side.failures.push(error as Error));
    return side;
  }

  send(command: CreateValueCommand | UpdateValueCommand): Promise<CommandOutcome> {
    return this.gateway.send(value, command);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.replies.close();
    await this.store.close();
    await this.log.close();
  }

  async read(topic: string): Promise<LogRecord[]> {
    const { end } = await this.log.bounds(topic, 0);
    const records: LogRecord[] = [];
    if (end === 0) return records;
    for await (const batch of this.log.follow(topic, 0, 0, new AbortController().signal)) {
      records.push(...batch.records);
      if (batch.next >= end) break;
    }
    return records;
  }
}

function metadata(more: object = {}) {
  const ids = { commandId: randomUUID(), correlationId: randomUUID() };
  return { ...ids, identity: 'anonymous', receivedAt: Date.now(), sender: { waitMs: 10_000 }, ...more };
}
const create = (id: string, more?: object) => new CreateValueCommand(id, { value: 1 }, metadata(more));
const add = (id: string, more?: object) => new UpdateValueCommand(id, { operation: 'ADD', value: 1 }, metadata(more));

describe('The processor of a partition', () => {
  let directory: string;
  const opened: Side[] = [];
  const open = async (wrap?: (log: Log) => Log, aggregates?: Map<string, Aggregate>): Promise<Side> => {
    const side = await Side.open(directory, wrap, aggregates);
    opened.push(side);
    return side;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'processor-'));
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((side) => side.close()));
    await rm(directory, { recursive: true });
  });

  it.each([
    ['with its state', () => undefined],
    ['without state.db, which is only a cache', () => rmSync(join(directory, 'state.db'))],
    ['after the machine went down with state.db open', () => forgeBoot(join(directory, 'state.db'))],
    ['with a damaged state.db', () => writeFileSync(join(directory, 'state.db'), 'x'.repeat(9_000))],
  ])('goes on after a restart, %s (G2, G10)', async (_name, meanwhile) => {
    const id = randomUUID();
    const first = await open();
    await first.send(create(id));
    const twin = metadata({ sender: { waitMs: 10_000, idempotencyKey: 'twin', content: 'PUT' } });
    await first.send(new UpdateValueCommand(id, { operation: 'ADD', value: 1 }, twin));
    await opened.pop()?.close();
    meanwhile();
    const second = await open();
    const again = await second.send(
      new UpdateValueCommand(id, { operation: 'ADD', value: 1 }, { ...twin, correlationId: randomUUID() }),
    );
    expect(again).toMatchObject({ status: 'decided', replayed: true, decision: { version: 2, reply: { value: 2 } } });
    const next = await second.send(add(id));
    expect(next).toMatchObject({ decision: { version: 3, reply: { value: 3 } }, position: { sequence: 3 } });
    const events = await second.read('calculator.events');
    expect(events.map(({ headers }) => headers['sequence'])).toEqual(['1', '2', '3']);
  });

  it('folds the events anew when the state has changed its shape (G10)', async () => {
    const id = randomUUID();
    const first = await open();
    await first.send(create(id));
    await first.send(add(id));
    await opened.pop()?.close();
    const { decider } = value;
    const wrapped: Partial<Aggregate> = {
      stateVersion: 2,
      decider: {
        initialState: { now: null },
        decide: (command, state) => decider.decide(command, Reflect.get(Object(state), 'now')),
        evolve: (state, event) => ({ now: decider.evolve(Reflect.get(Object(state), 'now'), event) }),
      },
      reply: (state) => state,
    };
    const second = await open(undefined, aggregatesWith(wrapped));
    expect(await second.send(add(id))).toMatchObject({ decision: { version: 3, reply: { now: { value: 3 } } } });
    await opened.pop()?.close();
    const third = await open(undefined, aggregatesWith(wrapped));
    expect(await third.send(add(id))).toMatchObject({ decision: { version: 4, reply: { now: { value: 4 } } } });
  });

  it('decides what was appended while it was away', async () => {
    const id = randomUUID();
    const first = await open();
    await first.send(create(id));
    await opened.pop()?.close();
    const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    const gateway = new CommandGateway(log, new PendingReplies(), 'me', Buffer.from('secret'));
    await gateway.send(value, add(id, { sender: { waitMs: 0 } }));
    await log.close();
    const second = await open();
    expect(await second.send(add(id))).toMatchObject({ decision: { version: 3 } });
  });

  it('decides a crowd that is larger than the part of the log in memory, each command once (G2)', async () => {
    const side = await open();
    const id = randomUUID();
    await side.send(create(id));
    const crowd: NewRecord[] = [];
    const collecting: Log = Object.assign(Object.create(side.log), {
      append: async (records: readonly NewRecord[]) => void crowd.push(...records),
    });
    const gateway = new CommandGateway(collecting, new PendingReplies(), 'me', Buffer.from('secret'));
    for (let index = 0; index < 3_000; index++) await gateway.send(value, add(id, { sender: { waitMs: 0 } }));
    await side.log.append(crowd);
    expect(await side.send(add(id))).toMatchObject({ decision: { version: 3_002, reply: { value: 3_002 } } });
  });

  it('waits out a full disk with the batch in memory, and decides it once (G2)', async () => {
    let refusals = 3;
    const full = (log: Log): Log =>
      withWriter(log, (writer) => ({
        ...writer,
        commit: async (...batch) => {
          if (refusals-- > 0) throw new DiskFull('no space');
          await writer.commit(...batch);
        },
      }));
    const side = await open(full);
    expect(await side.send(create(randomUUID()))).toMatchObject({ decision: { status: 'accepted' } });
    expect(refusals).toBeLessThan(0);
    expect(await side.read('calculator.events')).toHaveLength(1);
  });

  it('stops when another owner has taken over, and changes nothing (G4)', async () => {
    const side = await open();
    const id = randomUUID();
    await side.send(create(id));
    await side.log.openWriter('calculator.processor', 'calculator.commands', 0);
    expect(await side.send(add(id, { sender: { waitMs: 300 } }))).toMatchObject({ status: 'pending' });
    expect(await side.read('calculator.events')).toHaveLength(1);
    expect(side.failures).toHaveLength(0);
  });

  it('refuses a partition that has events but no position: it could decide commands twice', async () => {
    const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await log.ensureTopics(TOPICS.map((name) => ({ name, policy: 'keep' as const })));
    await log.append([{ topic: 'calculator.events', partition: 0, key: 'k', value: '{}', headers: { sequence: '1' } }]);
    await log.close();
    const side = await open();
    expect(await side.send(create(randomUUID(), { sender: { waitMs: 300 } }))).toMatchObject({ status: 'pending' });
    expect(side.failures[0]?.message).toContain('POSITION_LOST');
  });

  describe('ends, with nothing written, when an invariant is broken:', () => {
    type Forged = (real: LogRecord) => NewRecord;
    const event =
      (sequence: number, version: number): Forged =>
      ({ offset: _offset, headers, ...real }) => {
        return { ...real, headers: { ...headers, sequence: `${sequence}`, version: `${version}` } };
      };

    async function endsAfter(forged: Forged, aggregates?: Map<string, Aggregate>): Promise<string> {
      const first = await open();
      await first.send(create('v'));
      const [real] = await first.read('calculator.events');
      if (real === undefined) throw new Error('nothing was written');
      await first.log.append([forged(real)]);
      await opened.pop()?.close();
      const second = await open(undefined, aggregates);
      const before = await second.read('calculator.events');
      expect(await second.send(add('v', { sender: { waitMs: 300 } }))).toMatchObject({ status: 'pending' });
      expect(await second.read('calculator.events')).toEqual(before);
      const [failure] = second.failures;
      expect(failure?.name).toBe('InvariantBroken');
      return failure?.message ?? '';
    }

    it('events that the changelog does not know', async () => {
      expect(await endsAfter(event(2, 2))).toContain('ends with sequence 2, but calculator.state holds 1');
    });

    it('a state that is ahead of its partition', async () => {
      const state = { aggregate: 'value', stateVersion: value.stateVersion, version: 9, sequence: 9, state: {} };
      const record = { topic: 'calculator.state', partition: 0, key: 'v', value: JSON.stringify(state), headers: {} };
      expect(await endsAfter(() => record)).toContain('v has sequence 9, its partition only 1');
    });

    it.each([
      ['a gap of sequences', event(3, 2), 'has sequence 3 instead of 2'],
      ['a gap of versions', event(2, 3), 'has version 3 of v, after 1'],
    ])('%s, met when the events are folded anew', async (_what, forged, told) => {
      expect(await endsAfter(forged, aggregatesWith({ stateVersion: 2 }))).toContain(told);
    });
  });

  it('answers every one of many senders with its own decision, in order per value (G3)', async () => {
    const side = await open();
    const ids = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(ids.map((id) => side.send(create(id))));
    const outcomes = await Promise.all(
      ids.flatMap((id) => Array.from({ length: 20 }, () => side.send(add(id)).then((outcome) => ({ id, outcome })))),
    );
    for (const id of ids) {
      const versions = outcomes
        .filter((one) => one.id === id)
        .map(({ outcome }) =>
          outcome.status === 'decided' && 'version' in outcome.decision ? outcome.decision.version : 0,
        );
      expect(versions).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    }
  });
});

/** As if the file had been open, with states that never reached the disk, when the machine went down. */
function forgeBoot(path: string): void {
  const database = new Database(path);
  database.exec(`update owner set boot = 'another'; delete from entries`);
  database.close();
}

/** The log with another way to commit. */
function withWriter(log: Log, change: (writer: PartitionWriter) => PartitionWriter): Log {
  return new Proxy(log, {
    get(target, property) {
      if (property === 'openWriter') {
        return async (...place: Parameters<Log['openWriter']>) => change(await target.openWriter(...place));
      }
      const member: unknown = Reflect.get(target, property);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
