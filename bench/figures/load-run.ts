import type { LoadGenerator } from '../load/load-generator.ts';
import type { LoadResult } from '../load/load-result.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { rounded } from '../statistics.ts';

/** One run of a load against one route. */
export interface LoadRun {
  /** Whose route: `commands` are ours. */
  readonly side: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly load: LoadResult;
  /** Processor time that the server took meanwhile; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** Processor time that the other side, which had nothing to do, took meanwhile. */
  readonly idleSideCpuSeconds?: number | null;
  /** Answers by status in the server's log, where it keeps one. */
  readonly statuses?: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** What is run against a server. */
export interface Side {
  readonly side: string;
  readonly connections: number;
  readonly seconds: number;
  /** Of `rawRequest`. */
  readonly requests: readonly string[];
}

/** Runs a load against servers of which the first one takes it, and tells all that the generator saw go wrong. */
export async function runLoad(
  generator: LoadGenerator,
  servers: readonly BenchProcess[],
  { side, connections, seconds, requests }: Side,
): Promise<LoadRun> {
  const [front] = servers;
  if (front === undefined) throw new RangeError('no server');
  const cpuBefore = await cpuSecondsOf(servers);
  const load = await generator.run({ port: front.port, connections, seconds, requests });
  const cpuSeconds = difference(await cpuSecondsOf(servers), cpuBefore);
  const faults = Object.entries(load.faults)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${side}: ${count} faults of kind ${kind}`);
  if (load.answers === 0) faults.push(`${side}: no answers`);
  const perSecond = rounded(load.answers / load.seconds, 1);
  return { side, connections, perSecond, load, cpuSeconds, faults };
}

/** A, B, A, B: what disturbs the machine for a while hits both sides. */
export async function interleave(
  repeat: number,
  sides: readonly (() => Promise<LoadRun>)[],
  tell: (line: string) => void,
): Promise<LoadRun[]> {
  const runs: LoadRun[] = [];
  for (let round = 0; round < repeat; round++) {
    for (const runSide of sides) {
      const run = await runSide();
      const { side, connections, perSecond, load } = run;
      tell(`${side}, ${connections} connections: ${perSecond}/s, p50 ${load.latencyMs.p50} ms`);
      runs.push(run);
    }
  }
  return runs;
}

/** Adds to a run what servers took that had nothing to do with it. */
export async function besides(idle: readonly BenchProcess[], runSide: () => Promise<LoadRun>): Promise<LoadRun> {
  const before = await cpuSecondsOf(idle);
  const run = await runSide();
  return { ...run, idleSideCpuSeconds: difference(await cpuSecondsOf(idle), before) };
}

/** NaN where the system does not tell. */
async function cpuSecondsOf(servers: readonly BenchProcess[]): Promise<number> {
  const each = await Promise.all(servers.map((server) => server.cpuSeconds()));
  return each.reduce<number>((sum, seconds) => sum + (seconds ?? Number.NaN), 0);
}

function difference(after: number, before: number): number | null {
  return Number.isNaN(after - before) ? null : rounded(after - before);
}
