import fc from 'fast-check';
import type { RecordedEvent } from '../../../kernel/event-contract';
import type { RowChange } from '../../../kernel/view';
import type { CustomerChange } from '../../accounts/contracts';
import type { OrderEvent } from '../domain/order.events';
import { documentView, type DocumentRow } from './document.view';

type Step = readonly RowChange<DocumentRow>[];

const sealed = (text: string): string => `siv1.${text.padEnd(22, '_')}`;
const items = [{ productId: 'cup', title: 'Cup', price: 5, quantity: 3 }];

function change(id: string, version: number): CustomerChange {
  const leaf = sealed(`${id}-${version}`);
  return {
    id,
    version,
    name: { title: null, firstName: leaf, middleName: null, lastName: leaf, suffix: null },
    contact: { primaryPhone: leaf, secondaryPhone: null, email: leaf },
    addresses: [],
  };
}

function told(key: string, data: CustomerChange | null): Step {
  const [follows] = documentView.follows ?? [];
  if (follows === undefined) throw new Error('the view follows nothing');
  return follows.project({ key, data });
}

function happened(orderId: string, version: number, event: OrderEvent): Step {
  const recorded: RecordedEvent<OrderEvent> = {
    ...event,
    id: `${orderId}:${version}`,
    aggregateId: orderId,
    version,
    sequence: version,
    at: 1_000,
    identity: 'clerk',
    correlationId: 'c',
    causationId: 'c',
    partition: 0,
  };
  return documentView.project(recorded, () => null);
}

/** What is told of one customer: so many versions, a tombstone or not, and, as after a crash, some of it told again. */
const customerStory = (id: string) =>
  fc
    .record({
      versions: fc.integer({ min: 0, max: 4 }),
      isErased: fc.boolean(),
      again: fc.array(fc.nat(5), { maxLength: 2 }),
    })
    .map(({ versions, isErased, again }) => {
      const messages = Array.from({ length: versions }, (_, at) => told(id, change(id, at + 1)));
      if (versions > 0 && isErased) messages.push(told(id, null));
      const repeated = again.flatMap((from) => messages.slice(from));
      return [...messages, ...repeated];
    });

const orderStory = (orderId: string, customerId: string) =>
  fc.constantFrom('open' as const, 'OrderShipped' as const, 'OrderCancelled' as const).map((end) => {
    const placed = happened(orderId, 1, { type: 'OrderPlaced', data: { customerId, items } });
    return end === 'open' ? [placed] : [placed, happened(orderId, 2, { type: end, data: { customerId } })];
  });

const stories = fc.tuple(
  customerStory('a'),
  customerStory('b'),
  orderStory('o1', 'a'),
  orderStory('o2', 'a'),
  orderStory('o3', 'b'),
  orderStory('o4', 'nobody'),
);

/** Any order of arrival that keeps the order within each story. */
function shuffled(from: readonly (readonly Step[])[], choices: readonly number[]): Step[] {
  const rest = from.map((story) => [...story]);
  const steps: Step[] = [];
  for (let turn = 0; rest.some((story) => story.length > 0); turn++) {
    const open = rest.filter((story) => story.length > 0);
    const step = open[(choices[turn % choices.length] ?? 0) % open.length]?.shift();
    if (step !== undefined) steps.push(step);
  }
  return steps;
}

function rowsAfter(steps: readonly Step[]): Map<string, DocumentRow> {
  const rows = new Map<string, DocumentRow>();
  for (const { key, update } of steps.flat()) {
    const name = `${key.customer_id}/${key.order_id}`;
    const row = update(rows.get(name));
    if (row === undefined) rows.delete(name);
    else rows.set(name, row);
  }
  return new Map([...rows].sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe('The documents of orders', () => {
  it('become the same however customers and orders come: late, twice, before, after or never', () => {
    fc.assert(
      fc.property(stories, fc.array(fc.nat(100), { minLength: 1, maxLength: 60 }), (told_, choices) => {
        expect(rowsAfter(shuffled(told_, choices))).toEqual(rowsAfter(told_.flat()));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keep the newest of what is known of a customer, and every order as it was placed', () => {
    const rows = rowsAfter([
      happened('o1', 1, { type: 'OrderPlaced', data: { customerId: 'a', items } }),
      told('a', change('a', 1)),
      told('a', change('a', 2)),
      told('a', change('a', 1)),
      happened('o1', 2, { type: 'OrderShipped', data: { customerId: 'a' } }),
    ]);

    expect(rows.get('a/')).toMatchObject({
      version: 2,
      customer: { name: { firstName: sealed('a-2') } },
      details: null,
    });
    expect(rows.get('a/o1')?.details).toEqual({ status: 'shipped', items, total: '0.15', placedAt: 1_000 });
  });

  it('forget an erased customer, and no order', () => {
    const placed = happened('o1', 1, { type: 'OrderPlaced', data: { customerId: 'a', items } });
    const rows = rowsAfter([told('a', change('a', 1)), placed, told('a', null)]);

    expect([...rows.keys()]).toEqual(['a/o1']);
  });
});
