import { setTimeout as sleep } from 'node:timers/promises';
import { asError } from '../as-error';
import type { SoleTask } from './sole-task';

/** How a task that fails is tried again. */
export interface Patience {
  /** Doubles with every failure. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** Only a run that goes on for so long has overcome what stopped those before it: longer than one that waits for a log that is away. */
  readonly calmMs: number;
}

const usualPatience: Patience = { pauseMsMin: 500, pauseMsMax: 10_000, calmMs: 20_000 };

/** Hears when a task begins to fail, and when it is well again; never the failures in between, so that an outage is two lines. */
export interface TaskTold {
  failing(error: Error): void;
  recovered(): void;
}

/** Runs a task again and again until the signal aborts, and then ends at once. Never throws. */
export async function keepRunning(
  task: SoleTask,
  signal: AbortSignal,
  told: TaskTold,
  { pauseMsMin, pauseMsMax, calmMs }: Patience = usualPatience,
): Promise<void> {
  let pauseMs = pauseMsMin;
  let isFailing = false;
  const calm = (): void => {
    pauseMs = pauseMsMin;
    if (isFailing) told.recovered();
    isFailing = false;
  };
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  while (!signal.aborted) {
    const timer = setTimeout(calm, calmMs);
    try {
      await Promise.race([task.run(signal), aborted]);
    } catch (error) {
      if (!isFailing && !signal.aborted) told.failing(asError(error));
      isFailing = true;
    } finally {
      clearTimeout(timer);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMsMax, 2 * pauseMs);
  }
}
