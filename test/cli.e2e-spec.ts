import { cp, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppProcess, Settings } from './support/app-process.ts';
import { runCliProcess, startCli } from './support/cli-process.ts';
import { runHere } from './support/cli-here.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { tamperWithLog, tamperWithViews, type StoredRecord } from './support/tampering.ts';

const EVENTS = 'calculator.events';

async function send(app: AppProcess, method: string, path: string, body: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
  const answer = await fetch(`${app.url}${path}`, { method, headers, body: JSON.stringify(body) });
  const { id } = (await answer.json()) as { id: string };
  expect(answer.ok).toBe(true);
  return id;
}

/** Values with some steps each. */
async function calculate(app: AppProcess, values: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: values }, async (_, number) => {
      const id = await send(app, 'POST', '/values', { value: number });
      await send(app, 'PUT', `/values/${id}`, { operation: 'ADD', value: 2 });
      await send(app, 'PUT', `/values/${id}`, { operation: 'MULTIPLY', value: 3 });
      return id;
    }),
  );
}

/** All views have seen what was sent. */
async function projected(app: AppProcess, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await eventually(async () => {
      const answer = await fetch(`${app.url}/values/${id}/history`);
      expect(answer.status === 200 ? ((await answer.json()) as unknown[]).length : 0).toBe(3);
      expect((await fetch(`${app.url}/values/${id}`)).headers.get('etag')).toBe('"3"');
    });
  }
}

