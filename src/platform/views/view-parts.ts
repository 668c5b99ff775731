import { Inject, Injectable, Logger } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { LOG } from '../log/log.providers';
import type { Log } from '../log/log.port';
import { KEYS } from '../keys/keys.providers';
import type { Keys } from '../keys/open-keys';
import { FatalErrors } from '../telemetry/fatal-errors';
import type { HealthDetails } from '../telemetry/health-registry';
import { MetricsService } from '../telemetry/metrics.service';
import { Traces } from '../telemetry/traces';
import { ViewTelemetry } from '../telemetry/view-telemetry';
import type { ViewOperations } from '../operations/operations.port';
import type { Projection } from './projection';
import { countParked, ParkedEvents } from './parking/parked-events';
import { Projector } from './projector';
import { READ_STORE } from './read-models';
import type { ReadStore } from './read-store.port';
import { StoredViewOperations } from './rebuild/view-operations';
import { StreamHub } from './streams/stream-hub';
import { ViewProgress } from './view-progress';
import { ViewSignals } from './view-signals';
import { StaleOwner } from './views.errors';

/** Injection token of every view of this process's modules, the platform's own included. */
export const PROJECTIONS = Symbol('PROJECTIONS');

/** The reading side of this process: projector, progress and streams over one read store. */
@Injectable()
export class ViewParts {
  readonly progress: ViewProgress;
  readonly streams: StreamHub;
  /** What operators can do to the views. */
  readonly operations: ViewOperations;
  readonly deadLetters: ParkedEvents;
  private readonly logger = new Logger('Views');
  private readonly signals = new ViewSignals();
  private readonly telemetry: ViewTelemetry;
  private projector: Projector | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(PROJECTIONS) private readonly projections: readonly Projection[],
    @Inject(LOG) private readonly log: Log,
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(KEYS) private readonly keys: Keys,
    private readonly fatal: FatalErrors,
    metrics: MetricsService,
    traces: Traces,
  ) {
    this.store.onRemoteChange((view) => this.signals.emit(view));
    this.progress = new ViewProgress(this.log, this.store, this.signals, this.projections);
    const failed = (error: unknown): void => this.logger.warn(error, 'a stream could not be read');
    this.streams = new StreamHub(this.store, this.signals, failed, { onSlow: () => this.telemetry.streamDropped() });
    this.telemetry = new ViewTelemetry(metrics, traces, {
      openStreams: () => this.streams.clientCount,
      lag: async () => this.projector?.lag() ?? [],
      failures: () => this.projector?.failures() ?? [],
      oldestWaiting: () => this.projector?.oldestWaiting() ?? [],
    });
    const asked = (): void => void this.projector?.lookForRequests();
    this.operations = new StoredViewOperations(this.log, this.store, this.projections, asked);
    this.deadLetters = new ParkedEvents(this.store, asked);
  }

  /** Makes the tables. */
  async prepare(): Promise<void> {
    await this.store.prepare(this.log.id, this.projections);
  }

  async startProjector(): Promise<void> {
    const { log, store, progress, signals, settings, telemetry } = this;
    const callbacks = {
      fatal: (error: Error) => this.fatal.fatal('views', error),
      // That another process has taken a partition over is no fault of anybody.
      report: (message: string, error: Error) =>
        error instanceof StaleOwner ? this.logger.log(message) : this.logger.error(error, message),
    };
    const { personal } = this.keys;
    const indexFor = personal && ((persons: Iterable<string>) => personal.indexFor(persons));
    const mine = this.projections.filter(({ name }) => settings.views === 'all' || settings.views.has(name));
    this.projector = new Projector(
      { log, store, progress, signals, callbacks, indexFor, onProjected: (batch) => telemetry.projected(batch) },
      mine,
    );
    await this.projector.start();
  }

  /** Health: details when ready; throws when not. */
  async check(): Promise<HealthDetails> {
    await this.store.ping();
    const failures = this.projector?.failures() ?? [];
    const joined = this.projector === undefined ? !this.settings.roles.has('projector') : this.projector.isReady;
    if (!joined)
      throw new Error(
        failures.map(({ code, view }) => `${code} ${view}`).join(', ') || 'not every group has been joined',
      );
    return { failures };
  }

  /** Dead letters of each view. */
  countDeadLetters(): Promise<Record<string, number>> {
    return countParked(this.store.db);
  }

  closeStreams(): void {
    this.streams.close();
  }

  async close(): Promise<void> {
    await this.projector?.close();
    this.progress.close();
    await this.store.close();
  }
}
