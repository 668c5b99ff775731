import { pause } from '../../scripts/process/wait.ts';
import { monotonicMs } from './stream-audience.ts';

/** When each was sent, by {@link monotonicMs}, and those that were not answered with 200. */
export interface SentByTheClock {
  readonly sentAtMs: readonly number[];
  readonly faults: readonly string[];
}

/**
 * Sends at a steady rate, however slow the answers are, and waits for the last one.
 *
 * @param what is sent, for the faults
 * @param send answers a status
 */
export async function sendByTheClock(
  what: string,
  count: number,
  perSecond: number,
  send: (index: number) => Promise<number>,
): Promise<SentByTheClock> {
  const sentAtMs: number[] = [];
  const answers: Promise<number>[] = [];
  const startedAtMs = monotonicMs();
  for (let index = 0; index < count; index++) {
    await pause(Math.max(0, startedAtMs + (index * 1_000) / perSecond - monotonicMs()));
    sentAtMs.push(monotonicMs());
    answers.push(send(index).catch(() => 0));
  }
  const refused = (await Promise.all(answers)).filter((status) => status !== 200);
  return { sentAtMs, faults: refused.map((status) => `${what} was answered ${status}`) };
}
