import * as fc from 'fast-check';
import type { RowChange, RowShape, TableDefinition } from '../../kernel/view';
import { keyText, RowCodec } from './row.codec';
import { InvalidRow } from './views.errors';
import { foldBatch, FoldFailed, type ViewWrites } from './view-fold';

const table: TableDefinition<RowShape> = {
  name: 'things',
  columns: { id: 'text', owner: 'text', count: 'integer' },
  key: ['id'],
  indexes: [['owner']],
};
const codec = new RowCodec(table);

const set = (id: string, owner: string): RowChange<RowShape> => ({
  key: { id },
  update: (row) => ({ id, owner, count: Number(row?.['count'] ?? 0) + 1 }),
});
const remove = (id: string): RowChange<RowShape> => ({ key: { id }, update: () => undefined });

function applied(rows: Map<string, RowShape>, writes: ViewWrites): Map<string, RowShape> {
  const next = new Map(rows);
  for (const { row } of writes.rows) next.set(keyText(codec.key(row)), row);
  for (const key of writes.deletes) next.delete(keyText(key));
  return next;
}

describe('the fold of a batch', () => {
  it('G6: leaves the same rows however the events are cut into batches', () => {
    const change = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y'), fc.boolean())
      .map(([id, owner, isSet]) => [isSet ? set(id, owner) : remove(id)]);
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.array(fc.nat({ max: 20 })), (events, cuts) => {
        const whole = applied(new Map(), foldBatch(codec, 'table', events, new Map(), 0));
        let rows = new Map<string, RowShape>();
        let seq = 0;
        const ends = [...cuts.map((cut) => Math.min(cut, events.length)).sort((a, b) => a - b), events.length];
        let start = 0;
        for (const end of ends) {
          const writes = foldBatch(codec, 'table', events.slice(start, end), rows, seq);
          const places = [...writes.rows, ...writes.marks].map((one) => one.seq);
          expect(new Set(places).size).toBe(places.length);
          expect(places.every((place) => place > seq && place <= writes.seq)).toBe(true);
          rows = applied(rows, writes);
          seq = writes.seq;
          start = end;
        }
        expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(whole));
      }),
    );
  });

  it('marks a row that goes, and one that changes an indexed column', () => {
    const existing = new Map([
      ['a', { id: 'a', owner: 'x', count: 1 }],
      ['b', { id: 'b', owner: 'x', count: 1 }],
      ['c', { id: 'c', owner: 'x', count: 1 }],
    ]);
    const { marks, rows, deletes, seq } = foldBatch(
      codec,
      'table',
      [[remove('a'), set('b', 'y'), set('c', 'x')]],
      existing,
      7,
    );
    expect(marks).toEqual([
      { seq: 8, columns: { id: 'a', owner: 'x' }, moved: null },
      { seq: 9, columns: { id: 'b', owner: 'x' }, moved: { id: 'b', owner: 'y' } },
    ]);
    expect(rows.map((placed) => placed.seq)).toEqual([10, 11]);
    expect(deletes).toEqual([['a']]);
    expect(seq).toBe(11);
  });

  it('writes nothing for a row that came and went, or stayed the same', () => {
    const existing = new Map([['b', { id: 'b', owner: 'x', count: 1 }]]);
    const same: RowChange<RowShape> = { key: { id: 'b' }, update: (row) => row };
    expect(foldBatch(codec, 'table', [[set('a', 'x')], [remove('a'), same]], existing, 3)).toEqual({
      rows: [],
      deletes: [],
      marks: [],
      seq: 3,
    });
  });

  it('raises the counter of a view that is not streamed whenever it writes', () => {
    expect(foldBatch(codec, undefined, [[set('a', 'x')]], new Map(), 3)).toMatchObject({ seq: 4, rows: [{ seq: 0 }] });
  });

  it('makes a negative zero a zero, because SQLite does', () => {
    const change: RowChange<RowShape> = { key: { id: 'a' }, update: () => ({ id: 'a', owner: 'x', count: -0 }) };
    expect(foldBatch(codec, 'table', [[change]], new Map(), 0).rows[0]?.row['count']).toBe(0);
  });

  it.each([
    ['a missing column', { id: 'a', owner: 'x' }],
    ['an unknown column', { id: 'a', owner: 'x', count: 1, more: 1 }],
    ['a fraction in an integer column', { id: 'a', owner: 'x', count: 0.5 }],
    ['a number in a text column', { id: 'a', owner: 1, count: 1 }],
    ['another key', { id: 'b', owner: 'x', count: 1 }],
  ])('refuses a row with %s, and says which event made it', (_, row) => {
    const bad: RowChange<RowShape> = { key: { id: 'a' }, update: () => row };
    const folding = (): unknown => foldBatch(codec, 'table', [[set('c', 'x')], [bad]], new Map(), 0);
    expect(folding).toThrow(FoldFailed);
    expect(folding).toThrow(expect.objectContaining({ index: 1, cause: expect.any(InvalidRow) }));
  });

  it('refuses to change or delete a row of a log view', () => {
    expect(() => foldBatch(codec, 'log', [[set('a', 'x')], [set('a', 'x')]], new Map(), 0)).toThrow(FoldFailed);
    const gone = new Map([['a', { id: 'a', owner: 'x', count: 1 }]]);
    expect(() => foldBatch(codec, 'log', [[remove('a')]], gone, 0)).toThrow(FoldFailed);
  });
});
