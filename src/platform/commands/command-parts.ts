import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { FEATURES, type Feature } from '../feature';
import { DATA_DIRECTORY, LOG } from '../log/log.providers';
import type { Log } from '../log/log.port';
import type { DataDirectory } from '../sqlite/data-directory';
import { CommandTelemetry } from '../telemetry/command-telemetry';
import { FatalErrors } from '../telemetry/fatal-errors';
import type { HealthDetails } from '../telemetry/health-registry';
import { MetricsService } from '../telemetry/metrics.service';
import { Traces } from '../telemetry/traces';
import type { Reply } from './decision';
import { ParkedCommands } from './parked-commands';
import { PendingReplies } from './pending-replies';
import { Processors } from './processors';
import { RepliesFollower } from './replies-follower';
import { StateStore } from './state-store';
import { SystemFailures } from './system-failures';

/** The writing side of this process: what decides commands, and what hears their replies. */
@Injectable()
export class CommandParts {
  /** Name under which this process is answered. */
  readonly instance = `${hostname()}.${randomUUID()}`;
  readonly replies = new PendingReplies();
  readonly telemetry: CommandTelemetry;
  readonly deadLetters: ParkedCommands;
  private readonly failures: SystemFailures;
  private store: StateStore | undefined;
  private processors: Processors | undefined;
  private follower: RepliesFollower | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(FEATURES) private readonly features: readonly Feature[],
    @Inject(LOG) private readonly log: Log,
    @Inject(DATA_DIRECTORY) private readonly directory: DataDirectory,
    private readonly fatal: FatalErrors,
    metrics: MetricsService,
    traces: Traces,
  ) {
    this.telemetry = new CommandTelemetry(metrics, traces, {
      modules: this.features.map(({ name }) => name),
      waiting: () => this.replies.size,
      owned: () => this.processors?.owned ?? [],
      lag: async () => this.processors?.lag() ?? [],
    });
    const modules = features.map(({ name }) => name);
    this.deadLetters = new ParkedCommands(log, modules);
    const logger = new Logger('Commands');
    this.failures = new SystemFailures(metrics, modules, (failure) => {
      logger.error(failure, 'a command of a process was not accepted');
    });
  }

  /** Health: details when there are any. @throws Error that says why commands are not decided here, as they should be */
  check(): HealthDetails | undefined {
    if (!this.settings.roles.has('processor')) return undefined;
    if (this.processors?.hasJoined !== true) throw new Error('not every group has been joined');
    const failures = this.processors.failures();
    if (failures.length > 0) throw new Error(failures.join(', '));
    return this.failures.details;
  }

  async startProcessors(): Promise<void> {
    this.store = await StateStore.open(this.directory.path, this.log.id);
    const { store, replies } = this;
    const parts = { store, onReply: (reply: Reply) => replies.settle(reply) };
    const { telemetry, failures } = this;
    this.processors = new Processors(this.log, this.features, parts, {
      committed: (batch) => {
        telemetry.committed(batch);
        failures.committed(batch);
      },
      fenced: (module) => telemetry.fenced(module),
    });
    await this.processors.start();
  }

  /** On the embedded log there is no other process that could answer. */
  async startReplies(): Promise<void> {
    if (this.log.kind === 'embedded') return;
    this.follower = new RepliesFollower(
      this.log,
      this.instance,
      () => !(this.processors?.ownsAll ?? false),
      (reply) => this.replies.settle(reply),
      (error) => this.fatal.fatal('replies', error),
    );
    await this.follower.start();
  }

  async close(): Promise<void> {
    await this.processors?.close();
    await this.follower?.close();
    this.replies.close();
    await this.store?.close();
  }
}
