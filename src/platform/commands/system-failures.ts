import type { Counter } from 'prom-client';
import type { CommittedBatch } from '../telemetry/command-telemetry';
import type { MetricsService } from '../telemetry/metrics.service';

/** Before the module's name in the identity of a command that a process has sent. */
const SYSTEM = 'system:';

/** A command of a process that was rejected or parked. */
export interface SystemFailure {
  readonly command: string;
  readonly commandId: string;
  readonly identity: string;
  /** Id of the event that it was sent for. */
  readonly event: string;
  /** The rejection's code, or `parked`. */
  readonly outcome: string;
}

/**
 * Commands of processes are never to be rejected: nobody waits for the answer, and what was to follow does not. Each that is all the same
 * is counted, logged and shown to whoever looks at the health of this process.
 */
export class SystemFailures {
  private readonly failed: Counter<'module'>;
  private count = 0;
  private last: SystemFailure | undefined;

  constructor(
    metrics: MetricsService,
    modules: readonly string[],
    private readonly report: (failure: SystemFailure) => void,
  ) {
    this.failed = metrics.counter(
      'process_commands_failed_total',
      'Commands of processes that were rejected or parked',
      ['module'],
    );
    for (const module of modules) this.failed.inc({ module }, 0);
  }

  /** Of a transaction of the processor, after its commit. */
  committed({ module, records, replies }: CommittedBatch): void {
    for (const { reply } of replies) {
      const { decision, commandId } = reply;
      if (decision.status === 'accepted' || reply.kind === 'replay') continue;
      const sent = records.find(({ headers }) => headers['command-id'] === commandId)?.headers;
      const identity = sent?.['identity'] ?? '';
      if (sent === undefined || !identity.startsWith(SYSTEM)) continue;
      const outcome = decision.status === 'rejected' ? decision.code : decision.status;
      const event = sent['causation-id'] ?? '';
      this.last = { command: sent['domain-model'] ?? '', commandId, identity, event, outcome };
      this.count++;
      this.failed.inc({ module });
      this.report(this.last);
    }
  }

  /** Since the start of this process; nothing when there was none. */
  get details(): { readonly failedCommandsOfProcesses: number; readonly last: SystemFailure } | undefined {
    return this.last === undefined ? undefined : { failedCommandsOfProcesses: this.count, last: this.last };
  }
}
