import { setTimeout as sleep } from 'node:timers/promises';

/** So much of what was missed is made up for; a long outage is not. */
const LATE_MS_MAX = 100;

/** How often something is done, and how much of it at once. */
export interface LaneOptions {
  readonly everyMs: number;
  readonly inFlightMax: number;
}

/**
 * Acts in a steady rhythm until the signal aborts, the first time after one interval. Nothing piles up: what is due while too much is
 * under way is left out.
 *
 * @throws what `act` threw first
 */
export async function actInRhythm(
  { everyMs, inFlightMax }: LaneOptions,
  act: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  const underWay = new Set<Promise<void>>();
  for (let due = performance.now() + everyMs; ; due = Math.max(due + everyMs, performance.now() - LATE_MS_MAX)) {
    await sleep(Math.max(0, due - performance.now()), undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) break;
    const acting: Promise<void> = act().then(
      () => void underWay.delete(acting),
      (error: unknown) => failed.abort(error),
    );
    underWay.add(acting);
    if (underWay.size >= inFlightMax) await Promise.race(underWay);
  }
  if (failed.signal.aborted) throw failed.signal.reason;
}
