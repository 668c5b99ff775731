import type { CommandGateway } from '../commands/command-gateway';
import type { Role, Settings } from '../config/settings';
import type { MetricsService } from '../telemetry/metrics.service';
import type { ReadModels } from '../views/read-models';
import type { ViewProgress } from '../views/view-progress';

/** What a task is made of. It has no routes and no query bus: its process may lack the role `api`. */
export interface TaskParts {
  readonly settings: Settings;
  readonly gateway: Pick<CommandGateway, 'send'>;
  readonly models: ReadModels;
  readonly progress: Pick<ViewProgress, 'waitUntilEnd'>;
  readonly metrics: Pick<MetricsService, 'counter'>;
}

/** Work that one process does at a time. */
export interface SoleTask {
  /**
   * Works until the signal aborts, and then begins nothing more: nobody waits for what it has under way. What it throws is logged, and it
   * is run again after a while, however often.
   */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * A task of a module. Of the processes with its role one runs it, and another takes over when that one goes: the owner of the only
 * partition of the topic `log`, in a consumer group that bears the task's name. A process that was paused for longer than its session
 * finds out within about a second that it is not the owner any more.
 */
export interface SoleTaskDefinition {
  /** `<module>.<name>`; the consumer group. */
  readonly name: string;
  readonly role: Role;
  /** Called once in a process. */
  readonly make: (parts: TaskParts) => SoleTask;
}
