import { connect } from 'node:net';
import { expectProblem, parseRaw } from '../src/platform/http/testing/expect-problem';
import { SampleApplication } from '../src/platform/http/testing/sample-application';
import { eventually } from './support/eventually.ts';

const json = { 'content-type': 'application/json' };
const uuid = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
let sample: SampleApplication;

beforeAll(async () => {
  sample = await SampleApplication.start();
});
afterAll(() => sample.app.close());

describe('a route', () => {
  it('that does not exist is 404, and its query is not repeated', async () => {
    const answer = await sample.send('/nowhere?token=secret');

    expectProblem(answer, 'NOT_FOUND', '/nowhere');
    expect(answer.text).not.toContain('secret');
    expect(sample.lines.join()).not.toContain('secret');
  });

  it('with another method is 405 and names the allowed ones', async () => {
    const answer = await sample.send('/things', { method: 'DELETE' });

    expectProblem(answer, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
  });

  it('with a method that the server does not route is 405 too', async () => {
    expect(
      parseRaw(await sample.raw('PROPFIND /things HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')),
    ).toMatchObject({
      status: 405,
      problem: { code: 'METHOD_NOT_ALLOWED' },
    });
  });

  it('tells its methods to OPTIONS', async () => {
    const answer = await sample.send(`/things/${uuid}`, { method: 'OPTIONS' });

    expect(answer.status).toBe(204);
    expect(answer.headers.get('allow')).toBe('OPTIONS, PUT');
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await sample.send('/things', { method: 'HEAD' });

    expect(answer.status).toBe(200);
    expect(answer.text).toBe('');
  });

  it('that streams ends a HEAD', async () => {
    expect((await sample.send(`/things/${uuid}/changes`, { method: 'HEAD' })).status).toBe(200);
  });

  it('takes a UUID of any version in any case, and refuses anything else', async () => {
    const put = (id: string) => sample.send(`/things/${id}`, { method: 'PUT', body: '{"value": 1}', headers: json });

    expect(JSON.parse((await put(uuid)).text)).toEqual({ id: uuid.toLowerCase(), value: 1 });
    const answer = await put('17');
    expectProblem(answer, 'VALIDATION_FAILED', '/things/17');
    expect(answer.problem['errors']).toEqual([{ path: 'id', message: 'must be a UUID' }]);
  });

  it('refuses unknown and repeated query parameters', async () => {
    expect((await sample.send('/things?after=a')).status).toBe(200);
    expectProblem(await sample.send('/things?before=a'), 'VALIDATION_FAILED');
    expectProblem(await sample.send('/things?after=a&after=b'), 'VALIDATION_FAILED');
  });

  it.each(['/%E0%A4%A', '/things/%', '/things?after=%00'])('with the URL %s is 400', async (path) => {
    expectProblem(await sample.send(path), 'VALIDATION_FAILED', path.split('?')[0]);
  });
});

describe('Accept', () => {
  it.each(['text/html', 'text/event-stream', 'application/json;q=0', 'image/*, text/*', 'garbage'])(
    'of %s is 406 on a JSON route',
    async (accept) => {
      expectProblem(await sample.send('/things', { headers: { accept } }), 'NOT_ACCEPTABLE');
    },
  );

  it.each([
    '*/*',
    'application/*',
    'text/html, application/json;q=0.1',
    'application/problem+json',
    'text/html, */*;q=0.1',
  ])('of %s is fine on a JSON route', async (accept) => {
    expect((await sample.send('/things', { headers: { accept } })).status).toBe(200);
  });

  it('of text/event-stream is fine on a stream, and text/html is not', async () => {
    const path = `/things/${uuid}/changes`;
    const stream = await fetch(sample.url + path, { headers: { accept: 'text/event-stream' } });
    await stream.body?.cancel();

    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    expectProblem(await sample.send(path, { headers: { accept: 'text/html' } }), 'NOT_ACCEPTABLE', path);
  });
});

describe('an error', () => {
  const fail = (name: string) => sample.send(`/things/failures/${name}`, { method: 'POST' });

  it('that nobody foresaw is 500 without any detail, and logged with its stack', async () => {
    const answer = await fail('unknown');

    expectProblem(answer, 'INTERNAL_ERROR', '/things/failures/unknown');
    expect(answer.text).not.toContain('secret cause');
    const line = sample.lines.map((text) => JSON.parse(text)).find(({ err }) => err?.message === 'the secret cause');
    expect(line).toMatchObject({ level: 'error', correlationId: answer.problem['correlationId'] });
    expect(line.err.stack).toContain('ThingController.fail');
  });

  it.each([
    ['log', 'LOG_UNAVAILABLE'],
    ['unsure', 'OUTCOME_UNKNOWN'],
    ['full', 'DISK_FULL'],
  ] as const)('of the log is a problem: %s', async (name, code) => {
    const answer = await fail(name);

    expectProblem(answer, code, `/things/failures/${name}`);
    expect(answer.text).not.toContain('kafka-1');
    expect(answer.headers.get('retry-after')).toBe(answer.status === 503 ? '1' : null);
  });

  it('may bring headers', async () => {
    expect((await fail('located')).headers.get('location')).toBe('/commands/1');
  });

  it('that a module rejects with is answered by its table; facts ride along and never replace the standard members', async () => {
    const answer = await fail('rejected');

    expect(answer.status).toBe(422);
    expect(answer.problem).toMatchObject({
      code: 'THING_TOO_HEAVY',
      title: 'The thing is too heavy',
      status: 422,
      weight: 7,
    });
  });

  it('that no table declares is a failure of ours', async () => {
    expectProblem(await fail('undeclared'), 'INTERNAL_ERROR', '/things/failures/undeclared');
  });
});

describe('a connection', () => {
  it.each([
    ['bytes that are not HTTP', '\x16\x03\x01\x02\x00garbage\r\n\r\n'],
    ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a bad header', 'GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two lengths', 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'length and chunks',
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'a bad chunk',
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
  ])('that sends %s is answered 400 and closed', async (_name, bytes) => {
    const { status, head, problem } = parseRaw(await sample.raw(bytes));

    expect(status).toBe(400);
    expect(problem).toMatchObject({ code: 'VALIDATION_FAILED', status: 400, correlationId: expect.any(String) });
    expect(head).toContain('content-type: application/problem+json');
    expect(head).toContain(`x-correlation-id: ${String(problem['correlationId'])}`);
  });

  it('with 64 KB of headers is answered 431', async () => {
    const head = `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(64 * 1024)}\r\n\r\n`;

    expect(parseRaw(await sample.raw(head))).toMatchObject({ status: 431, problem: { code: 'HEADERS_TOO_LARGE' } });
  });

  it('with a URL of 64 KB is answered 431', async () => {
    expect(parseRaw(await sample.raw(`GET /${'x'.repeat(64 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`)).status).toBe(431);
  });

  it('that sends its headers too slowly is answered 408', async () => {
    const { status, problem } = parseRaw(await sample.raw('GET / HTTP/1.1\r\nHost: '));

    expect(status).toBe(408);
    expect(problem).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it('that sends its body too slowly is answered 408', async () => {
    const head = 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{';

    expect(parseRaw(await sample.raw(head))).toMatchObject({ status: 408, problem: { code: 'REQUEST_TIMEOUT' } });
  });

  it('with an expectation that nobody knows is answered all the same', async () => {
    const text = await sample.raw('GET /things HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n');

    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that is cut in the middle of its body leaves no error in the logs', async () => {
    const socket = connect(sample.port, '127.0.0.1');
    socket.write('POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{');
    await eventually(() => expect(sample.app.getHttpServer().listening).toBe(true));
    const before = sample.lines.length;
    socket.resetAndDestroy();
    await sample.send('/things');
    await eventually(() => expect(sample.lines.length).toBeGreaterThan(before));

    expect(sample.lines.slice(before).filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
