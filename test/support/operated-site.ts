import { topicsOf } from '../../src/platform/log/envelope';
import type { NewRecord } from '../../src/platform/log/log.port';
import type { AppProcess } from './app-process.ts';
import type { AppSite } from './app-site.ts';
import { calculator } from './calculator.ts';
import { calculatorTopics, openLog } from './raw-log.ts';

const { commands, events } = topicsOf('calculator');

/** Beside real commands and events: what nobody can decide, and what no view can read. */
const poison: NewRecord[] = [
  { topic: commands, partition: 0, key: 'k1', value: '{"value":1}', headers: {} },
  { topic: events, partition: 1, key: 'k2', value: 'no json', headers: { ce_type: 'ValueCreated' } },
];

/** A system that operators look into: on Kafka through a process that owns nothing. */
export class OperatedSite {
  private constructor(
    /** Answers operators. */
    readonly app: AppProcess,
    /** The values that it has, each with one command. */
    readonly valueIds: readonly string[],
  ) {}

  /** With twenty values, a command that parks and an event that parks for two views. */
  static async start(site: AppSite): Promise<OperatedSite> {
    const isSplit = site.mode === 'kafka';
    if (isSplit) await site.start({ ROLES: 'processor,projector' });
    const app = await site.start(isSplit ? { ROLES: 'api' } : {});
    const valueIds: string[] = [];
    // In every partition: one that has events, and never had a command, is refused.
    for (let value = 0; value < 20; value++) valueIds.push((await calculator(() => app).newValue(value)).id);
    if (!isSplit) await app.terminate();
    const log = await openLog(site, app.dataDirectory);
    await log.ensureTopics(calculatorTopics);
    await log.append(poison);
    await log.close();
    if (!isSplit) await app.restart();
    return new OperatedSite(app, valueIds);
  }
}

/** One use of an operator route, as the process has logged it. */
export interface AuditLine {
  readonly identity: string;
  readonly operation: string;
  readonly target?: string;
  readonly outcome: string;
  readonly correlationId: string;
}

/** Every use of an operator route since the process was started. */
export function auditOf({ output }: AppProcess): AuditLine[] {
  return output
    .split('\n')
    .filter((line) => line.includes('an operator has used a route'))
    .map((line) => JSON.parse(line) as AuditLine);
}
