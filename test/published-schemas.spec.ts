import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { modules } from '../src/app.module';
import { event, eventContract, nextVersion } from '../src/kernel/event-contract';
import { breaches, publish, readPublished, schemasOf } from './support/published-schemas.ts';

const folder = join(repositoryRoot(), 'docs', 'schemas');
const contracts = modules.flatMap(({ feature }) => feature.aggregates.map(({ events }) => events));

describe('The published schemas of events', () => {
  const code = schemasOf(contracts);
  // `npm run schemas:publish`: adds what is missing, and then still fails on what was changed.
  if (process.env['PUBLISH_SCHEMAS'] === 'true') beforeAll(() => publish(folder, code));

  it('are those of the code: never changed, never removed, none missing', () => {
    expect(code.size).toBeGreaterThan(2);
    expect(breaches(readPublished(folder), code)).toEqual([]);
  });

  it('belong to events whose examples match them', () => {
    for (const { events } of contracts) {
      for (const { schema, example } of Object.values(events)) expect(schema.parse(example)).toEqual(example);
    }
  });
});

describe('The check of published schemas', () => {
  const paid = event(z.strictObject({ amount: z.int() }), { amount: 1 });
  const now = schemasOf([eventContract('payments', { Paid: paid })]);
  const laterWith = (definition: Parameters<typeof eventContract>[1][string]) =>
    schemasOf([eventContract('payments', { Paid: definition })]);

  it('accepts a version that is added', () => {
    const currency = z.strictObject({ amount: z.int(), currency: z.string() });
    const older = nextVersion(paid, currency, { amount: 1, currency: 'EUR' }, (old) => ({ ...old, currency: 'EUR' }));
    const later = laterWith(older);

    expect([...later.keys()]).toEqual(['payments/Paid.1.json', 'payments/Paid.2.json']);
    expect(later.get('payments/Paid.1.json')).toEqual(now.get('payments/Paid.1.json'));
    expect(breaches(now, later)).toEqual([
      'payments/Paid.2.json is not published: run npm run schemas:publish and commit it.',
    ]);
    expect(breaches(later, later)).toEqual([]);
  });

  it.each([
    ['a field was added', z.strictObject({ amount: z.int(), currency: z.string() })],
    ['an optional field was added', z.strictObject({ amount: z.int(), note: z.string().optional() })],
    ['a type was changed', z.strictObject({ amount: z.string() })],
    ['a bound was added', z.strictObject({ amount: z.int().min(1) })],
    ['unknown fields were let in', z.looseObject({ amount: z.int() })],
  ])('refuses a published schema when %s', (_change, schema) => {
    const [breach] = breaches(now, laterWith({ version: 1, schema, example: {}, previous: {} }));

    expect(breach).toMatch(/^payments\/Paid\.1\.json is published and was changed: .*add a version with nextVersion/);
  });

  it('refuses that one is removed', () => {
    expect(breaches(now, schemasOf([eventContract('payments', {})]))).toEqual([
      expect.stringMatching(/^payments\/Paid\.1\.json is published and gone from the code/),
    ]);
  });

  it('publishes what is missing, and never touches what is published', () => {
    const place = mkdtempSync(join(tmpdir(), 'schemas-'));
    try {
      publish(place, now);
      expect(readPublished(place)).toEqual(now);
      const changed = laterWith(event(z.strictObject({ amount: z.string() }), { amount: '1' }));
      publish(place, changed);
      expect(readPublished(place)).toEqual(now);
      expect(breaches(readPublished(place), changed)).toHaveLength(1);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});
