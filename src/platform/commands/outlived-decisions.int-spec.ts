import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { eventually } from '../../../test/support/eventually';
import { CreateValueCommand } from '../../modules/calculator/domain/value.commands';
import { value } from '../../modules/calculator/domain/value.decider';
import { readToEnd } from '../log/contract/contract-tools.contract';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { encodeCommand } from '../log/envelope';
import type { Log, NewRecord } from '../log/log.port';
import type { Reply } from './decision';
import { PartitionProcessor } from './partition-processor';
import { StateStore } from './state-store';

const TOPICS = ['calculator.commands', 'calculator.events', 'calculator.state', 'calculator.commands.dead-letters'];
const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
/** Long ago: log time is what the records say. */
const START = 1_700_000_000_000;
const aggregates = new Map(value.commands.map(({ type }) => [type, value]));

/** A log with the processor of its only partition, which is stopped and started as the test likes. */
class Partition {
  readonly replies: Reply[] = [];
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private sent = 0;

  private constructor(
    private readonly directory: string,
    readonly log: Log,
    private store: StateStore,
  ) {}

  static async open(directory: string): Promise<Partition> {
    const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await log.ensureTopics([...TOPICS, 'replies'].map((name) => ({ name, policy: 'keep' as const })));
    const partition = new Partition(directory, log, await StateStore.open(directory, log.id));
    partition.start();
    return partition;
  }

  /** Commands under keys, received at a log time; resolves when they are decided. */
  async send(keys: readonly string[], receivedAt: number, fingerprint = 'f'): Promise<Reply[]> {
    const before = this.replies.length;
    await this.log.append(keys.map((key) => this.command(key, receivedAt, fingerprint)));
    await eventually(() => expect(this.replies).toHaveLength(before + keys.length));
    return this.replies.slice(before);
  }

  async restart(meanwhile: () => void, appended: readonly NewRecord[] = []): Promise<void> {
    await this.stop();
    await this.log.append(appended);
    meanwhile();
    this.store = await StateStore.open(this.directory, this.log.id);
    this.start();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.log.close();
  }

  /** Decisions that a fold of the changelog holds. */
  async decisions(): Promise<string[]> {
    const last = new Map(
      (await readToEnd(this.log, 'calculator.state', 0)).map((record) => [record.key, record.value]),
    );
    return [...last].flatMap(([key, json]) => (key?.startsWith('command/') && json !== null ? [key.slice(8)] : []));
  }

  private start(): void {
    this.stopping = new AbortController();
    const context = { log: this.log, store: this.store, module: 'calculator', aggregates };
    const onReply = (reply: Reply): void => void this.replies.push(reply);
    this.running = PartitionProcessor.run({ ...context, onReply }, 0, this.stopping.signal);
  }

  private async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.store.close();
  }

  private command(commandId: string, receivedAt: number, fingerprint: string): NewRecord {
    const metadata = { commandId, identity: 'anonymous', receivedAt, fingerprint, correlationId: `c-${++this.sent}` };
    const command = new CreateValueCommand(`value-of-${commandId}`, { value: 1 }, metadata);
    return encodeCommand('calculator.commands', 0, command, { replyTo: 'me' });
  }
}

const keys = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

describe('Decisions that have outlived 24 hours of log time', () => {
  let directory: string;
  let partition: Partition;

  /** What `state.db` holds on disk. */
  function stored(): string[] {
    const file = new Database(join(directory, 'state.db'), { readonly: true });
    const rows = file.prepare<[], { key: string }>(`select key from entries where key like 'command/%'`).all();
    file.close();
    return rows.map(({ key }) => key.slice(8));
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'outlived-'));
    partition = await Partition.open(directory);
  });

  afterEach(async () => {
    await partition.close();
    await rm(directory, { recursive: true });
  });

  it('leave the changelog and the file, a few with each batch, and the younger ones stay', async () => {
    await partition.send(keys(20, 'old'), START);
    await partition.send(['young'], START + HOUR_MS);
    await eventually(() => expect(stored()).toHaveLength(21));
    await partition.send(['first'], START + DAY_MS);
    expect(await partition.decisions()).toHaveLength(20 + 2 - 2);
    await partition.send(keys(9, 'next'), START + DAY_MS + 1);
    expect((await partition.decisions()).sort()).toEqual(['first', ...keys(9, 'next'), 'young'].sort());
    await eventually(() => expect(stored().sort()).toEqual(['first', ...keys(9, 'next'), 'young'].sort()));
  });

  it.each([
    ['with the file', () => undefined],
    ['without it', () => rmSync(join(directory, 'state.db'))],
  ])('are found after a restart or by the next owner, %s', async (_name, meanwhile) => {
    await partition.send(keys(6, 'old'), START);
    await partition.restart(meanwhile);
    await partition.send(keys(3, 'new'), START + DAY_MS);
    expect(await partition.decisions()).toEqual(keys(3, 'new'));
    await partition.restart(meanwhile);
    expect(await partition.send(['new-0'], START + DAY_MS)).toMatchObject([{ kind: 'replay' }]);
    expect(await partition.send(['old-0'], START + DAY_MS)).toMatchObject([{ kind: 'first' }]);
  });

  it('answer for their key to the last millisecond, by log time and not by when a tombstone was written (G5, G10)', async () => {
    await partition.send(['a', 'b'], START);
    expect(await partition.send(['a'], START + DAY_MS - 1)).toMatchObject([{ kind: 'replay' }]);
    expect(await partition.send(['a', 'b'], START + DAY_MS)).toMatchObject([{ kind: 'first' }, { kind: 'first' }]);
    expect(await partition.send(['a', 'b'], START + DAY_MS)).toMatchObject([{ kind: 'replay' }, { kind: 'replay' }]);
    await partition.restart(() => undefined);
    const renewed = await partition.send(['a', 'b'], START + 3 * DAY_MS);
    expect(renewed).toMatchObject([{ kind: 'first' }, { kind: 'first' }]);
    expect((await partition.decisions()).sort()).toEqual(['a', 'b']);
  });

  it('have the time of their record when they were stored before decisions had one', async () => {
    const undated = { decision: { status: 'accepted', version: 1, reply: null }, sequence: 0, fingerprint: 'f' };
    const key = 'command/undated';
    const record = { topic: 'calculator.state', partition: 0, key, value: JSON.stringify(undated), headers: {} };
    await partition.restart(() => rmSync(join(directory, 'state.db')), [{ ...record, timestamp: START }]);
    expect(await partition.send(['undated'], START + DAY_MS - 1)).toMatchObject([{ kind: 'replay' }]);
    await partition.send(['other'], START + 2 * DAY_MS);
    expect(await partition.decisions()).toEqual(['other']);
  });

  it('are kept for 24 hours after a clock that went ahead was set right', async () => {
    await partition.send(['ahead'], START + DAY_MS);
    await partition.restart(() => undefined);
    await partition.send(['after'], START);
    expect(await partition.send(['after'], START + DAY_MS)).toMatchObject([{ kind: 'replay' }]);
    expect(await partition.send(['after'], START + 2 * DAY_MS)).toMatchObject([{ kind: 'first' }]);
  });
});
