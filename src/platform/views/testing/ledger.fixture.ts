import { z } from 'zod';
import { event, eventContract, nextVersion, type EventOf } from '../../../kernel/event-contract';
import type { View } from '../../../kernel/view';
import { unreachable } from '../../../kernel/decider';
import { encodeEvent } from '../../log/envelope';
import type { NewRecord } from '../../log/log.port';

const opened = event(z.strictObject({ owner: z.string(), amount: z.number() }), { owner: 'alice', amount: 1 });
const booked = event(z.strictObject({ amount: z.number(), tags: z.array(z.string()) }), { amount: 0.5, tags: ['a'] });
const handedOver = event(z.strictObject({ owner: z.string() }), { owner: 'bob' });
const closed = event(z.strictObject({}), {});

/** A module that exists for the tests of the reading side alone. */
export const ledgerEvents = eventContract('ledger', {
  Opened: opened,
  Booked: booked,
  HandedOver: handedOver,
  Closed: closed,
});

/** The same module after an upgrade: an event of a version that {@link ledgerEvents} does not know. */
export const newerLedgerEvents = eventContract('ledger', {
  Opened: opened,
  Booked: nextVersion(booked, z.strictObject({ cents: z.number() }), { cents: 1 }, ({ amount }) => ({ cents: amount })),
  HandedOver: handedOver,
  Closed: closed,
});

export type LedgerEvent = EventOf<typeof ledgerEvents>;

/** What a test gives; the rest of the event follows. */
export interface LedgerEntry {
  readonly id: string;
  readonly event: LedgerEvent;
}

export type AccountRow = {
  readonly id: string;
  readonly owner: string;
  readonly total: number;
  readonly bookings: number;
  readonly tags: readonly string[];
  readonly note: string | null;
};

/** One row per open account; rows change hands and go away. */
export const accountsView: View<AccountRow, LedgerEvent> = {
  name: 'ledger.accounts',
  sources: [ledgerEvents],
  stream: 'table',
  table: {
    name: 'ledger_accounts',
    columns: { id: 'text', owner: 'text', total: 'double', bookings: 'integer', tags: 'json', note: 'text' },
    key: ['id'],
    indexes: [['owner']],
  },
  project: (event) => {
    const key = { id: event.aggregateId };
    switch (event.type) {
      case 'Opened': {
        const { owner, amount } = event.data;
        const row = { id: event.aggregateId, owner, total: amount, bookings: 0, tags: [], note: null };
        return [{ key, update: () => row }];
      }
      case 'Booked': {
        const { amount, tags } = event.data;
        return [
          {
            key,
            update: (row) =>
              row && { ...row, total: row.total + amount, bookings: row.bookings + 1, tags, note: 'booked' },
          },
        ];
      }
      case 'HandedOver': {
        const { owner } = event.data;
        return [{ key, update: (row) => row && { ...row, owner } }];
      }
      case 'Closed':
        return [{ key, update: () => undefined }];
      default:
        return unreachable(event);
    }
  },
};

export type EntryRow = {
  readonly id: string;
  readonly sequence: number;
  readonly place: number;
  readonly what: string;
};

/** One row per event. */
export const entriesView: View<EntryRow, LedgerEvent> = {
  name: 'ledger.entries',
  sources: [ledgerEvents],
  stream: 'log',
  table: {
    name: 'ledger_entries',
    columns: { id: 'text', sequence: 'integer', place: 'integer', what: 'text' },
    key: ['place', 'sequence'],
    indexes: [['id']],
  },
  project: (event) => {
    const { aggregateId: id, sequence, partition: place, type: what } = event;
    return [{ key: { place, sequence }, update: () => ({ id, sequence, place, what }) }];
  },
};

/** Writes ledger events with gapless sequences, as a processor would. */
export class LedgerWriter {
  private readonly sequences = new Map<number, number>();
  private readonly versions = new Map<string, number>();

  constructor(private readonly partitions: number) {}

  /** @param partition default: by the id's last digit */
  record({ id, event }: LedgerEntry, partition: number = Number(id.slice(-1)) % this.partitions): NewRecord {
    const sequence = (this.sequences.get(partition) ?? 0) + 1;
    const version = (this.versions.get(id) ?? 0) + 1;
    this.sequences.set(partition, sequence);
    this.versions.set(id, version);
    return encodeEvent(
      event,
      id,
      { commandId: `c${partition}-${sequence}`, identity: 'anonymous', correlationId: 'c', receivedAt: 1_000 },
      {
        topic: 'ledger.events',
        partition,
        source: '/ledger',
        schemaVersion: 1,
        version,
        sequence,
        index: 0,
      },
    );
  }
}
