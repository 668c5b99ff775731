import type { RecordedEvent } from '../kernel/event-contract';
import { LedgerAudit, paymentEvents, type LedgerTotals, type PaymentEvent } from '../modules/payments/contracts';
import { decodeEvent, topicsOf } from '../platform/log/envelope';
import type { LogRecord } from '../platform/log/log.port';
import type { Findings } from '../platform/operations/verify/findings';
import type { LogReader } from '../platform/operations/verify/log-reader';

const { events: EVENTS } = topicsOf(paymentEvents.module);

/** One partition on its way through the audit. */
interface Reading {
  readonly partition: number;
  end: number;
  /** Offset that `records` ends at. */
  next: number;
  records: AsyncIterator<readonly LogRecord[]> | undefined;
  waiting: Entry[];
}

/** A record, and what it says. */
interface Entry {
  readonly place: string;
  readonly event: RecordedEvent<PaymentEvent> | Error;
}

/**
 * Folds all payments in an order that respects causation: no second leg before its first, whatever partitions they are in. May run while
 * payments are made: a leg at the end of one partition whose first is past the end of another sends it to look there again.
 */
export async function verifyLedger(reader: LogReader, findings: Findings): Promise<LedgerTotals> {
  const audit = new LedgerAudit();
  const bounds = (await reader.bounds()).get(EVENTS) ?? [];
  const readings = bounds.map(({ start, end }, partition): Reading => {
    return { partition, end, next: start, records: undefined, waiting: [] };
  });
  let hasLookedAgain = false;
  for (;;) {
    let isMoving = false;
    for (const reading of readings) isMoving = (await advance(reader, reading, audit, findings)) || isMoving;
    const stuck = readings.find(({ waiting }) => waiting.length > 0);
    if (isMoving) hasLookedAgain = false;
    else if (stuck === undefined) return audit.totals;
    else if (!hasLookedAgain) {
      hasLookedAgain = true;
      await lookAgain(reader, readings);
    } else take(stuck, audit, findings);
  }
}

/** Takes what a partition has, until something must come first. @returns whether it took anything */
async function advance(reader: LogReader, reading: Reading, audit: LedgerAudit, findings: Findings): Promise<boolean> {
  let isMoving = false;
  for (;;) {
    const [entry] = reading.waiting;
    if (entry === undefined) {
      if (!(await readOn(reader, reading))) return isMoving;
    } else {
      if (!(entry.event instanceof Error) && audit.isEarly(entry.event)) return isMoving;
      take(reading, audit, findings);
      isMoving = true;
    }
  }
}

function take({ waiting }: Reading, audit: LedgerAudit, findings: Findings): void {
  const entry = waiting.shift();
  if (entry === undefined) return;
  const { place, event } = entry;
  const wrong = event instanceof Error ? [event.message] : audit.take(event);
  for (const message of wrong) findings.add('ledger', place, message);
}

function decoded(record: LogRecord): RecordedEvent<PaymentEvent> | Error {
  try {
    // The contract's own schemas have made it.
    return decodeEvent(paymentEvents, record) as RecordedEvent<PaymentEvent>;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** @returns whether there was more */
async function readOn(reader: LogReader, reading: Reading): Promise<boolean> {
  const { partition, next, end } = reading;
  if (reading.records === undefined) {
    if (next >= end) return false;
    reading.records = reader.read(EVENTS, partition, next, end)[Symbol.asyncIterator]();
    reading.next = end;
  }
  const { done, value } = await reading.records.next();
  if (done === true) {
    reading.records = undefined;
    return readOn(reader, reading);
  }
  reading.waiting = value.map((record) => {
    return { place: `${record.topic}/${record.partition}@${record.offset}`, event: decoded(record) };
  });
  return true;
}

/** What something follows from was committed before it: a later look at the bounds covers it. */
async function lookAgain(reader: LogReader, readings: readonly Reading[]): Promise<void> {
  const bounds = (await reader.bounds()).get(EVENTS) ?? [];
  for (const reading of readings) reading.end = bounds[reading.partition]?.end ?? reading.end;
}
