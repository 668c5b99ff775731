import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../../test/support/eventually';
import { readToEnd } from '../contract/contract-tools.contract';
import { WriterFenced, type LogRecord, type NewRecord, type Participant } from '../log.port';
import { EmbeddedLog } from './embedded-log';

const PLACE = ['p', 'commands', 0] as const;
const command = (value: string): NewRecord => ({ topic: 'commands', partition: 0, key: 'k', value, headers: {} });
const values = async (log: EmbeddedLog, topic: string) => (await readToEnd(log, topic, 0)).map(({ value }) => value);

/** Writes one event per command, and notes what it was told. */
class Echo implements Participant {
  readonly taken: (string | null)[] = [];
  committedNext = 0;

  constructor(private readonly most = 500) {}

  decide(waiting: readonly LogRecord[]): ReturnType<Participant['decide']> {
    const records = waiting.slice(0, this.most);
    const next = (records.at(-1)?.offset ?? 0) + 1;
    return {
      next,
      records: records.map(({ value }) => ({ topic: 'events', partition: 0, key: 'k', value, headers: {} })),
      committed: () => {
        this.taken.push(...records.map(({ value }) => value));
        this.committedNext = next;
        return undefined;
      },
    };
  }
}

describe('A writer that takes part in the commits that append', () => {
  let directory: string;
  let log: EmbeddedLog;
  let leaving: AbortController;

  beforeEach(async () => {
    leaving = new AbortController();
    directory = await mkdtemp(join(tmpdir(), 'embedded-writer-'));
    log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await log.ensureTopics(['commands', 'events'].map((name) => ({ name, policy: 'keep' as const })));
  });

  afterEach(async () => {
    await log.close();
    await rm(directory, { recursive: true });
  });

  it('G2 writes what it decides and its offset with the very records that it consumes', async () => {
    const writer = await log.openWriter(...PLACE);
    const echo = new Echo();
    void writer.participate?.(0, echo, leaving.signal);
    await Promise.all(['a', 'b', 'c'].map((value) => log.append([command(value)])));
    expect(await values(log, 'events')).toEqual(['a', 'b', 'c']);
    expect(echo.taken).toEqual(['a', 'b', 'c']);
    expect((await log.openWriter(...PLACE)).committed).toBe(3);
  });

  it('is handed what was appended before it joined, and the rest of what it did not take', async () => {
    const writer = await log.openWriter(...PLACE);
    for (const value of ['a', 'b', 'c']) await log.append([command(value)]);
    const echo = new Echo(1);
    void writer.participate?.(0, echo, leaving.signal);
    await eventually(async () => expect(await values(log, 'events')).toEqual(['a', 'b', 'c']));
    expect(echo.committedNext).toBe(3);
  });

  it('G2 leaves neither record nor decision when the commit fails', async () => {
    const writer = await log.openWriter(...PLACE);
    const echo = new Echo();
    void writer.participate?.(0, echo, leaving.signal);
    const unwritable = {
      ...command('lost'),
      headers: Object.defineProperty({}, 'bad', { enumerable: true, get: refuse }),
    };
    await expect(log.append([unwritable])).rejects.toThrow('refused');
    expect(echo.taken).toEqual([]);
    await log.append([command('kept')]);
    expect(await values(log, 'commands')).toEqual(['kept']);
    expect(await values(log, 'events')).toEqual(['kept']);
  });

  it('G4 ends when another writer is opened, and takes no more', async () => {
    const early = await log.openWriter(...PLACE);
    const echo = new Echo();
    const ended = early.participate?.(0, echo, leaving.signal);
    await log.openWriter(...PLACE);
    await expect(ended).rejects.toThrow(WriterFenced);
    await log.append([command('a')]);
    expect(await values(log, 'events')).toEqual([]);
  });

  it('ends with the error of its participant, and the append stands', async () => {
    const writer = await log.openWriter(...PLACE);
    const faulty: Participant = {
      decide: () => {
        throw new Error('a fault of the participant');
      },
    };
    const ended = writer.participate?.(0, faulty, leaving.signal);
    ended?.catch(() => undefined);
    await log.append([command('a')]);
    await expect(ended).rejects.toThrow('a fault of the participant');
    expect(await values(log, 'commands')).toEqual(['a']);
  });

  it('ends when more waits for it than is in memory, and can go on when that was read', async () => {
    const writer = await log.openWriter(...PLACE);
    const echo = new Echo();
    const many = Array.from({ length: 2_000 }, (_, index) => String(index));
    const ended = writer.participate?.(0, echo, leaving.signal);
    await log.append(many.map(command));
    await ended;
    expect(echo.taken).toEqual(many.slice(0, 500));
    expect(writer.participate?.(500, echo, leaving.signal)).toBeUndefined();
    void writer.participate?.(1_500, echo, leaving.signal);
    await eventually(async () => expect(echo.taken).toEqual([...many.slice(0, 500), ...many.slice(1_500)]));
  });

  it('ends when asked, and what comes later is left for whoever reads', async () => {
    const writer = await log.openWriter(...PLACE);
    const ended = writer.participate?.(0, new Echo(), leaving.signal);
    await log.append([command('a')]);
    leaving.abort();
    await ended;
    await log.append([command('b')]);
    expect(await values(log, 'events')).toEqual(['a']);
  });
});

function refuse(): never {
  throw new Error('refused');
}
