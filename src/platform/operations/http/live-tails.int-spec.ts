import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { eventually } from '../../../../test/support/eventually.ts';
import { EventStream } from '../../../../test/support/event-stream.ts';
import { ShutdownSignal } from '../../http/shutdown-signal';
import { MemoryLog } from '../../log/testing/memory-log';
import { MemoryDeadLetters, MemoryViews } from '../testing/memory-operations';
import { openTail } from '../topic.operations';
import { LiveTails, type TailLimits } from './live-tails';

const TOPIC = 'm.events';
const QUICK: TailLimits = { tailsMax: 3, drainMsMax: 50, tickMs: 10, beatTicks: 2 };

describe('A live tail', () => {
  let log: MemoryLog;
  let shutdown: ShutdownSignal;
  let tails: LiveTails;
  let server: FastifyInstance;
  let url: string;
  let endsAt: number | undefined;
  const streams: EventStream[] = [];
  const sockets: Socket[] = [];

  async function serve(limits: Partial<TailLimits> = {}): Promise<void> {
    tails = new LiveTails(shutdown, { ...QUICK, ...limits });
    const services = { log, topics: [TOPIC], views: new MemoryViews([]), deadLetters: new MemoryDeadLetters([]) };
    server = fastify();
    server.get('/', async (_request, reply) => {
      const read = (signal: AbortSignal) => openTail(services, { topic: TOPIC }, signal);
      await tails.answer(reply, endsAt, read, ({ offset, value }) => ({ offset, value }));
    });
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  }

  beforeEach(async () => {
    log = new MemoryLog();
    await log.ensureTopics([{ name: TOPIC, partitions: 1, policy: 'keep' }]);
    shutdown = new ShutdownSignal();
    endsAt = undefined;
  });

  afterEach(async () => {
    for (const stream of streams.splice(0)) stream.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close();
    await log.close();
  });

  async function tail(): Promise<EventStream> {
    const stream = await EventStream.open(url);
    streams.push(stream);
    return stream;
  }

  /** A client that asks and reads nothing. @returns the server's side of its connection */
  async function deaf(): Promise<Socket> {
    const accepted = once(server.server, 'connection');
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => expect(tails.count).toBe(1));
    const [connection]: Socket[] = await accepted;
    if (connection === undefined) throw new Error('nobody has connected');
    return connection;
  }

  const append = (value: string) => log.append([{ topic: TOPIC, partition: 0, key: 'k', value, headers: {} }]);

  it('has all that is appended after its answer has begun, once and in order', async () => {
    await serve();
    await append('before');
    const stream = await tail();
    for (let value = 0; value < 600; value++) await append(`${value}`);

    await eventually(() => expect(stream.events).toHaveLength(600));
    expect(stream.events.map(({ data }) => JSON.parse(data).value)).toEqual(
      Array.from({ length: 600 }, (_, n) => `${n}`),
    );
  });

  it('sends comments while nothing comes', async () => {
    await serve();
    const stream = await tail();

    await eventually(() => expect(stream.comments.length).toBeGreaterThan(2));
  });

  it('ends when its token expires', async () => {
    endsAt = Date.now() + 100;
    await serve();
    const stream = await tail();

    await stream.end();
    await eventually(() => expect(tails.count).toBe(0));
    expect(stream.retryMs).toBeGreaterThan(0);
  });

  it('ends when the process stops', async () => {
    await serve();
    const stream = await tail();
    await shutdown.close();

    await stream.end();
    expect(stream.retryMs).toBeGreaterThan(0);
    await eventually(() => expect(tails.count).toBe(0));
  });

  it('is given up when the client goes', async () => {
    await serve();
    const stream = await tail();
    expect(tails.count).toBe(1);
    stream.close();

    await eventually(() => expect(tails.count).toBe(0));
  });

  it('drops a client that does not read, and holds no more for it than one record', async () => {
    await serve({ drainMsMax: 300 });
    const connection = await deaf();
    const megabyte = 'x'.repeat(1_000_000);
    for (let sent = 0; sent < 30; sent++) await append(megabyte);

    await eventually(() => expect(connection.writableLength).toBeGreaterThan(0));
    let most = 0;
    await eventually(() => {
      most = Math.max(most, connection.writableLength);
      return tails.count === 0;
    });
    expect(most).toBeLessThan(2.5 * megabyte.length);
    expect(connection.destroyed).toBe(true);
  });

  it('does not wait for a client that does not read when it ends', async () => {
    await serve({ drainMsMax: 60_000 });
    const connection = await deaf();
    for (let sent = 0; sent < 30; sent++) await append('x'.repeat(1_000_000));
    await eventually(() => expect(connection.writableLength).toBeGreaterThan(0));
    await shutdown.close();

    await eventually(() => expect(tails.count).toBe(0));
  });

  it('is refused when there are too many', async () => {
    await serve();
    for (let number = 0; number < QUICK.tailsMax; number++) await tail();

    await expect(tail()).rejects.toThrow('no event stream: 503');
    streams[0]?.close();
    await eventually(() => expect(tails.count).toBe(QUICK.tailsMax - 1));
    expect((await tail()).response.status).toBe(200);
  });
});
