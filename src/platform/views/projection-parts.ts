import type { Log } from '../log/log.port';
import type { ProjectedBatch } from '../telemetry/view-telemetry';
import type { IndexFor } from './projection';
import type { ReadStore } from './read-store.port';
import type { ViewProgress } from './view-progress';
import type { ViewSignals } from './view-signals';

/** Whom the projector tells what it cannot settle itself. */
export interface ProjectorCallbacks {
  /** Log and views contradict each other: the process must end. */
  readonly fatal: (error: Error) => void;
  /** Something for the log of the process: what happened, in one line. */
  readonly report: (message: string, error: Error) => void;
}

/** What all views of a process are projected with. */
export interface ProjectionParts {
  readonly log: Log;
  readonly store: ReadStore;
  readonly progress: ViewProgress;
  readonly signals: ViewSignals;
  readonly callbacks: ProjectorCallbacks;
  /** Absent in a process without personal data. */
  readonly indexFor?: IndexFor | undefined;
  /** Told of every transaction after its commit. It must not throw. */
  readonly onProjected?: ((batch: ProjectedBatch) => void) | undefined;
}
