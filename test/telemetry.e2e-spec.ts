import request from 'supertest';
import type { AppProcess } from './support/app-process.ts';
import { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { MetricsPage } from './support/metrics-page.ts';
import { describeModes } from './support/modes.ts';

const UNKNOWN = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
const calculator = { module: 'calculator' };
const view = { view: 'calculator.value' };

describeModes('/metrics', ({ mode, startApp }) => {
  let app: AppProcess;
  let id: string;
  const http = () => request(app.url);
  const read = (): Promise<MetricsPage> => MetricsPage.read(app.url);
  const refused = (key: string) =>
    http()
      .put(`/values/${UNKNOWN}`)
      .set({ Prefer: 'wait=10', 'Idempotency-Key': key })
      .send({ operation: 'ADD', value: 1 });

  /** Adds one, and waits until the view shows it. */
  async function add(): Promise<void> {
    const sent = http().put(`/values/${id}`).set('Prefer', 'wait=10').send({ operation: 'ADD', value: 1 });
    await shown((await sent.expect(200)).headers);
  }

  async function shown(headers: Readonly<Record<string, string>>): Promise<void> {
    const token = headers['consistency-token'] ?? '';
    await http().get(`/values/${id}`).set('Consistency-Token', token).expect(200);
  }

  beforeAll(async () => {
    app = await startApp();
    const created = await http().post('/values').set('Prefer', 'wait=10').send({ value: 2 }).expect(201);
    id = created.body.id;
    await shown(created.headers);
  }, 60_000);

  it('tells how long commands take to be safe and to be decided', async () => {
    const before = await read();
    await add();
    const after = await read();
    const grown = (name: string, labels = {}): number => after.sum(name, labels) - before.sum(name, labels);

    expect(grown('cqrs_command_append_seconds_count')).toBe(1);
    expect(grown('cqrs_command_append_seconds_sum')).toBeGreaterThan(0);
    expect(grown('cqrs_commands_decided_total')).toBe(1);
    expect(grown('cqrs_command_transaction_size_sum')).toBe(1);
    expect(grown('cqrs_command_transaction_seconds_count')).toBe(1);
    expect(grown('cqrs_command_append_failures_total')).toBe(0);
  });

  it('counts refusals by code, once for all attempts with one key', async () => {
    const refusals = { ...calculator, code: 'VALUE_NOT_FOUND' };
    const before = await read();
    await refused('one').expect(404);
    await refused('one').expect(404).expect('Idempotency-Replayed', 'true');
    await refused('two').expect(404);
    const after = await read();

    expect(
      after.sum('cqrs_commands_rejected_total', refusals) - before.sum('cqrs_commands_rejected_total', refusals),
    ).toBe(2);
    const problems = { code: 'VALUE_NOT_FOUND' };
    expect(after.sum('cqrs_http_problems_total', problems) - before.sum('cqrs_http_problems_total', problems)).toBe(3);
  });

  it('tells how old events are when a view shows them, and which views do not go on', async () => {
    const before = await read();
    await add();
    await eventually(async () => {
      const after = await read();
      expect(after.sum('cqrs_view_age_seconds_count', view)).toBe(before.sum('cqrs_view_age_seconds_count', view) + 1);
      expect(after.sum('cqrs_view_age_seconds_sum', view)).toBeGreaterThan(
        before.sum('cqrs_view_age_seconds_sum', view),
      );
      // Seconds, not milliseconds, nor a time since the epoch.
      expect(after.sum('cqrs_view_age_seconds_bucket', { ...view, le: '30' })).toBe(
        after.sum('cqrs_view_age_seconds_count', view),
      );
      expect(after.sum('cqrs_view_transaction_seconds_count', view)).toBeGreaterThan(0);
      expect(after.samples('cqrs_view_failures')).toEqual([]);
      expect(after.sum('cqrs_view_oldest_waiting_seconds', view)).toBe(0);
    });
  });

  it('tells for every owned partition how far processors and views are behind', async () => {
    await eventually(async () => {
      const page = await read();
      expect(page.sum('cqrs_processor_partitions', calculator)).toBe(4);
      const commands = page
        .samples('cqrs_processor_behind_offsets')
        .filter(({ labels }) => labels['module'] === calculator.module);
      expect(commands.map(({ labels }) => labels)).toEqual(
        expect.arrayContaining(['0', '1', '2', '3'].map((partition) => ({ ...calculator, partition }))),
      );
      expect(commands.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
      const events = page.samples('cqrs_view_behind_offsets').filter(({ labels }) => labels['view'] === view.view);
      expect(events).toHaveLength(4);
      // On Kafka the marker of the last transaction may still stand between.
      expect(Math.max(...events.map(({ value }) => value))).toBeLessThanOrEqual(mode === 'kafka' ? 1 : 0);
    });
  });

  it('counts open streams', async () => {
    const stream = await EventStream.open(`${app.url}/values/${id}/changes`);
    await eventually(async () => expect((await read()).sum('cqrs_streams_open')).toBe(1));
    stream.close();
    await eventually(async () => expect((await read()).sum('cqrs_streams_open')).toBe(0));
    expect((await read()).sum('cqrs_streams_dropped_total')).toBe(0);
  });

  it('has our prefix before every name but those of Node and of the process', async () => {
    const { names } = await read();
    const others = [...names].filter((name) => !/^(cqrs|nodejs|process)_/.test(name));

    expect(others).toEqual([]);
    expect(names).toContain('cqrs_build_info');
  });
});
