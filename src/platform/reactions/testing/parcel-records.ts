import { encodeEvent, topicsOf } from '../../log/envelope';
import type { LogRecord, NewRecord } from '../../log/log.port';
import type { ParcelEvent } from './parcel.fixture';

export const { events: EVENTS, commands: COMMANDS, state: STATE } = topicsOf('parcels');

/** Writes events with gapless sequences, as a processor would. */
export class ParcelWriter {
  private readonly sequences = new Map<number, number>();
  private readonly versions = new Map<string, number>();

  constructor(private readonly partitions: number) {}

  /** An event of the depot `id`, in the partition of its last digit. */
  record(id: string, event: ParcelEvent, more: Readonly<Record<string, string>> = {}): NewRecord {
    const partition = Number(id.slice(-1)) % this.partitions;
    const sequence = (this.sequences.get(partition) ?? 0) + 1;
    const version = (this.versions.get(id) ?? 0) + 1;
    this.sequences.set(partition, sequence);
    this.versions.set(id, version);
    const metadata = {
      commandId: `c-${partition}-${sequence}`,
      identity: 'alice',
      correlationId: 'a request',
      receivedAt: 7,
    };
    const place = { topic: EVENTS, partition, source: '/parcels/depot', schemaVersion: 1, version, sequence, index: 0 };
    const record = encodeEvent(event, id, metadata, place);
    return { ...record, headers: { ...record.headers, ...more } };
  }
}

export const sentTo = (to: string, weight = 1): ParcelEvent => ({ type: 'Sent', data: { to, weight } });
export const arrivedFrom = (from: string, weight = 1): ParcelEvent => ({ type: 'Arrived', data: { from, weight } });
export const counted: ParcelEvent = { type: 'Counted', data: {} };

/** As it is read at an offset. */
export function read(record: NewRecord, offset = 0): LogRecord {
  return { partition: 0, timestamp: 0, ...record, offset };
}
