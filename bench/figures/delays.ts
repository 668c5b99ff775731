import { delayStepMs, type Heard } from '../load/stream-audience.ts';
import { rounded } from '../statistics.ts';

/** How long things were on their way to clients. */
export interface Delays {
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly arrivals: number;
}

/** Over all processes of clients. */
export function delaysOf(heard: readonly Heard[]): Delays {
  const bySteps = new Map<number, number>();
  for (const { delays } of heard) {
    for (const [step, count] of Object.entries(delays)) {
      bySteps.set(Number(step), (bySteps.get(Number(step)) ?? 0) + count);
    }
  }
  const sorted = [...bySteps].sort(([one], [other]) => one - other);
  const arrivals = heard.reduce((sum, one) => sum + one.arrivals, 0);
  const percentile = (share: number): number => {
    let seen = 0;
    const found = sorted.find(([, count]) => (seen += count) >= arrivals * share);
    return rounded((found?.[0] ?? Number.NaN) * delayStepMs, 1);
  };
  return { delayMs: { p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) }, arrivals };
}

/** What clients got wrong, in words. */
export function streamFaults(heard: readonly Heard[]): string[] {
  const total = (of: (one: Heard) => number): number => heard.reduce((sum, one) => sum + of(one), 0);
  const counts: [number, string][] = [
    [total(({ irregular }) => irregular), 'rows that were not the next one'],
    [total(({ missing }) => missing), 'rows that did not come to a client, or not in their place'],
    [total(({ lost }) => lost), 'clients whose stream ended'],
  ];
  return counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
}
