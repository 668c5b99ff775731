import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { asError } from './as-error';
import { CommandParts } from './commands/command-parts';
import { SETTINGS } from './config/config.module';
import type { Settings } from './config/settings';
import { FEATURES, type Feature } from './feature';
import { ShutdownSignal } from './http/shutdown-signal';
import { KEYS } from './keys/keys.providers';
import type { Keys } from './keys/open-keys';
import { DATA_DIRECTORY, LOG } from './log/log.providers';
import type { Log, TopicSpec } from './log/log.port';
import { TOPICS } from './platform.topics';
import { ReactionParts } from './reactions/reaction-parts';
import type { DataDirectory } from './sqlite/data-directory';
import { SqliteThread } from './sqlite/sqlite-thread';
import { SoleTasks } from './tasks/sole-tasks';
import { DiskSpace } from './telemetry/disk-space';
import { FatalErrors } from './telemetry/fatal-errors';
import { type HealthDetails, HealthRegistry } from './telemetry/health-registry';
import { MetricsService } from './telemetry/metrics.service';
import { ViewParts } from './views/view-parts';

/** Starts and stops the moving parts in the one order that is right. */
@Injectable()
export class PlatformLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Platform');
  private readonly disk: DiskSpace;
  private readonly stopMourning: () => void;
  private isStarted = false;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(FEATURES) private readonly features: readonly Feature[],
    @Inject(TOPICS) private readonly topics: readonly TopicSpec[],
    @Inject(LOG) private readonly log: Log,
    @Inject(DATA_DIRECTORY) private readonly directory: DataDirectory,
    @Inject(KEYS) private readonly keys: Keys,
    private readonly commands: CommandParts,
    private readonly views: ViewParts,
    private readonly reactions: ReactionParts,
    private readonly tasks: SoleTasks,
    health: HealthRegistry,
    metrics: MetricsService,
    fatal: FatalErrors,
    shutdown: ShutdownSignal,
  ) {
    log.onFailure((error) => fatal.fatal('log', error));
    this.stopMourning = SqliteThread.onDeath((error) => fatal.fatal('sqlite', error));
    shutdown.onClosing(() => this.tasks.close());
    shutdown.onClosing(() => this.views.closeStreams());
    this.disk = new DiskSpace(directory.path, health, metrics);
    health.register({ name: 'log', check: () => this.log.ping() });
    health.register({ name: 'commands', check: () => this.checkCommands() });
    health.register({ name: 'reactions', check: () => this.checkReactions() });
    health.register({ name: 'dead-letters', check: () => this.tellDeadLetters() });
    metrics.gauge('dead_letters', 'Parked records that wait for an operator', ['consumer'], async (gauge) => {
      for (const { name } of features) gauge.set({ consumer: `${name}.processor` }, 0);
      if (!this.isStarted) return;
      for (const [consumer, count] of Object.entries(await this.countDeadLetters())) gauge.set({ consumer }, count);
    });
    health.register({ name: 'views', check: () => this.views.check() });
  }

  async onApplicationBootstrap(): Promise<void> {
    const { roles } = this.settings;
    await this.log.ensureTopics(this.topics);
    await this.views.prepare();
    await this.reactions.prepare();
    await Promise.all([
      roles.has('processor') && this.commands.startProcessors(),
      roles.has('reactor') && this.reactions.start(),
      roles.has('projector') && this.views.startProjector(),
      roles.has('api') && this.commands.startReplies(),
      this.tasks.start(),
    ]);
    this.isStarted = true;
    this.logger.log(
      `the ${this.log.kind} log ${this.log.id} is open; modules ${this.features.map(({ name }) => name).join(', ')}`,
    );
  }

  /** HTTP has ended by now: nobody sends commands, and what was sent is decided before the log closes. */
  async onApplicationShutdown(): Promise<void> {
    await this.tasks.close();
    await this.reactions.close();
    await this.commands.close();
    await this.views.close();
    await this.keys.close();
    await this.log.close();
    this.stopMourning();
    this.disk.close();
    this.directory.release();
  }

  /** Told, but never a reason not to be ready: they wait for an operator, and everything else goes on. */
  private async tellDeadLetters(): Promise<HealthDetails> {
    if (!this.isStarted) return {};
    return this.countDeadLetters().catch((error: unknown) => ({ unknown: asError(error).message }));
  }

  private async countDeadLetters(): Promise<Record<string, number>> {
    const counts = await Promise.all([
      this.commands.deadLetters.count(),
      this.reactions.deadLetters.count(),
      this.views.countDeadLetters(),
    ]);
    return Object.assign({}, ...counts) as Record<string, number>;
  }

  private checkCommands(): HealthDetails | undefined {
    this.assertStarted();
    return this.commands.check();
  }

  private checkReactions(): void {
    this.assertStarted();
    this.reactions.check();
  }

  private assertStarted(): void {
    if (!this.isStarted) throw new Error('not every group has been joined');
  }
}
