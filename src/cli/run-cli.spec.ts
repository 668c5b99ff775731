import { eventually } from '../../test/support/eventually.ts';
import { MemoryLog } from '../platform/log/testing/memory-log';
import { MemoryDeadLetters, MemoryViews } from '../platform/operations/testing/memory-operations';
import { runCommand } from './testing/cli-run';

const letter = {
  id: 'm.processor:m.commands:0:7',
  consumer: 'm.processor',
  topic: 'm.commands',
  partition: 0,
  offset: 7,
  key: 'a',
  cause: 'the value is \u001b[2J no JSON',
  parkedAt: '2026-01-31T12:00:00.000Z',
  behind: 2,
  headers: { identity: 'alice' },
  value: '{"amount":1}',
};

describe('The command line', () => {
  it('answers help with 0 and misuse with 64', async () => {
    expect(await runCommand('--help')).toMatchObject({ code: 0, output: expect.stringContaining('Exit codes') });
    expect(await runCommand('views rebuild')).toMatchObject({ code: 64, output: '' });
    expect(await runCommand('views burn')).toMatchObject({ code: 64 });
    expect(await runCommand('topics show x --limit many')).toMatchObject({ code: 64 });
  });

  it('tells every fault of the settings and ends with 78', async () => {
    const { code, told } = await runCommand('views list', {
      environment: { PORT: 'x', LOG_LEVEL: 'loud' },
    });
    expect({ code, told }).toMatchObject({
      code: 78,
      told: expect.stringMatching(/SETTINGS: PORT .+\nSETTINGS: LOG_LEVEL/),
    });
  });
});

describe('views', () => {
  it('lists them as a table or as one JSON document, and ends with 1 when one has failed', async () => {
    const views = new MemoryViews(['m.one', 'm.two']);
    const healthy = await runCommand('views list', { services: { views } });
    expect(healthy).toEqual({
      code: 0,
      output:
        'VIEW   STATUS  GENERATION  LAG  PROGRESS\nm.one  live             1    0\nm.two  live             1    0\n',
      told: '',
    });

    views.fail('m.two', 'poison');
    const failed = await runCommand('views list --json', { services: { views } });
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.output)).toMatchObject([{ name: 'm.one' }, { status: 'failed', failure: 'poison' }]);
  });

  it('draws the progress of a rebuild and ends when it is swapped', async () => {
    const views = new MemoryViews(['m.one']);
    let drawn = '';
    const heard = (text: string): void => void (drawn += text);
    const run = runCommand('views rebuild m.one', { services: { views }, isInteractive: true, heard });
    await eventually(() => drawn.includes('0 of 10'));
    views.advance('m.one', 5);
    await eventually(() => drawn.includes('5 of 10'));
    views.advance('m.one', 10);

    expect(await run).toMatchObject({
      code: 0,
      output: 'm.one is live in generation 2\n',
      told: expect.stringContaining('50 %, 5 of 10, 5 records/s, 1 s left'),
    });
  });

  it('ends with 1 when a rebuild ends without a swap', async () => {
    const views = new MemoryViews(['m.one']);
    const run = runCommand('views rebuild m.one', { services: { views } });
    await eventually(async () => (await views.list())[0]?.status === 'rebuilding');
    await views.abort('m.one');

    expect(await run).toMatchObject({ code: 1, output: expect.stringContaining('not swapped'), told: '' });
  });

  it('leaves a rebuild running on ^C, and says so', async () => {
    const views = new MemoryViews(['m.one']);
    const interrupt = new AbortController();
    const run = runCommand('views rebuild m.one', { services: { views }, interrupted: interrupt.signal });
    await eventually(async () => (await views.list())[0]?.status === 'rebuilding');
    interrupt.abort();

    expect(await run).toMatchObject({ code: 130, told: expect.stringContaining('the rebuild goes on') });
    expect(await views.list()).toMatchObject([{ status: 'rebuilding' }]);
  });

  it('does not wait with --no-wait, and tells what cannot be done by its code', async () => {
    const views = new MemoryViews(['m.one']);
    const world = { services: { views } };

    expect(await runCommand('views rebuild m.one --no-wait', world)).toMatchObject({ code: 0 });
    expect(await runCommand('views rebuild m.one', world)).toMatchObject({ code: 75, output: '' });
    expect(await runCommand('views abort m.one', world)).toMatchObject({ code: 0 });
    expect(await runCommand('views abort m.one', world)).toMatchObject({ code: 75 });
    expect(await runCommand('views rebuild m.three', world)).toMatchObject({ code: 66 });
  });
});

