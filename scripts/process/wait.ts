const probeIntervalMs = 25;

/** How long {@link waitUntil} tries, and what it was waiting for when it gives up. */
export interface WaitOptions {
  readonly withinMs: number;
  readonly what: string;
}

/**
 * Asks again and again until the probe answers true. A probe that throws counts as "not yet"; its last error is told on giving up.
 * @throws Error when the time is up
 */
export async function waitUntil(
  probe: () => Promise<boolean> | boolean,
  { withinMs, what }: WaitOptions,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      if (await probe()) return;
      lastError = undefined;
    } catch (error) {
      if (error instanceof GiveUp) throw error;
      lastError = error;
    }
    if (Date.now() >= deadline) throw new Error(`${what}: not within ${withinMs} ms`, { cause: lastError });
    await pause(probeIntervalMs);
  }
}

/** Thrown by a probe that knows that waiting longer is useless. */
export class GiveUp extends Error {}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
