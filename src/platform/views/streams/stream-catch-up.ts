import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { caughtUpFrame, formatPosition } from './sse.frames';
import type { StreamClient } from './stream-client';
import type { StreamReader } from './stream-reader';
import type { StreamSlice } from './stream-source';

const SLICE_ITEMS = 500;
const BACKOFF_MS_MAX = 1_000;
const READER_WAIT_MS = 50;

/** Where a client starts. */
export interface CatchUpStart {
  /** It has seen everything up to here; 0 for a snapshot. */
  readonly cursor: number;
  /** The view's counter when it came: with that sent, it has caught up. */
  readonly head: number;
}

/**
 * Brings a client from where it is to the live stream: reads slices from SQL, each after the client has taken the one before, until the rest
 * is in the reader's hands. A database that goes away meanwhile only delays it.
 */
export async function catchUp(reader: StreamReader, client: StreamClient, start: CatchUpStart): Promise<void> {
  const caughtUp = caughtUpFrame(formatPosition(reader.source.view.generation, start.head));
  // A fresh client has seen no row that went before it came.
  const deletionsAfter = start.cursor === 0 ? start.head : start.cursor;
  let { cursor } = start;
  if (cursor >= start.head) await client.sendAndDrain(caughtUp);
  while (!client.isClosed) {
    if (cursor >= start.head && reader.join(client, cursor)) return;
    const slice = await patiently(client, async () => {
      const to = cursor < start.head ? start.head : (await reader.source.head()).seq;
      return reader.source.slice(cursor, to, SLICE_ITEMS, client.filter, deletionsAfter);
    });
    if (slice === undefined) return;
    const frames = slice.items.map((item) => item.frame(client.show));
    if (cursor < start.head && slice.upTo >= start.head) frames.push(caughtUp);
    const isAhead = slice.upTo === cursor;
    cursor = slice.upTo;
    if (frames.length > 0) await client.sendAndDrain(Buffer.concat(frames));
    if (isAhead && !(await reader.reach(cursor))) await sleep(READER_WAIT_MS);
    await breathe();
  }
}

/** Repeats a read until it works or the client has gone. */
async function patiently(client: StreamClient, read: () => Promise<StreamSlice>): Promise<StreamSlice | undefined> {
  for (let delayMs = 50; !client.isClosed; delayMs = Math.min(delayMs * 2, BACKOFF_MS_MAX)) {
    try {
      return await read();
    } catch {
      await sleep(delayMs);
    }
  }
  return undefined;
}
