import { pause } from '../../scripts/process/wait.ts';

const firstPauseMs = 5;
const longestPauseMs = 100;

/**
 * Asks again and again until the probe neither throws nor answers `false`, and gives what it answered. The probe may hold expectations.
 * @throws what the probe threw last, with the time it was given, when `within` milliseconds are over
 */
export async function eventually<T>(
  probe: () => Promise<T | false> | T | false,
  { within = 5_000 }: { within?: number } = {},
): Promise<T> {
  const deadline = Date.now() + within;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    let last: unknown = new Error('the probe answers false');
    try {
      const answer = await probe();
      if (answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) {
      if (!(last instanceof Error)) throw new Error(`not within ${within} ms`, { cause: last });
      last.message = `not within ${within} ms: ${last.message}`;
      throw last;
    }
    await pause(pauseMs);
  }
}
