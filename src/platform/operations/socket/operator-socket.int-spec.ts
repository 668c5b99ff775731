import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../../test/support/eventually.ts';
import type { LogBatch } from '../../log/log.port';
import { MemoryLog } from '../../log/testing/memory-log';
import { only } from '../operation';
import { OperationFailed } from '../operation-failed';
import { MemoryDeadLetters, MemoryViews } from '../testing/memory-operations';
import { listTopics, readLog, tailRecords } from '../topic.operations';
import { listViews, rebuildView } from '../view.operations';
import { dropDeadLetter } from '../dead-letter.operations';
import { OperatorClient } from './operator-client';
import { OperatorServer } from './operator-server';
import { socketAddress } from './socket-address';

const TOPIC = 'm.events';

describe('The operator socket', () => {
  let directory: string;
  let log: WatchedLog;
  let audited: string[];
  const servers: OperatorServer[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'operator-'));
    log = new WatchedLog();
    await log.ensureTopics([{ name: TOPIC, partitions: 2, policy: 'keep' }]);
    audited = [];
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await log.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function serve(): Promise<OperatorServer> {
    const services = {
      log,
      topics: [TOPIC],
      views: new MemoryViews(['m.view']),
      deadLetters: new MemoryDeadLetters([]),
    };
    const server = await OperatorServer.listen(directory, services, (operation, _input, failure) => {
      audited.push(failure === undefined ? operation : `${operation}: ${failure}`);
    });
    if (server === undefined) throw new Error('the path is too long');
    servers.push(server);
    return server;
  }

  async function client(): Promise<OperatorClient> {
    const found = await OperatorClient.connect(directory);
    if (found === undefined) throw new Error('nobody listens');
    return found;
  }

  const append = (...values: number[]) =>
    log.append(
      values.map((value) => ({ topic: TOPIC, partition: value % 2, key: 'k', value: `${value}`, headers: {} })),
    );

  it('answers what the process knows', async () => {
    await serve();
    await append(0, 1, 2);
    const operator = await client();

    expect(await only(operator.call(listViews, {}))).toEqual([
      { name: 'm.view', status: 'live', generation: 1, lag: 0 },
    ]);
    expect(await only(operator.call(listTopics, {}))).toMatchObject({ topics: [{ name: TOPIC }] });
  });

  it('is for the owner of the process alone', async () => {
    await serve();

    expect((await stat(join(directory, 'operator.sock'))).mode & 0o777).toBe(0o600);
  });

  it('takes the place of a socket that a killed process has left', async () => {
    await writeFile(join(directory, 'operator.sock'), '');
    expect(await OperatorClient.connect(directory)).toBeUndefined();

    await serve();

    expect(await OperatorClient.connect(directory)).toBeDefined();
  });

  it('is taken away when the process ends', async () => {
    const server = await serve();
    servers.pop();
    await server.close();

    expect(await OperatorClient.connect(directory)).toBeUndefined();
    await expect(stat(join(directory, 'operator.sock'))).rejects.toThrow('ENOENT');
  });

  it('passes on why something was not done, and keeps an audit line of every use that changes', async () => {
    await serve();
    const operator = await client();
    await only(operator.call(rebuildView, { view: 'm.view' }));

    await expect(only(operator.call(rebuildView, { view: 'm.view' }))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(only(operator.call(dropDeadLetter, { id: 'x' }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await only(operator.call(listViews, {}));
    expect(audited).toEqual([
      'views.rebuild',
      'views.rebuild: m.view is being rebuilt already',
      'dead-letters.drop: there is no dead letter x',
    ]);
  });

  it('streams records as they arrive, from every partition, until the client goes', async () => {
    await serve();
    const operator = await client();
    await append(0, 1);
    const enough = new AbortController();
    const seen: string[] = [];
    const tailing = (async () => {
      for await (const { value } of operator.call(tailRecords, { topic: TOPIC }, enough.signal)) seen.push(value ?? '');
    })();
    // A tail begins at the end that it finds, which nobody tells: what is appended before it is not in it.
    let next = 2;
    await eventually(async () => {
      await append(next++, next++);
      return seen.length > 0;
    });
    const first = Number(seen.toSorted((a, b) => Number(a) - Number(b))[0]);
    await eventually(() => expect(seen).toHaveLength(next - first));
    for (const parity of [0, 1]) {
      const ofPartition = seen.map(Number).filter((value) => value % 2 === parity);
      expect(ofPartition).toEqual(ofPartition.toSorted((a, b) => a - b));
    }
    expect(seen).not.toContain('0');

    enough.abort();
    await tailing;
    await eventually(() => expect(log.followers).toBe(0));
  });

  it('reads a long stretch of the log without gap or double, however slowly it is taken', async () => {
    await serve();
    await append(...Array.from({ length: 5_000 }, (_, number) => number * 2));
    const offsets: number[] = [];
    const operator = await client();
    for await (const records of operator.call(readLog, { topic: TOPIC, partition: 0, from: 10, to: 4_990 })) {
      offsets.push(...records.map(({ offset }) => offset));
      await new Promise((resolve) => setImmediate(resolve));
    }

    const { end } = await log.bounds(TOPIC, 0);
    expect(end).toBeGreaterThan(4_990);
    expect(offsets.every((offset, at) => offset >= 10 && offset < 4_990 && offset > (offsets[at - 1] ?? 0))).toBe(true);
    const all: number[] = [];
    for await (const records of operator.call(readLog, { topic: TOPIC, partition: 0, from: 0, to: end })) {
      all.push(...records.map(({ offset }) => offset));
    }
    expect(all).toHaveLength(5_000);
    expect(offsets).toEqual(all.filter((offset) => offset >= 10 && offset < 4_990));
  });

  it('tells a client that is under way that the process stops', async () => {
    const server = await serve();
    servers.pop();
    const operator = await client();
    const tailing = only(operator.call(tailRecords, { topic: TOPIC }));
    const outcome = expect(tailing).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await eventually(() => expect(log.followers).toBe(2));
    await server.close();

    await outcome;
  });

  it.each([
    ['another version', '{"version":2,"operation":"views.list","input":{}}\n', 'VERSION'],
    ['an operation that it does not know', '{"version":1,"operation":"views.burn","input":{}}\n', 'BAD_INPUT'],
    ['input of another shape', '{"version":1,"operation":"views.rebuild","input":{"view":7}}\n', 'BAD_INPUT'],
    ['what is no request', '[]\n', 'BAD_INPUT'],
    ['what is no JSON', 'hello\n', 'BAD_INPUT'],
    ['a request without end', 'x'.repeat(70_000), 'BAD_INPUT'],
  ])('refuses %s and goes on', async (_, text, code) => {
    await serve();
    const socket = await raw(directory);
    socket.write(text);

    expect(JSON.parse(await everything(socket))).toMatchObject({ error: { code } });
    expect(await only((await client()).call(listViews, {}))).toHaveLength(1);
  });

  it('is found on Linux where the path is longer than a socket address can be', async () => {
    const deep = join(directory, 'd'.repeat(90), 'e'.repeat(90));
    await mkdir(deep, { recursive: true });
    const services = {
      log,
      topics: [TOPIC],
      views: new MemoryViews(['m.view']),
      deadLetters: new MemoryDeadLetters([]),
    };
    const server = await OperatorServer.listen(deep, services, () => undefined);
    if (server !== undefined) servers.push(server);

    expect((await OperatorClient.connect(deep)) !== undefined).toBe(platform() === 'linux');
  });

  it('tells a failure of the process from one of the operation', async () => {
    await serve();
    const operator = await client();

    await expect(only(operator.call(tailRecords, { topic: 'other' }))).rejects.toThrow(OperationFailed);
  });
});

/** Tells how many read it now. */
class WatchedLog extends MemoryLog {
  followers = 0;

  override async *follow(...where: Parameters<MemoryLog['follow']>): AsyncIterable<LogBatch> {
    this.followers++;
    try {
      yield* super.follow(...where);
    } finally {
      this.followers--;
    }
  }
}

async function raw(directory: string): Promise<Socket> {
  const address = socketAddress(directory);
  const socket = createConnection(address?.path ?? '');
  await once(socket, 'connect');
  address?.release();
  return socket;
}

async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  for await (const chunk of socket) text += String(chunk);
  return text;
}