describe('dead letters', () => {
  it('are listed, with nothing in them that drives the terminal', async () => {
    const deadLetters = new MemoryDeadLetters([letter]);
    const { output } = await runCommand('dead-letters list', { services: { deadLetters } });

    expect(output).toContain('the value is \\u{1b}[2J no JSON');
    expect(output).toMatch(/^ID +KEY +PARKED AT +BEHIND +CAUSE\nm\.processor:m\.commands:0:7 +a +2026/);
  });

  it('are shown with their value decoded, retried and dropped', async () => {
    const deadLetters = new MemoryDeadLetters([letter, { ...letter, id: 'two' }]);
    const world = { services: { deadLetters } };
    const shown = await runCommand(`dead-letters show ${letter.id} --json`, world);

    expect(JSON.parse(shown.output)).toMatchObject({ value: { amount: 1 }, headers: { identity: 'alice' } });
    expect(await runCommand(`dead-letters retry ${letter.id}`, world)).toMatchObject({ code: 0 });
    expect(await runCommand('dead-letters drop two', world)).toMatchObject({ code: 0 });
    expect(deadLetters.done).toEqual([`retry ${letter.id}`, 'drop two']);
    expect(await runCommand('dead-letters drop two', world)).toMatchObject({ code: 66 });
    expect(await runCommand('dead-letters show two', world)).toMatchObject({ code: 66 });
  });
});

describe('topics', () => {
  const TOPIC = 'm.events';
  async function world() {
    const log = new MemoryLog();
    await log.ensureTopics([{ name: TOPIC, partitions: 2, policy: 'keep' }]);
    const record = (partition: number, key: string, timestamp: number, value: string) => {
      return { topic: TOPIC, partition, key, timestamp, value, headers: {} };
    };
    await log.append([
      record(0, 'a', 1_000, '{"n":1}'),
      record(0, 'b', 2_000, '{"n":2}'),
      record(1, 'a', 3_000, 'no \u001b[2J JSON'),
      record(1, 'c', 4_000, '{"n":4}'),
    ]);
    return { log, services: { topics: [TOPIC] } };
  }
  const offsets = async (options: string): Promise<string[]> => {
    const { output } = await runCommand(`topics show ${TOPIC} --json ${options}`.trim(), await world());
    const records = JSON.parse(output) as { partition: number; offset: number }[];
    return records.map(({ partition, offset }) => `${partition}@${offset}`);
  };

  it('shows records by partition, offset, time, key and number', async () => {
    expect(await offsets('')).toEqual(['0@0', '0@1', '1@0', '1@1']);
    expect(await offsets('--partition 1')).toEqual(['1@0', '1@1']);
    expect(await offsets('--from 1')).toEqual(['0@1', '1@1']);
    expect(await offsets('--time 1970-01-01T00:00:02Z')).toEqual(['0@1', '1@0', '1@1']);
    expect(await offsets('--time 4000')).toEqual(['1@1']);
    expect(await offsets('--key a')).toEqual(['0@0', '1@0']);
    expect(await offsets('--key a --limit 1')).toEqual(['0@0']);
    expect(await offsets('--from 9')).toEqual([]);
  });

  it('decodes values for people, and what is no JSON is told as it is, harmlessly', async () => {
    const { output } = await runCommand(`topics show ${TOPIC}`, await world());

    expect(output.split('\n').slice(0, 3)).toEqual([
      '0@0 1970-01-01T00:00:01.000Z a {"n":1}',
      '0@1 1970-01-01T00:00:02.000Z b {"n":2}',
      '1@0 1970-01-01T00:00:03.000Z a "no \\u001b[2J JSON"',
    ]);
  });

  it('are listed with bounds and policy', async () => {
    const { output } = await runCommand('topics list', await world());

    expect(output).toMatch(
      /TOPIC +PARTITION +START +END +POLICY\nm\.events +0 +0 +2 +keep\nm\.events +1 +0 +2 +keep\n$/,
    );
  });

  it('refuses a topic or a partition that is not there', async () => {
    expect(await runCommand('topics show other', await world())).toMatchObject({ code: 66 });
    expect(await runCommand(`topics tail ${TOPIC} --partition 2`, await world())).toMatchObject({ code: 66 });
  });
});
