import { topicsOf } from '../src/platform/log/envelope.ts';
import type { NewRecord } from '../src/platform/log/log.port.ts';
import type { DeadLetter, ViewStatus } from '../src/platform/operations/operations.port.ts';
import type { AppProcess, Settings } from './support/app-process.ts';
import { type CliEnd, runCliProcess } from './support/cli-process.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { calculatorTopics, openLog } from './support/raw-log.ts';

const { commands, events } = topicsOf('calculator');
const VIEW = 'calculator.value';

/** Beside real commands and events: what nobody can decide, and what no view can read. */
const poison: NewRecord[] = [
  { topic: commands, partition: 0, key: 'k1', value: '{"value":1}', headers: {} },
  { topic: events, partition: 1, key: 'k2', value: 'no json', headers: { ce_type: 'ValueCreated' } },
];

describeModes('operating', ({ mode, newSite }) => {
  let app: AppProcess;
  let settings: Settings;
  let id: string;
  const cli = (...args: string[]): Promise<CliEnd> => runCliProcess(settings, ...args);
  const listed = async (): Promise<DeadLetter[]> =>
    JSON.parse((await cli('dead-letters', 'list', '--json')).output) as DeadLetter[];

  async function send(method: string, path: string, body: object): Promise<{ id: string; value: number }> {
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    const answer = await fetch(`${app.url}${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.ok).toBe(true);
    return (await answer.json()) as { id: string; value: number };
  }

  async function deadLettersInHealth(): Promise<unknown> {
    const answer = await fetch(`${app.url}/health/ready`);
    expect(answer.status).toBe(200);
    const { parts } = (await answer.json()) as { parts: Record<string, { details?: unknown }> };
    return parts['dead-letters']?.details;
  }

  beforeAll(async () => {
    const site = await newSite();
    app = await site.start();
    settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    // In every partition: one that has events, and never had a command, is refused.
    for (let value = 0; value < 20; value++) await send('POST', '/values', { value });
    ({ id } = await send('POST', '/values', { value: 2 }));
    if (mode === 'embedded') await app.terminate();
    const log = await openLog(site, app.dataDirectory);
    await log.ensureTopics(calculatorTopics);
    await log.append(poison);
    await log.close();
    if (mode === 'embedded') await app.restart();
  });

  it('G9: goes on beside what nobody can read, and tells of it', async () => {
    await eventually(async () => {
      expect(await deadLettersInHealth()).toEqual({
        'calculator.processor': 1,
        'calculator.value': 1,
        'calculator.value-history': 1,
      });
    });
    expect((await send('PUT', `/values/${id}`, { operation: 'ADD', value: 3 })).value).toBe(5);
    const letters = await listed();
    expect(letters.map(({ consumer, partition, key, behind }) => [consumer, partition, key, behind])).toEqual([
      ['calculator.processor', 0, 'k1', 0],
      ['calculator.value-history', 1, 'k2', 0],
      ['calculator.value', 1, 'k2', 0],
    ]);
    const shown = await cli('dead-letters', 'show', letters[1]?.id ?? '', '--json');
    expect(JSON.parse(shown.output)).toMatchObject({ value: 'no json', cause: expect.stringContaining('missing') });
  });

  it('parks again what still cannot be taken, and forgets what is dropped', async () => {
    const before = await listed();
    for (const letter of before) expect(await cli('dead-letters', 'retry', letter.id)).toMatchObject({ code: 0 });
    const again = await eventually(async () => {
      const letters = await listed();
      expect(letters).toHaveLength(before.length);
      for (const letter of letters) expect(before.map(({ parkedAt }) => parkedAt)).not.toContain(letter.parkedAt);
      return letters;
    });
    for (const letter of again) expect(await cli('dead-letters', 'drop', letter.id)).toMatchObject({ code: 0 });
    await eventually(async () => expect(await listed()).toEqual([]));
    expect(await deadLettersInHealth()).toEqual({});
    expect(await cli('dead-letters', 'drop', again[0]?.id ?? '')).toMatchObject({ code: 66 });
    const verified = await cli('verify', '--json');
    const { findings } = JSON.parse(verified.output) as { findings: { kind: string; place: string }[] };
    // The log itself holds the poison for ever; the views are the fold of all else.
    expect(new Set(findings.map(({ kind }) => kind))).not.toContain('view');
    expect(new Set(findings.map(({ kind }) => kind))).not.toContain('checkpoint');
    expect(findings.every(({ place }) => place.includes('/1'))).toBe(true);
  });

  it('G6: rebuilds a view while it serves', async () => {
    const before = await (await fetch(`${app.url}/values/${id}`)).json();
    const { code, output } = await cli('views', 'rebuild', VIEW, '--json');
    expect({ code, ...(JSON.parse(output) as ViewStatus) }).toMatchObject({ code: 0, status: 'live', generation: 2 });
    expect(await (await fetch(`${app.url}/values/${id}`)).json()).toEqual(before);
    expect((await send('PUT', `/values/${id}`, { operation: 'ADD', value: 1 })).value).toBe(6);
    await eventually(async () => {
      const answer = await fetch(`${app.url}/values/${id}`);
      expect(await answer.json()).toMatchObject({ value: 6 });
    });
    const views = JSON.parse((await cli('views', 'list', '--json')).output) as ViewStatus[];
    const own = views.filter(({ name }) => /^(calculator|platform)\./.test(name));
    expect(own.map(({ name, status, generation }) => [name, status, generation])).toEqual([
      ['calculator.value', 'live', 2],
      ['calculator.value-history', 'live', 1],
      ['platform.command-outcomes', 'live', 1],
    ]);
  });
});
