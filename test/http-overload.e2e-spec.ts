import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expectProblem } from '../src/platform/http/testing/expect-problem';
import { SampleApplication, ThingController } from '../src/platform/http/testing/sample-application';
import { eventually } from './support/eventually.ts';

const limit = 3;
const bodyBytes = 50_000;
let sample: SampleApplication;
let open: Socket[];

describe('a process with as much work as it may have', () => {
  beforeEach(async () => {
    open = [];
    sample = await SampleApplication.start({}, { admission: { floor: limit, ceiling: limit, streamsMax: 2 } });
    for (let count = 0; count < limit; count++) open.push(await hold());
    await eventually(async () => expect((await sample.send('/metrics')).text).toMatch(inFlight('write', limit)));
  });
  afterEach(async () => {
    open.forEach((socket) => socket.destroy());
    await sample.app.close();
  });

  it('refuses a write with 503 OVERLOADED and Retry-After before its body has come, and keeps the connection', async () => {
    const refused = await begin();
    const text = await answer(refused);
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toMatch(/\r\nretry-after: \d+\r\n/i);
    expect(text).toContain('"code":"OVERLOADED"');
    expect(text).not.toMatch(/\r\nconnection: close\r\n/i);

    // The rest of the refused body is thrown away, and the next request on this connection is read.
    refused.write('x'.repeat(bodyBytes - 1));
    refused.write('GET /things HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await answer(refused)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('closes the connection of a refused body whose end is not known, or too far', async () => {
    for (const length of ['Transfer-Encoding: chunked', 'Content-Length: 100000000']) {
      const text = await sample.raw(head(length));
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text).toMatch(/\r\nconnection: close\r\n/i);
    }
  });

  it('does not ask for a body that it will refuse', async () => {
    const text = await sample.raw(head(`Content-Length: 100\r\nExpect: 100-continue\r\nConnection: close`));
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('goes on with what it has taken on, and takes the next when that has ended', async () => {
    expectProblem(await sample.post('{"value": 1}'), 'OVERLOADED');
    sample.app.get(ThingController).releaseHeld();
    expect(await answer(open[0]!)).toMatch(/^HTTP\/1\.1 202 /);
    // The client may have its answer a moment before the server has seen it off.
    await eventually(async () => expect((await sample.post('{"value": 1}')).status).toBe(202));
  });

  it('forgets a client that has gone', async () => {
    open[0]?.destroy();
    await eventually(async () => expect((await sample.post('{"value": 1}')).status).toBe(202));
  });

  it("lets a body that comes slowly take nobody's place, and refuses it at its end when there is none left", async () => {
    sample.app.get(ThingController).releaseHeld();
    await eventually(async () => expect((await sample.send('/metrics')).text).toMatch(inFlight('write', limit - 1)));
    const slow = [await begin(), await begin()];
    expect((await sample.post('{"value": 1}')).status).toBe(202);
    open.push(await hold());
    await eventually(async () => expect((await sample.send('/metrics')).text).toMatch(inFlight('write', limit)));
    for (const socket of slow) {
      socket.write(`${'"value": 1'.padEnd(bodyBytes - 2)}}`);
      expect(await answer(socket)).toMatch(/^HTTP\/1\.1 503 /);
      socket.destroy();
    }
  });

  it('answers reads, probes and metrics', async () => {
    expect((await sample.send('/things')).status).toBe(200);
    expect((await sample.send('/health/live')).status).toBe(200);
    expect((await sample.send('/health/ready')).status).toBe(200);
    expect((await sample.send('/metrics')).text).toMatch(/^cqrs_http_admission_limit 3$/m);
  });

  it('bounds open streams by themselves, and forgets those that have gone', async () => {
    const path = '/things/6f9619ff-8b86-d011-b42d-00c04fc964ff/changes';
    const headers = { accept: 'text/event-stream' };
    const abort = new AbortController();
    const streams = [1, 2].map(() => fetch(sample.url + path, { headers, signal: abort.signal }));
    for (const stream of await Promise.all(streams)) expect(stream.status).toBe(200);
    expect((await sample.send(path, { headers })).status).toBe(503);
    expect((await sample.send(path, { headers: { accept: 'application/json' } })).status).toBe(200);
    abort.abort();
    await eventually(async () => expect((await sample.send('/metrics')).text).toMatch(inFlight('stream', 0)));
  });
});

/** A write that is worked on until it is released. */
async function hold(): Promise<Socket> {
  const socket = connect(sample.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    'POST /things/held HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  );
  return socket;
}

/** A write of which the head and one byte of the body have been sent. */
async function begin(): Promise<Socket> {
  const socket = connect(sample.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`${head(`Content-Length: ${bodyBytes}`)}{`);
  return socket;
}

function head(length: string): string {
  return `POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n${length}\r\n\r\n`;
}

async function answer(socket: Socket): Promise<string> {
  const data: unknown[] = await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
  return String(data[0]);
}

function inFlight(kind: string, count: number): RegExp {
  return new RegExp(`^cqrs_http_requests_in_flight\\{kind="${kind}"\\} ${count}$`, 'm');
}