describeModes('the command line', ({ mode, newSite }) => {
  let app: AppProcess;
  let settings: Settings;
  let ids: string[];
  const cli = (...args: string[]) => runCliProcess(settings, ...args);

  beforeAll(async () => {
    const site = await newSite();
    app = await site.start();
    settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    ids = await calculate(app, 20);
    await projected(app, ids);
  });

  it('lists the topics of a running system', async () => {
    const { code, output } = await cli('topics', 'list', '--json');
    const { kind, topics } = JSON.parse(output) as {
      kind: string;
      topics: { name: string; partitions: { end: number }[] }[];
    };

    expect({ code, kind }).toEqual({ code: 0, kind: mode });
    expect(topics.map(({ name }) => name).filter((name) => /^(calculator\.|log|replies)/.test(name))).toEqual([
      'calculator.commands',
      'calculator.commands.dead-letters',
      EVENTS,
      `${EVENTS}.dead-letters`,
      'calculator.state',
      'log',
      'replies',
      'replies.dead-letters',
    ]);
    const events = topics.find(({ name }) => name === EVENTS);
    expect(events?.partitions.reduce((sum, { end }) => sum + end, 0)).toBeGreaterThanOrEqual(60);
  });

  it('shows the records of one key', async () => {
    const { code, output } = await cli('topics', 'show', EVENTS, '--key', ids[3] ?? '', '--json');
    const records = JSON.parse(output) as {
      headers: Record<string, string>;
      value: { value?: number; result?: number };
    }[];

    expect(code).toBe(0);
    expect(records.map(({ headers }) => headers['version'])).toEqual(['1', '2', '3']);
    expect(records.map(({ value }) => value.value ?? value.result)).toEqual([3, 5, 15]);
  });

  it('follows a topic until ^C, an object a line', async () => {
    const tail = await startCli(settings, 'topics', 'tail', EVENTS, '--json');
    const sent: string[] = [];
    await eventually(
      async () => {
        sent.push(await send(app, 'POST', '/values', { value: 7 }));
        return tail.output().includes('\n');
      },
      { within: 20_000 },
    );
    const last = await send(app, 'POST', '/values', { value: 8 });
    await eventually(() => expect(tail.output()).toContain(last));
    tail.interrupt();

    const { code, output } = await tail.ended;
    const keys = output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { key: string }).key);
    expect(code).toBe(0);
    expect(keys.toSorted()).toEqual([...sent, last].slice(-keys.length).toSorted());
  });

  it('finds nothing wrong while commands are being decided', async () => {
    let isOver = false;
    const load = (async () => {
      while (!isOver) await calculate(app, 5);
    })();
    const verified = await cli('verify', '--json');
    isOver = true;
    await load;

    expect(JSON.parse(verified.output)).toMatchObject({ count: 0, findings: [] });
    expect(verified.code).toBe(0);
    const { modules, views } = JSON.parse(verified.output) as {
      modules: { name: string; aggregates: number }[];
      views: { name: string; rows: number }[];
    };
    expect(modules.find(({ name }) => name === 'calculator')?.aggregates).toBeGreaterThanOrEqual(20);
    const own = views.filter(({ name }) => name.startsWith('calculator.'));
    expect(own.map(({ name }) => name)).toEqual(['calculator.value', 'calculator.value-history']);
    for (const { rows } of own) expect(rows).toBeGreaterThanOrEqual(20);
  });

  it('tells the settings of the process', async () => {
    const { code, output } = await cli('config', '--json');
    const { settings: told } = JSON.parse(output) as { settings: { name: string; value: string; source: string }[] };

    expect(code).toBe(0);
    expect(told.find(({ name }) => name === 'DATA_DIR')).toMatchObject({ source: 'environment' });
    expect(output).not.toContain(settings['DATABASE_URL'] ?? 'postgres://');
  });

  if (mode === 'kafka') {
    it('makes nothing where there is no log', async () => {
      const elsewhere = { ...settings, KAFKA_TOPIC_PREFIX: `${settings['KAFKA_TOPIC_PREFIX']}none.` };
      const first = await runCliProcess(elsewhere, 'topics', 'list');
      const second = await runCliProcess(elsewhere, 'topics', 'list');

      expect([first.code, second.code]).toEqual([69, 69]);
      expect(second.told).toContain('holds no log yet');
    });
    return;
  }

  it('makes nothing where there is no log', async () => {
    const elsewhere = { ...settings, DATA_DIR: join(app.dataDirectory, 'none') };

    expect(await runCliProcess(elsewhere, 'topics', 'list')).toMatchObject({ code: 69, output: '' });
    await expect(stat(elsewhere.DATA_DIR)).rejects.toThrow('ENOENT');
  });

  it('says so when a process holds the directory and has no socket', async () => {
    await rm(join(app.dataDirectory, 'operator.sock'));

    expect(await cli('topics', 'list')).toMatchObject({ code: 69, told: expect.stringContaining('holds') });
  });

  describe('on a directory that no process holds', () => {
    let copy: string;

    beforeAll(async () => {
      expect(await app.terminate()).toMatchObject({ code: 0 });
    });

    beforeEach(async () => {
      copy = await mkdtemp(join(tmpdir(), 'tampered-'));
      await cp(app.dataDirectory, copy, { recursive: true });
    });

    afterEach(() => rm(copy, { recursive: true, force: true }));

    // In this process: loading everything for each command would take most of the time.
    const verifyCopy = async () => {
      const { code, output, told } = await runHere({ DATA_DIR: copy }, 'verify', '--json');
      if (output === '') return { code, told };
      const { findings } = JSON.parse(output) as { findings: { kind: string }[] };
      return { code, kinds: [...new Set(findings.map(({ kind }) => kind))].toSorted() };
    };
    const changeOne = (
      topic: string,
      isIt: (record: StoredRecord) => boolean,
      to: (record: StoredRecord) => StoredRecord | undefined,
    ) => {
      let isDone = false;
      tamperWithLog(copy, topic, (record) => {
        if (isDone || !isIt(record)) return record;
        isDone = true;
        return to(record);
      });
      expect(isDone).toBe(true);
    };
    const isThird = ([key, , headers]: StoredRecord) => key === ids[4] && headers['version'] === '3';

    it('opens it', async () => {
      expect(await cli('topics', 'show', EVENTS, '--limit', '1')).toMatchObject({ code: 0 });
      expect(await verifyCopy()).toEqual({ code: 0, kinds: [] });
    });

    it('finds an event whose data was changed', async () => {
      changeOne(EVENTS, isThird, ([key, value, headers, at]) => [
        key,
        String(value).replace('"result":18', '"result":19'),
        headers,
        at,
      ]);

      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['state', 'view'] });
    });

    it('finds an event that is no event any more', async () => {
      changeOne(EVENTS, isThird, ([key, , headers, at]) => [key, '{}', headers, at]);

      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['event', 'view'] });
    });

    it('finds an event that has another sequence or version', async () => {
      changeOne(EVENTS, isThird, ([key, value, headers, at]) => [key, value, { ...headers, sequence: '7000' }, at]);
      expect((await verifyCopy()).kinds).toContain('sequence');
      changeOne(
        EVENTS,
        ([, , headers]) => headers['version'] === '2',
        ([key, value, headers, at]) => {
          return [key, value, { ...headers, version: '4' }, at];
        },
      );
      expect((await verifyCopy()).kinds).toContain('version');
    });

    it('finds a record that is not what was written', async () => {
      tamperWithLog(copy, EVENTS, ([key, value, headers]) => [key, value, headers, 0], { mendChecksum: false });

      expect(await verifyCopy()).toMatchObject({
        code: 1,
        told: expect.stringMatching(/^DAMAGED: .+log\.db is damaged/),
      });
    });

    it('finds a state that is not what the events say', async () => {
      const isState = ([key, value]: StoredRecord) => key === ids[5] && String(value).includes('"version":3');
      changeOne('calculator.state', isState, ([key, value, headers, at]) => {
        return [key, String(value).replace('"value":21', '"value":22'), headers, at];
      });

      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['state'] });
    });

    it('finds rows that were changed, added or taken away', async () => {
      expect(tamperWithViews(copy, `update calculator_values set value = value + 1 where id = '${ids[1]}'`)).toBe(1);
      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['view'] });
      expect(tamperWithViews(copy, `update calculator_values set value = value - 1 where id = '${ids[1]}'`)).toBe(1);
      expect(await verifyCopy()).toEqual({ code: 0, kinds: [] });
      expect(tamperWithViews(copy, `delete from calculator_value_history where id = '${ids[1]}' and version = 2`)).toBe(
        1,
      );
      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['view'] });
      expect(tamperWithViews(copy, `insert into calculator_values values ('x', 1, 1)`)).toBe(1);
      const { output } = await runHere({ DATA_DIR: copy }, 'verify');
      expect(output).toContain('row x is of no event');
      expect(output).toContain(`row ${ids[1]}/2 is missing`);
    });

    it('finds a checkpoint past the end', async () => {
      const moved = `update checkpoints set next_offset = 90000 where view = 'calculator.value' and partition = 0`;
      expect(tamperWithViews(copy, moved)).toBe(1);

      expect(await verifyCopy()).toEqual({ code: 1, kinds: ['checkpoint'] });
    });
  });
});
