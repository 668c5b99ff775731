import type { PaymentEvent } from '../modules/payments/contracts';
import { encodeEvent } from '../platform/log/envelope';
import type { LogRecord, NewRecord } from '../platform/log/log.port';
import { Findings } from '../platform/operations/verify/findings';
import type { LogReader } from '../platform/operations/verify/log-reader';
import { verifyLedger } from './verify-ledger';

const EVENTS = 'payments.events';
/** Where each user's events lie. */
const partitionOf: Readonly<Record<string, number>> = { alice: 0, bob: 1, ghost: 2 };

type Step = readonly [user: string, event: PaymentEvent];

const registered = (user: string, balance = 100): Step => {
  return [user, { type: 'UserRegistered', data: { name: user, username: user, balance } }];
};
const sent = (from: string, to: string, paymentId: string, amount: number, balance: number): Step => [
  from,
  {
    type: 'PaymentSent',
    data: { paymentId, amount, balance, fromUserName: from, toUserId: to, toUserName: to, notes: null, request: null },
  },
];
const received = (from: string, to: string, paymentId: string, amount: number, balance: number): Step => [
  to,
  {
    type: 'PaymentReceived',
    data: { paymentId, amount, balance, fromUserId: from, fromUserName: from, toUserName: to },
  },
];
const refused = (from: string, to: string, paymentId: string, amount: number): Step => {
  return [
    to,
    { type: 'PaymentRefused', data: { paymentId, amount, fromUserId: from, reason: 'USER_NOT_FOUND', request: null } },
  ];
};
const returned = (from: string, to: string, paymentId: string, amount: number, balance: number): Step => [
  from,
  {
    type: 'PaymentReturned',
    data: { paymentId, amount, balance, toUserId: to, reason: 'USER_NOT_FOUND', request: null },
  },
];

/** Both pay each other back and forth, so that no partition can be read to its end before the other. */
const sound: readonly Step[] = [
  registered('alice'),
  registered('bob'),
  sent('bob', 'alice', 'p1', 10, 90),
  received('bob', 'alice', 'p1', 10, 110),
  sent('alice', 'bob', 'p2', 110, 0),
  received('alice', 'bob', 'p2', 110, 200),
  sent('bob', 'ghost', 'p3', 5, 195),
  refused('bob', 'ghost', 'p3', 5),
  returned('bob', 'ghost', 'p3', 5, 200),
  sent('bob', 'alice', 'p4', 1, 199),
];

function recordsOf(steps: readonly Step[]): LogRecord[][] {
  const partitions: LogRecord[][] = [[], [], []];
  for (const [user, event] of steps) {
    const partition = partitionOf[user] ?? 0;
    const log = partitions[partition];
    if (log === undefined) continue;
    const offset = log.length;
    const place = {
      topic: EVENTS,
      partition,
      source: '/payments/user',
      schemaVersion: 1,
      version: offset + 1,
      sequence: offset + 1,
      index: 0,
    };
    const metadata = { commandId: 'c', identity: user, correlationId: 'c', receivedAt: 1_763_712_000_000 };
    const record: NewRecord = encodeEvent(event, user, metadata, place);
    log.push({ ...record, partition, offset, timestamp: record.timestamp ?? 0 });
  }
  return partitions;
}

/** A log of which more is there at every look. @param seen how many records of each partition the first look tells of */
function readerOf(partitions: readonly LogRecord[][], seen: readonly number[] = [99, 99, 99]): LogReader {
  let looks = 0;
  return {
    bounds: () => {
      const ends = partitions.map(({ length }, partition) =>
        Math.min(length, looks > 0 ? 99 : (seen[partition] ?? 99)),
      );
      looks++;
      return Promise.resolve(new Map([[EVENTS, ends.map((end) => ({ start: 0, end }))]]));
    },
    async *read(_topic, partition, from, to) {
      const all = (partitions[partition] ?? []).slice(from, to);
      // In small batches, as a log gives them.
      for (let at = 0; at < all.length; at += 2) yield Promise.resolve(all.slice(at, at + 2));
    },
  };
}

async function audit(steps: readonly Step[], seen?: readonly number[]) {
  const findings = new Findings();
  const totals = await verifyLedger(readerOf(recordsOf(steps), seen), findings);
  return { totals, told: findings.kept.map(({ place, message }) => `${place} ${message}`) };
}

/** The history with one step in place of another. */
function instead(at: number, step: Step): Step[] {
  return sound.map((known, index) => (index === at ? step : known));
}

describe('The audit of payments', () => {
  it('finds nothing in sound books, in whatever partitions the legs lie', async () => {
    const { totals, told } = await audit(sound);

    expect(told).toEqual([]);
    expect(totals).toEqual({
      users: 2,
      payments: 4,
      completed: 2,
      returned: 1,
      inFlight: 1,
      granted: 200n,
      held: 200n,
    });
  });

  it('looks again for a first leg that came after its first look', async () => {
    const { totals, told } = await audit(sound, [2, 1, 0]);

    expect(told).toEqual([]);
    expect(totals.payments).toBe(4);
  });

  it.each([
    [
      'a balance that does not follow',
      instead(3, received('bob', 'alice', 'p1', 10, 111)),
      /^payments\.events\/0@1 alice has 111, and should have 110$/,
    ],
    [
      'a leg that is not equal',
      instead(3, received('bob', 'alice', 'p1', 9, 109)),
      /^payments\.events\/0@1 the legs of p1 differ/,
    ],
    [
      'a payee who is another',
      instead(3, received('ghost', 'alice', 'p1', 10, 110)),
      /^payments\.events\/0@1 the legs of p1 differ/,
    ],
    [
      'a second leg without a first',
      instead(3, received('bob', 'alice', 'p9', 10, 110)),
      /^payments\.events\/0@1 p9 has no first leg$/,
    ],
    [
      'a payment that is received twice',
      [...sound, received('bob', 'alice', 'p1', 10, 10)],
      /^payments\.events\/0@3 p1 has no first leg$/,
    ],
    [
      'a payment that is sent twice',
      [...sound, sent('bob', 'alice', 'p4', 1, 198)],
      /^payments\.events\/1@6 p4 is sent twice$/,
    ],
    [
      'money that is granted twice',
      [...sound, registered('alice', 100)],
      /^payments\.events\/0@3 alice is granted money a second time$/,
    ],
    [
      'a return of what was not refused',
      [...sound, returned('bob', 'alice', 'p4', 1, 200)],
      /^payments\.events\/1@6 the legs of p4 differ/,
    ],
  ] as const)('tells of %s, and where', async (_name, steps, first) => {
    const { told } = await audit(steps);

    expect(told[0]).toMatch(first);
  });

  it('tells of money that nobody was granted', async () => {
    const { told } = await audit(instead(3, received('bob', 'alice', 'p9', 10, 110)));

    expect(told).toContainEqual('payments.events/0@1 all that is held and in flight is 10 off what was granted');
  });

  it('tells of a balance below zero', async () => {
    const unreadable = recordsOf(sound);
    const [first] = unreadable[1] ?? [];
    if (first !== undefined)
      unreadable[1] = [{ ...first, value: JSON.stringify({ name: 'b', username: 'b', balance: -1 }) }];
    const findings = new Findings();
    await verifyLedger(readerOf(unreadable), findings);

    expect(findings.kept[0]?.place).toBe('payments.events/1@0');
  });
});
