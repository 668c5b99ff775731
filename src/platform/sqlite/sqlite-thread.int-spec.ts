import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { eventually } from '../../../test/support/eventually';
import { SqliteThread } from './sqlite-thread';

describe('A SQLite thread', () => {
  let directory: string;
  const deaths: Error[] = [];
  let stop: () => void;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sqlite-thread-'));
    deaths.splice(0);
    stop = SqliteThread.onDeath((error) => deaths.push(error));
  });

  afterEach(async () => {
    stop();
    await rm(directory, { recursive: true });
  });

  it('tells of its death, once, and answers everything with it from then on', async () => {
    const thread = await SqliteThread.open({ path: join(directory, 'x.db'), synchronous: 'OFF' });
    // A query under way would have to end first: nothing interrupts SQLite. So it is asked of a thread that is already ending.
    const ended = workerOf(thread).terminate();
    const waiting = expect(thread.query('select 1')).rejects.toThrow('the SQLite thread has ended');
    await ended;
    await waiting;
    await expect(thread.query('select 1')).rejects.toThrow('the SQLite thread has ended');
    await eventually(() => expect(deaths).toHaveLength(1));
    await thread.close();
    expect(deaths).toHaveLength(1);
  });

  it('is not mourned when it was closed', async () => {
    const thread = await SqliteThread.open({ path: join(directory, 'x.db'), synchronous: 'OFF' });
    await thread.close();
    expect(deaths).toEqual([]);
  });
});

function workerOf(thread: SqliteThread): Worker {
  const worker: unknown = Reflect.get(Object(Reflect.get(thread, 'worker')), 'worker');
  if (worker instanceof Worker) return worker;
  throw new Error('the thread has no worker');
}
