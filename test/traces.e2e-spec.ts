import { join } from 'node:path';
import request from 'supertest';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { readRawLog } from './support/raw-log.ts';
import { SpanCollector, type CollectedSpan } from './support/span-collector.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const caller = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${caller}-01`;
const nothing = '2753b941-eb10-497c-b58c-2b3dec1eeeef';

describeModes('A trace', ({ newSite, startApp }) => {
  let collector: SpanCollector;

  beforeEach(async () => {
    collector = await SpanCollector.start();
  });
  afterEach(() => collector.close());

  const traced = () => ({
    NODE_OPTIONS: `--require "${join(repositoryRoot(), 'deploy/opentelemetry/tracing.js')}"`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  });

  it('goes from the request over the log into the views, with the SDK of the documented example', async () => {
    const app = await startApp(traced());
    const http = request(app.url);
    const outcome = await http
      .put(`/values/${nothing}`)
      .set({ Prefer: 'wait=10', traceparent: traceparent.replace(traceId, `${traceId.slice(1)}f`) })
      .send({ operation: 'ADD', value: 1 });
    expect(outcome.status).toBe(404);
    await http.post('/values').set({ Prefer: 'wait=10', traceparent }).send({ value: 2 }).expect(201);
    await http.get('/health/ready').set({ traceparent }).expect(200);

    const named = (name: string): CollectedSpan => {
      const found = collector.spans.filter((span) => span.traceId === traceId && span.name === name);
      expect(found).toHaveLength(1);
      return found[0]!;
    };
    await eventually(
      () => {
        const server = named('POST /values');
        expect(server.parentSpanId).toBe(caller);
        expect(server.attributes).toMatchObject({ 'http.route': '/values', 'http.response.status_code': 201 });
        const decision = named('decide calculator.commands');
        expect(decision.attributes).toMatchObject({
          'cqrs.command': 'CreateValueCommand',
          'cqrs.decision': 'accepted',
        });
        const steps = [
          decision,
          named('append calculator.commands'),
          named('project calculator.value'),
          named('project calculator.value-history'),
          named('project platform.command-outcomes'),
        ];
        for (const step of steps) {
          expect(step.parentSpanId).toBe(server.spanId);
          expect(step.durationMs).toBeLessThan(60_000);
        }
      },
      { within: 20_000 },
    );
    expect(collector.spans.filter((span) => span.traceId === traceId)).toHaveLength(6);
    const refused = collector.spans.find(({ attributes }) => attributes['cqrs.decision'] === 'rejected');
    expect(refused?.attributes).toMatchObject({ 'cqrs.code': 'VALUE_NOT_FOUND' });
  }, 60_000);

  it('begins here for a caller without one, and is not recorded for one who does not want it', async () => {
    const app = await startApp(traced());
    const http = request(app.url);
    await http
      .post('/values')
      .set({ Prefer: 'wait=10', traceparent: `00-${traceId}-${caller}-00` })
      .send({ value: 2 });
    await http.post('/values').set({ Prefer: 'wait=10', traceparent: 'nonsense' }).send({ value: 2 }).expect(201);
    await eventually(
      () => {
        const server = collector.spans.find(({ name }) => name === 'POST /values');
        const projection = collector.spans.find(({ name }) => name === 'project calculator.value');
        if (server === undefined || projection === undefined) return false;
        expect(server.parentSpanId ?? '').toBe('');
        expect(projection.parentSpanId).toBe(server.spanId);
        expect(projection.traceId).not.toBe(traceId);
        return true;
      },
      { within: 20_000 },
    );
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  }, 60_000);

  it('costs neither an answer nor a clean end when its collector is away', async () => {
    const settings = traced();
    collector.close();
    const app = await startApp(settings);
    await request(app.url).post('/values').set({ Prefer: 'wait=10', traceparent }).send({ value: 2 }).expect(201);

    expect(await app.terminate()).toMatchObject({ code: 0 });
  }, 60_000);

  it('rides with command and event as it came, when there is no SDK', async () => {
    const site = await newSite();
    const app = await site.start();
    const http = request(app.url);
    await http.post('/values').set({ Prefer: 'wait=10', traceparent }).send({ value: 2 }).expect(201);
    await http.post('/values').set({ Prefer: 'wait=10', traceparent: 'nonsense' }).send({ value: 3 }).expect(201);
    await app.terminate();
    const { commands, events } = await readRawLog(site, app);
    const told = (records: typeof commands) =>
      Object.fromEntries(records.map(({ value, headers }) => [value, headers['traceparent']]));

    expect(told(commands)).toEqual({ '{"value":2}': traceparent, '{"value":3}': undefined });
    expect(told(events)).toEqual(told(commands));
  }, 60_000);
});
