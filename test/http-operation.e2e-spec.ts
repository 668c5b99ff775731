import { request as httpRequest } from 'node:http';
import { stopApplication } from '../src/platform/http/graceful-shutdown';
import { pageName, ProblemCatalog } from '../src/platform/http/problem-catalog';
import { ShutdownSignal } from '../src/platform/http/shutdown-signal';
import { expectProblem } from '../src/platform/http/testing/expect-problem';
import { SampleApplication, ThingController } from '../src/platform/http/testing/sample-application';
import { FatalErrors } from '../src/platform/telemetry/fatal-errors';
import { HealthRegistry } from '../src/platform/telemetry/health-registry';
import { eventually } from './support/eventually.ts';

const json = { 'content-type': 'application/json' };
const uuid = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
let sample: SampleApplication;

describe('HTTP platform', () => {
  beforeAll(async () => {
    sample = await SampleApplication.start();
  });
  afterAll(() => sample.app.close());

  describe('logs', () => {
    it('tell method, path, status, time and correlation id of a request, and nothing that may be secret', async () => {
      sample.lines.length = 0;
      const answer = await sample.send('/things?after=secret-query', {
        headers: { authorization: 'Bearer secret-token' },
      });
      await eventually(() => expect(sample.lines).toHaveLength(1));

      expect(JSON.parse(sample.lines[0] ?? '')).toMatchObject({
        level: 'info',
        method: 'GET',
        path: '/things',
        status: 401,
        ms: expect.any(Number),
        correlationId: answer.headers.get('x-correlation-id'),
      });
      expect(sample.lines[0]).not.toContain('secret');
    });

    it('leave out health checks and metrics', async () => {
      sample.lines.length = 0;
      await sample.send('/health/live');
      await sample.send('/metrics');
      await sample.send('/things');
      await eventually(() => expect(sample.lines).toHaveLength(1));

      expect(sample.lines[0]).toContain('"path":"/things"');
    });

    it('carry the correlation id of the request into every part', async () => {
      sample.lines.length = 0;
      const answer = await sample.send(`/things/${uuid}`, { method: 'PUT', body: '{"value": 1}', headers: json });
      const line = sample.lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'replacing');

      expect(line).toMatchObject({ context: 'Thing', correlationId: answer.headers.get('x-correlation-id') });
    });
  });

  describe('operators', () => {
    it('see durations by route and status class', async () => {
      await sample.send('/things');
      const { text, headers } = await sample.send('/metrics', { headers: { accept: 'text/plain;version=0.0.4' } });

      expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
      expect(text).toMatch(/http_request_duration_seconds_count\{method="GET",route="\/things",status="2xx"\} \d+/);
      expect(text).toContain('process_resident_memory_bytes');
      expect(text).not.toContain(uuid);
    });

    it('see every part in the readiness, and 503 when one fails', async () => {
      let broken = false;
      sample.app.get(HealthRegistry).register({
        name: 'part',
        check: () => {
          if (broken) {
            throw new Error('it broke');
          }
          return { lag: 3 };
        },
      });

      const ready = await sample.send('/health/ready');
      expect(ready.status).toBe(200);
      expect(JSON.parse(ready.text)).toMatchObject({
        status: 'ok',
        parts: { part: { status: 'ok', details: { lag: 3 } } },
      });
      broken = true;
      const failed = await sample.send('/health/ready');
      expect(failed.status).toBe(503);
      expect(JSON.parse(failed.text)).toMatchObject({
        status: 'unavailable',
        parts: { part: { status: 'failed', reason: 'it broke' } },
      });
      expect((await sample.send('/health/live')).status).toBe(200);
      broken = false;
    });
  });

  describe('documentation', () => {
    it('is an OpenAPI document with the problems of each route', async () => {
      const document = JSON.parse((await sample.send('/openapi.json')).text);

      expect(document.components.schemas.Problem.properties).toHaveProperty('correlationId');
      const responses = document.paths['/things'].post.responses;
      expect(responses['400'].content).toHaveProperty(['application/problem+json']);
      expect(responses['422'].description).toContain('THING_TOO_HEAVY');
    });

    it('is a page that loads nothing from elsewhere and runs no inline script', async () => {
      const { text, headers } = await sample.send('/docs', { headers: { accept: 'text/html' } });

      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(text).not.toMatch(/https?:\/\//);
      expect(text).not.toMatch(/<script>/);
      for (const [, path] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
        expect((await sample.send(path ?? '')).status).toBe(200);
      }
    });

    it('has a page for every problem code', async () => {
      for (const code of sample.app.get(ProblemCatalog).codes().keys()) {
        const page = await sample.send(`/docs/problems/${pageName(code)}`, {
          headers: { accept: 'text/html' },
        });
        expect({ code, status: page.status }).toEqual({ code, status: 200 });
        expect(page.text).toContain(code);
      }
      expectProblem(await sample.send('/docs/problems/no-such-code'), 'NOT_FOUND', '/docs/problems/no-such-code');
    });

    it('starts at the root', async () => {
      expect(JSON.parse((await sample.send('/')).text)).toMatchObject({
        name: 'kafka-cqrs-platform',
        links: { documentation: '/docs' },
      });
      expect((await sample.send('/favicon.ico', { headers: { accept: 'image/avif,image/*' } })).status).toBe(204);
    });
  });

  it('passes on a valid traceparent only, and sends strict headers with every answer', async () => {
    const answer = await sample.send('/nowhere', { headers: { traceparent: 'nonsense' } });

    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });
});

