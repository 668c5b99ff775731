import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_MS = 50;
/** Longer than a transaction of Kafka may stay open: after it, the group's offset was moved by hand, and no record of that is to be expected. */
const SIGHT_MS_MAX = 30_000;

/**
 * Reads again until the position that was written in one transaction with a group's offset has come to sight. Somebody else's open transaction
 * on the same partition hides for a while what was committed after it began.
 *
 * @param committed the group's offset; `undefined` when it has none
 * @param positionOf the position in what was read
 * @returns what was read last: when the signal aborts, or time is over, without the position
 */
export async function untilInSight<Read>(
  read: (before?: Read) => Promise<Read>,
  committed: number | undefined,
  positionOf: (read: Read) => number | undefined,
  signal: AbortSignal,
): Promise<Read> {
  const deadline = performance.now() + SIGHT_MS_MAX;
  let found = await read();
  while (committed !== undefined && (positionOf(found) ?? -1) < committed) {
    if (signal.aborted || performance.now() > deadline) break;
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    found = await read(found);
  }
  return found;
}
