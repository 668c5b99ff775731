import type { RowChange, RowShape } from '../../kernel/view';
import { keyText, type RowCodec, type StoredValue } from './row.codec';
import { asError } from '../as-error';
import type { PreparedView, ViewBatch } from './read-store.port';
import { InvalidRow } from './views.errors';

/** A row and its place in the view's stream; 0 where the view is not streamed. */
export interface PlacedRow {
  readonly row: RowShape;
  readonly seq: number;
}

/** A row has left the table, or the set that a filter selects. */
export interface DeleteMark {
  readonly seq: number;
  /** What filters look at, as it was. */
  readonly columns: RowShape;
  /** What filters look at now; `null` when the row is gone. */
  readonly moved: RowShape | null;
}

/** What one transaction writes to a view. */
export interface ViewWrites {
  readonly rows: readonly PlacedRow[];
  readonly deletes: readonly (readonly StoredValue[])[];
  readonly marks: readonly DeleteMark[];
  /** The view's counter afterwards; rises whenever anything is written. */
  readonly seq: number;
}

/** An event's own `update` failed; the events before it can still be folded. */
export class FoldFailed extends Error {
  override readonly name = 'FoldFailed';

  constructor(
    /** Index of the event within the batch. */
    readonly index: number,
    override readonly cause: Error,
  ) {
    super(cause.message);
  }
}

interface Slot {
  readonly key: readonly StoredValue[];
  readonly before: RowShape | undefined;
  after: RowShape | undefined;
}

/** Keys of all rows that the changes touch, by {@link keyText}. @throws InvalidRow */
function touchedKeys(
  codec: RowCodec,
  changes: readonly RowChange<RowShape>[],
  into: Map<string, readonly StoredValue[]>,
): void {
  for (const change of changes) {
    const key = codec.key(change.key);
    into.set(keyText(key), key);
  }
}

/**
 * What these events do to a view, for one transaction.
 * @throws FoldFailed when one of them names an invalid key
 */
export function foldOf(
  { projection, codec }: PreparedView,
  events: readonly (readonly RowChange<RowShape>[])[],
): Pick<ViewBatch, 'keys' | 'fold'> {
  const { stream } = projection;
  const keys = new Map<string, readonly StoredValue[]>();
  for (const [index, changes] of events.entries()) {
    try {
      // A log view only adds rows: it needs none of those that are there.
      if (stream !== 'log') touchedKeys(codec, changes, keys);
    } catch (error) {
      throw new FoldFailed(index, asError(error));
    }
  }
  return { keys, fold: (existing, seq) => foldBatch(codec, stream, events, existing, seq) };
}

/**
 * Folds a batch of events, in order, over the rows as they stand, and gives every row that changed its place in the stream. Pure.
 *
 * @param events the changes of each event
 * @param existing rows as they stand, by {@link keyText}
 * @param seq the view's counter as it stands
 * @throws FoldFailed
 */
export function foldBatch(
  codec: RowCodec,
  stream: 'log' | 'table' | undefined,
  events: readonly (readonly RowChange<RowShape>[])[],
  existing: ReadonlyMap<string, RowShape>,
  seq: number,
): ViewWrites {
  const slots = new Map<string, Slot>();
  for (const [index, changes] of events.entries()) {
    try {
      for (const change of changes) fold(codec, stream, slots, existing, change);
    } catch (error) {
      throw new FoldFailed(index, asError(error));
    }
  }
  return place(codec, stream, slots.values(), seq);
}

function fold(
  codec: RowCodec,
  stream: 'log' | 'table' | undefined,
  slots: Map<string, Slot>,
  existing: ReadonlyMap<string, RowShape>,
  change: RowChange<RowShape>,
): void {
  const key = codec.key(change.key);
  const text = keyText(key);
  let slot = slots.get(text);
  if (slot === undefined) {
    const before = existing.get(text);
    slot = { key, before, after: before };
    slots.set(text, slot);
  } else if (stream === 'log') {
    throw new InvalidRow(`${codec.table.name}: a log view adds each row once, ${text} came again`);
  }
  const after = change.update(slot.after);
  if (after === slot.after) return;
  if (after === undefined) {
    if (stream === 'log') throw new InvalidRow(`${codec.table.name}: a log view only adds rows`);
    slot.after = undefined;
    return;
  }
  const row = codec.normalised(after);
  if (keyText(codec.key(row)) !== text) throw new InvalidRow(`${codec.table.name}: the row is not of key ${text}`);
  slot.after = row;
}

function place(codec: RowCodec, stream: 'log' | 'table' | undefined, slots: Iterable<Slot>, seq: number): ViewWrites {
  const rows: PlacedRow[] = [];
  const deletes: (readonly StoredValue[])[] = [];
  const marks: DeleteMark[] = [];
  let last = seq;
  for (const { key, before, after } of slots) {
    if (after === before) continue;
    if (stream === 'table' && before !== undefined) {
      if (after === undefined) marks.push({ seq: ++last, columns: codec.filterPart(before), moved: null });
      else if (!codec.isSameToFilters(before, after)) {
        marks.push({ seq: ++last, columns: codec.filterPart(before), moved: codec.filterPart(after) });
      }
    }
    if (after === undefined) deletes.push(key);
    else rows.push({ row: after, seq: stream === undefined ? 0 : ++last });
  }
  if (last === seq && rows.length + deletes.length > 0) last++;
  return { rows, deletes, marks, seq: last };
}