describe('edge settings', () => {
  afterEach(() => sample.app.close());

  it('limit requests per caller, but not probes', async () => {
    sample = await SampleApplication.start({ RATE_LIMIT: '3' });
    const answers = [];
    for (let i = 0; i < 5; i++) {
      answers.push(await sample.send('/things'));
    }

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expectProblem(answers[4]!, 'RATE_LIMITED');
    expect(answers[4]?.headers.get('retry-after')).toBe('1');
    expect((await sample.send('/health/live')).status).toBe(200);
    expect((await sample.send('/metrics')).status).toBe(200);
  });

  it('let the named origins call from a browser, and no other', async () => {
    sample = await SampleApplication.start({ CORS_ORIGINS: 'https://sample.app.example.com' });
    const preflight = (origin: string) =>
      sample.send('/things', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });

    expect((await preflight('https://sample.app.example.com')).headers.get('access-control-allow-origin')).toBe(
      'https://sample.app.example.com',
    );
    expect((await preflight('https://evil.example.com')).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await sample.send('/things', { headers: { origin: 'https://sample.app.example.com' } });
    expect(answer.headers.get('access-control-expose-headers')).toContain('Consistency-Token');
  });
});

describe('shutdown', () => {
  beforeEach(async () => {
    sample = await SampleApplication.start();
  });

  it('ends requests in flight, closes their connections, fails readiness and refuses new ones', async () => {
    const controller = sample.app.get(ThingController);
    const begun = new Promise<void>((resolve) => (controller.begun = resolve));
    const slow = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
      httpRequest(`${sample.url}/things/slow`, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, connection: response.headers.connection });
      })
        .on('error', reject)
        .end();
    });
    await begun;
    const readiness = sample.app.get(HealthRegistry);
    const stopped = stopApplication(sample.app);
    await eventually(async () => expect((await readiness.readiness()).status).toBe('unavailable'));
    await eventually(() => expect(sample.send('/things')).rejects.toThrow());
    controller.release();

    expect(await slow).toEqual({ status: 200, connection: 'close' });
    await stopped;
  });

  it('lets streams end themselves and cuts what does not end in time', async () => {
    const stream = await fetch(`${sample.url}/things/${uuid}/changes`, { headers: { accept: 'text/event-stream' } });
    const closing = jest.fn();
    sample.app.get(ShutdownSignal).onClosing(closing);
    const begin = performance.now();
    await stopApplication(sample.app, { drainMsMax: 300 });

    expect(closing).toHaveBeenCalledTimes(1);
    expect(performance.now() - begin).toBeLessThan(3000);
    await expect(stream.text()).rejects.toThrow();
  });

  it('follows the death of a part: not ready, and told once', async () => {
    const ended = jest.fn();
    const fatalErrors = sample.app.get(FatalErrors);
    fatalErrors.onFatal(ended);
    fatalErrors.fatal('processor', new Error('it died'));
    fatalErrors.fatal('projector', new Error('so did this'));

    expect(ended.mock.calls).toEqual([[{ part: 'processor', error: new Error('it died') }]]);
    const ready = await sample.send('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.text).toContain('processor has died: it died');
    await sample.app.close();
  });
});
