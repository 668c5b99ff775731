import { waitUntil } from '../../scripts/process/wait.ts';
import { rawRequest, type LoadResult } from '../load/load-result.ts';
import type { LoadGenerator } from '../load/load-generator.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { type Metrics, readMetrics, settled } from '../process/metrics.ts';
import { RequestLog } from '../process/request-log.ts';
import { rounded } from '../statistics.ts';

/** One run of a load against one route. */
export interface LoadRun {
  readonly side: string;
  readonly connections: number;
  readonly perSecond: number;
  readonly load: LoadResult;
  /** Processor time that the server took meanwhile. */
  readonly cpuSeconds: number | undefined;
  /** Of the server's log, where it keeps one. */
  readonly statuses?: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** A run of commands, checked against what the product says it has decided. */
export interface CommandRun extends LoadRun {
  /** Growth of `commands_decided_total`: the answers, and at most one more for each connection that was cut off at the end. */
  readonly decided: number;
  readonly views: {
    /** Age of what the slowest view shows, half a second before the end and at the end. */
    readonly behindSeconds: number;
    readonly behindSecondsAtEnd: number;
    /** From the end until every view had seen every command. */
    readonly caughtUpMs: number;
  };
}

const values = 1_000;
const viewsBehindSecondsMax = 1;
const sampleBeforeEndMs = 500;
const update = { operation: 'ADD', value: 1 };

/** The running product with a thousand values to send commands to. */
export class LoadedProduct {
  readonly #process: BenchProcess;
  readonly #generator: LoadGenerator;
  /** Records per partition that a view never sees; see {@link settled}. */
  readonly #slack: number;
  readonly #log: RequestLog;
  readonly #commands: readonly string[];

  private constructor(process: BenchProcess, generator: LoadGenerator, slack: number, commands: readonly string[]) {
    this.#process = process;
    this.#generator = generator;
    this.#slack = slack;
    this.#log = new RequestLog(process.logFile);
    this.#commands = commands;
  }

  /** Creates the values. @throws Error when the product refuses */
  static async prepare(process: BenchProcess, generator: LoadGenerator, slack: number): Promise<LoadedProduct> {
    const { port } = process;
    const ids: string[] = [];
    const create = async (): Promise<void> => {
      while (ids.length < values) {
        const index = ids.push('') - 1;
        ids[index] = await createValue(port);
      }
    };
    await Promise.all(Array.from({ length: 16 }, create));
    const commands = ids.map((id) => rawRequest({ port, method: 'PUT', path: `/values/${id}`, body: update }));
    return new LoadedProduct(process, generator, slack, commands);
  }

  /** Commands that wait for their decision. */
  async commands(connections: number, seconds: number): Promise<CommandRun> {
    const { port } = this.#process;
    const before = await settled(port, this.#slack);
    let sample: Metrics = before;
    const sampler = setTimeout(() => {
      readMetrics(port).then((metrics) => (sample = metrics), ignore);
    }, seconds * 1_000 - sampleBeforeEndMs);
    const run = await this.#run('commands', 'PUT', connections, seconds, this.#commands);
    clearTimeout(sampler);
    const endedAt = performance.now();
    const atEnd = await readMetrics(port);
    const after = await settled(port, this.#slack);
    const caughtUpMs = Math.round(performance.now() - endedAt);

    const decided = after.decided - before.decided;
    const behindSecondsAtEnd = secondsBehind(atEnd, run.perSecond);
    const behindSeconds = Math.max(behindSecondsAtEnd, secondsBehind(sample, run.perSecond));
    const faults = [...run.faults];
    const { answers } = run.load;
    if (decided < answers || decided > answers + connections) {
      faults.push(`${answers} answers, but ${decided} commands decided`);
    }
    if (behindSeconds > viewsBehindSecondsMax) faults.push(`the views were ${behindSeconds} s behind`);
    return { ...run, faults, decided, views: { behindSeconds, behindSecondsAtEnd, caughtUpMs } };
  }

  /** The same body and headers to the route that does nothing. */
  noop(connections: number, seconds: number): Promise<LoadRun> {
    const request = rawRequest({ port: this.#process.port, method: 'POST', path: '/noop', body: update });
    return this.#run('noop', 'POST', connections, seconds, [request]);
  }

  async #run(
    side: string,
    method: string,
    connections: number,
    seconds: number,
    requests: readonly string[],
  ): Promise<LoadRun> {
    const logStart = await this.#log.end();
    const run = await runLoad(this.#generator, [this.#process], { side, connections, seconds, requests });
    const { answers } = run.load;
    let statuses: Record<string, number> = {};
    // The product writes its log in pieces.
    const isWritten = async (): Promise<boolean> => {
      statuses = await this.#log.statusesSince(logStart, method);
      return Object.values(statuses).reduce((sum, count) => sum + count, 0) >= answers;
    };
    await waitUntil(isWritten, { withinMs: 10_000, what: `${answers} answers in the log` });
    const others = Object.keys(statuses).filter((status) => status !== '200' && status !== 'aborted');
    const faults = [...run.faults, ...others.map((status) => `${statuses[status]} answers with ${status}`)];
    if ((statuses['aborted'] ?? 0) > connections) faults.push(`${statuses['aborted']} answers that nobody took`);
    return { ...run, statuses, faults };
  }
}

/** Runs a load against servers of which the first one has the port, and tells all that went wrong. */
export async function runLoad(
  generator: LoadGenerator,
  servers: readonly BenchProcess[],
  options: { side: string; connections: number; seconds: number; requests: readonly string[] },
): Promise<LoadRun> {
  const { side, connections, seconds, requests } = options;
  const [front] = servers;
  if (front === undefined) throw new RangeError('no server');
  const cpuBefore = await cpuSecondsOf(servers);
  const load = await generator.run({ port: front.port, connections, seconds, requests });
  const cpuAfter = await cpuSecondsOf(servers);
  const faults = Object.entries(load.faults)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind} faults`);
  if (load.answers === 0) faults.push('no answers');
  return {
    side,
    connections,
    perSecond: rounded(load.answers / load.seconds, 1),
    load,
    cpuSeconds: rounded(cpuAfter - cpuBefore),
    faults,
  };
}

async function cpuSecondsOf(servers: readonly BenchProcess[]): Promise<number> {
  const each = await Promise.all(servers.map((server) => server.cpuSeconds()));
  return each.reduce<number>((sum, seconds) => sum + (seconds ?? Number.NaN), 0);
}

/** Each topic gets one record per command, so the records that a view lacks tell the age of what it shows. */
function secondsBehind({ behind }: Metrics, perSecond: number): number {
  return rounded(Math.max(0, ...behind.values()) / perSecond, 3);
}

async function createValue(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/values`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=10' },
    body: '{"value":0}',
  });
  const body: unknown = await answer.json();
  if (answer.status !== 201 || typeof body !== 'object' || body === null || !('id' in body)) {
    throw new Error(`POST /values answered ${answer.status}: ${JSON.stringify(body)}`);
  }
  return String(body.id);
}

function ignore(): void {}
