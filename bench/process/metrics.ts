import { waitUntil } from '../../scripts/process/wait.ts';

const settledWithinMs = 120_000;

/** What the product tells about itself at `/metrics`. */
export interface Metrics {
  readonly decided: number;
  /** Senders that wait for a decision. */
  readonly waiting: number;
  /** Records that a view has not seen, by view and topic. */
  readonly behind: ReadonlyMap<string, number>;
  /** The most that one view lacks in one partition. */
  readonly behindInPartitionMax: number;
}

/** @throws Error when the product does not answer */
export async function readMetrics(port: number): Promise<Metrics> {
  return parseMetrics(await metricsPage(port));
}

export function parseMetrics(text: string): Metrics {
  const valueOf = (name: string): number => {
    const value = new RegExp(`^cqrs_${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`/metrics has no cqrs_${name}`);
    return Number(value);
  };
  const behind = new Map<string, number>();
  let behindInPartitionMax = 0;
  for (const [, view, topic, count] of text.matchAll(
    /^cqrs_view_behind_offsets\{view="([^"]+)",partition="([^"]+)\/\d+"\} (\S+)$/gm,
  )) {
    const key = `${view} ${topic}`;
    behind.set(key, (behind.get(key) ?? 0) + Number(count));
    behindInPartitionMax = Math.max(behindInPartitionMax, Number(count));
  }
  if (behind.size === 0) throw new Error('/metrics tells of no view');
  return {
    decided: valueOf('commands_decided_total'),
    waiting: valueOf('commands_waiting'),
    behind,
    behindInPartitionMax,
  };
}

/** Age of the oldest event that a view has read and not shown, over all views. @throws Error when the product does not answer */
export async function oldestWaitingSeconds(port: number): Promise<number> {
  const values = (await metricsPage(port)).matchAll(/^cqrs_view_oldest_waiting_seconds\{[^}]*\} (\S+)$/gm);
  return Math.max(0, ...Array.from(values, ([, value]) => Number(value)));
}

/**
 * Waits until every command is decided and every view has seen it.
 * @param slack records per partition that may be left: on Kafka 1, the marker of the last transaction
 * @param withinMs two minutes, unless it may take longer
 * @returns the metrics then
 * @throws Error when the time is up
 */
export async function settled(port: number, slack: number, withinMs = settledWithinMs): Promise<Metrics> {
  let metrics = await readMetrics(port);
  await waitUntil(
    async () => {
      metrics = await readMetrics(port);
      return metrics.waiting === 0 && metrics.behindInPartitionMax <= slack;
    },
    { withinMs, what: 'every command decided and in the views' },
  );
  return metrics;
}

async function metricsPage(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
  return answer.text();
}
