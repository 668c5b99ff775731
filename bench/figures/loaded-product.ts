import { pause, waitUntil } from '../../scripts/process/wait.ts';
import type { LoadGenerator } from '../load/load-generator.ts';
import { rawRequest } from '../load/load-result.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { type Metrics, readMetrics, settled } from '../process/metrics.ts';
import { RequestLog } from '../process/request-log.ts';
import { rounded } from '../statistics.ts';
import { type LoadRun, runLoad, type Side } from './load-run.ts';

/** A run of commands, checked against what the product says it has decided. */
export interface CommandRun extends LoadRun {
  /** Growth of `cqrs_commands_decided_total`: the answers, and at most one more for each connection that was cut off at the end. */
  readonly decided: number;
  readonly views: {
    /** Age of what the slowest view shows: half a second before the end, and at the end. */
    readonly behindSeconds: number;
    readonly behindSecondsAtEnd: number;
    /** From the end until every view had seen every command. */
    readonly caughtUpMs: number;
  };
}

const valueCount = 1_000;
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
    let left = valueCount;
    const create = async (): Promise<void> => {
      while (left-- > 0) ids.push(await createValue(port));
    };
    await Promise.all(Array.from({ length: 16 }, create));
    const commands = ids.map((id) => rawRequest({ port, method: 'PUT', path: `/values/${id}`, body: update }));
    return new LoadedProduct(process, generator, slack, commands);
  }

  /** The commands as bytes, for a load of another kind. */
  get requests(): readonly string[] {
    return this.#commands;
  }

  /** Commands that wait for their decision. */
  async commands(connections: number, seconds: number): Promise<CommandRun> {
    const { port } = this.#process;
    const before = await settled(port, this.#slack);
    const logStart = await this.#log.end();
    const [run, nearEnd] = await Promise.all([
      this.#load({ side: 'commands', connections, seconds, requests: this.#commands }),
      pause(seconds * 1_000 - sampleBeforeEndMs).then(() => readMetrics(port)),
    ]);
    const endedAt = performance.now();
    const atEnd = await readMetrics(port);
    const after = await settled(port, this.#slack);
    const views = {
      behindSeconds: secondsBehind(nearEnd, run.perSecond),
      behindSecondsAtEnd: secondsBehind(atEnd, run.perSecond),
      caughtUpMs: Math.round(performance.now() - endedAt),
    };
    const checked = await this.#withStatuses(run, logStart, 'PUT');
    const decided = after.decided - before.decided;
    const faults = [...checked.faults];
    const { answers } = run.load;
    if (decided < answers || decided > answers + connections) {
      faults.push(`${answers} answers, but ${decided} commands decided`);
    }
    const behind = Math.max(views.behindSeconds, views.behindSecondsAtEnd);
    if (behind > viewsBehindSecondsMax) faults.push(`views ${behind} s behind at the end`);
    return { ...checked, faults, decided, views };
  }

  /** The same body and headers to the route that does nothing. */
  async noop(connections: number, seconds: number): Promise<LoadRun> {
    const request = rawRequest({ port: this.#process.port, method: 'POST', path: '/noop', body: update });
    const logStart = await this.#log.end();
    const run = await this.#load({ side: 'noop', connections, seconds, requests: [request] });
    return this.#withStatuses(run, logStart, 'POST');
  }

  #load(side: Side): Promise<LoadRun> {
    return runLoad(this.#generator, [this.#process], side);
  }

  /** Adds what the log says of the answers. Those that were cut off at the end are `aborted`, or still came to 200. */
  async #withStatuses(run: LoadRun, logStart: number, method: string): Promise<LoadRun> {
    const { side, connections, load } = run;
    let statuses: Record<string, number> = {};
    // The product writes its log in pieces.
    const isWritten = async (): Promise<boolean> => {
      statuses = await this.#log.statusesSince(logStart, method);
      return Object.values(statuses).reduce((sum, count) => sum + count, 0) >= load.answers;
    };
    await waitUntil(isWritten, { withinMs: 20_000, what: `${load.answers} answers in the log` });
    const faults = Object.entries(statuses)
      .filter(([status, count]) => status !== '200' && (status !== 'aborted' || count > connections))
      .map(([status, count]) => `${side}: ${count} answers logged as ${status}`);
    return { ...run, statuses, faults: [...run.faults, ...faults] };
  }
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
