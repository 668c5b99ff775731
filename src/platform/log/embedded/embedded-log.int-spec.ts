import { openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readToEnd } from '../contract/contract-tools.contract';
import { describeLogContract, type LogUnderTest } from '../log.contract';
import { DiskFull, LogSetupError, type Log, type TopicSpec } from '../log.port';
import { EmbeddedLog, type EmbeddedLogOptions } from './embedded-log';
import { EmbeddedStore } from './embedded-store';

const OPTIONS = { partitions: 4, partitionsExplicit: false };
const TOPIC: TopicSpec = { name: 'orders.events', partitions: 2, policy: 'keep' };

describeLogContract('embedded', async (): Promise<LogUnderTest> => {
  const directory = await mkdtemp(join(tmpdir(), 'embedded-log-'));
  const opened: Log[] = [];
  return {
    members: 'one',
    open: async () => {
      const log = await EmbeddedLog.open({ directory, ...OPTIONS });
      opened.push(log);
      return log;
    },
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()));
      await rm(directory, { recursive: true });
    },
  };
});

describe('the embedded log', () => {
  let directory: string;
  const opened: EmbeddedLog[] = [];

  async function open(options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
    const log = await EmbeddedLog.open({ directory, ...OPTIONS, ...options });
    opened.push(log);
    return log;
  }

  async function writeRecords(count: number): Promise<void> {
    const log = await open();
    await log.ensureTopics([TOPIC]);
    for (let n = 0; n < count; n++) {
      await log.append([
        { topic: TOPIC.name, partition: 0, key: 'k', value: JSON.stringify({ n, text: 'marker' }), headers: {} },
      ]);
    }
    await log.close();
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'embedded-log-'));
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()));
    await rm(directory, { recursive: true });
  });

  it('is opened by one at a time', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'LOG_IN_USE' });
  });

  it('keeps the partition count of an existing topic, and refuses another that is asked for', async () => {
    await writeRecords(1);
    const log = await open({ partitions: 8 });
    await log.ensureTopics([{ name: TOPIC.name, policy: 'keep' }]);
    expect(log.partitions(TOPIC.name)).toBe(2);
    await log.close();
    const explicit = await open({ partitions: 8, partitionsExplicit: true });
    await expect(explicit.ensureTopics([{ name: TOPIC.name, policy: 'keep' }])).rejects.toMatchObject({
      code: 'LOG_TOPIC_POLICY',
    });
  });

  it('refuses a file that is no log', async () => {
    writeFileSync(join(directory, 'log.db'), 'no database at all, but long enough to have a header'.repeat(100));
    await expect(open()).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('refuses to start on a damaged end, and never serves a damaged record', async () => {
    await writeRecords(40);
    damage('\\"n\\":39');
    await expect(open()).rejects.toThrow(LogSetupError);

    for (const file of ['log.db', 'log.mark']) rmSync(join(directory, file));
    await writeRecords(40);
    damage('\\"n\\":7,');
    const log = await open();
    await log.ensureTopics([TOPIC]);
    let failure: Error | undefined;
    log.onFailure((error) => (failure = error));
    const served: unknown[] = [];
    await expect(async () => {
      for await (const { records } of log.follow(TOPIC.name, 0, 0, new AbortController().signal)) {
        served.push(...records);
      }
    }).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    expect(served).toHaveLength(0);
    expect(failure).toMatchObject({ code: 'LOG_DAMAGED' });
  });

  it('refuses what finds no space, whole, goes on reading, and heals when there is space again (F7)', async () => {
    const log = await open();
    await log.ensureTopics([TOPIC]);
    const acknowledged: string[] = [];
    const write = async (from: number, count: number): Promise<number> => {
      let refused = 0;
      for (let n = from; n < from + count; n++) {
        const halves = ['a', 'b'].map((half) => ({
          topic: TOPIC.name,
          partition: 0,
          key: half,
          value: `${n}`.repeat(900),
        }));
        const told = await log
          .append(halves.map((half) => ({ ...half, headers: {} })))
          .catch((error: unknown) => error);
        if (told instanceof DiskFull) refused++;
        else expect(told).toBeUndefined();
        if (told === undefined) acknowledged.push(...halves.map(({ value }) => value));
      }
      return refused;
    };
    const read = async () => (await readToEnd(log, TOPIC.name, 0)).map(({ value }) => value);
    for (let cycle = 0; cycle < 3; cycle++) {
      await limitPages(log, 12 + 20 * cycle);
      expect(await write(cycle * 100, 40)).toBeGreaterThan(0);
      expect(await read()).toEqual(acknowledged);
      await limitPages(log, 2 ** 30);
      expect(await write(cycle * 100 + 50, 5)).toBe(0);
    }
    await log.close();
    const again = await open();
    expect((await readToEnd(again, TOPIC.name, 0)).map(({ value }) => value)).toEqual(acknowledged);
  });

  /** As a disk of so many pages: SQLite refuses with the same code. */
  async function limitPages(log: EmbeddedLog, pages: number): Promise<void> {
    const store: unknown = Reflect.get(log, 'store');
    if (!(store instanceof EmbeddedStore)) throw new Error('the log has no store');
    await store.query(`pragma max_page_count = ${pages}`, []);
  }

  /** Flips one bit of the record in which the text stands. */
  function damage(text: string): void {
    const path = join(directory, 'log.db');
    const at = readFileSync(path).indexOf(text);
    expect(at).toBeGreaterThan(0);
    const file = openSync(path, 'r+');
    writeSync(file, String.fromCharCode((text.codePointAt(text.length - 1) ?? 0) ^ 1), at + text.length - 1);
    closeSync(file);
  }
});
