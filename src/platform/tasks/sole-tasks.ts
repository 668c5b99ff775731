import { Inject, Injectable, Logger } from '@nestjs/common';
import { CommandGateway } from '../commands/command-gateway';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { FEATURES, type Feature } from '../feature';
import { LOG } from '../log/log.providers';
import type { Log, Membership } from '../log/log.port';
import { type HealthDetails, HealthRegistry } from '../telemetry/health-registry';
import { MetricsService } from '../telemetry/metrics.service';
import { ReadModels } from '../views/read-models';
import { ViewProgress } from '../views/view-progress';
import { keepRunning } from './keep-running';
import type { SoleTask, SoleTaskDefinition } from './sole-task';

/** One partition for ever, in every log. */
const TOPIC_OF_ONE_PARTITION = 'log';

/** The tasks that this process does, or waits to do when another process goes. */
@Injectable()
export class SoleTasks {
  private readonly logger = new Logger('Tasks');
  private readonly definitions: readonly SoleTaskDefinition[];
  private readonly states = new Map<string, 'elsewhere' | 'here' | 'failing'>();
  private readonly memberships: Promise<Membership>[] = [];

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(FEATURES) features: readonly Feature[],
    @Inject(LOG) private readonly log: Log,
    private readonly gateway: CommandGateway,
    private readonly models: ReadModels,
    private readonly progress: ViewProgress,
    private readonly metrics: MetricsService,
    health: HealthRegistry,
  ) {
    this.definitions = features.flatMap(({ tasks = [] }) => tasks).filter(({ role }) => settings.roles.has(role));
    if (this.definitions.length > 0) health.register({ name: 'tasks', check: () => this.check() });
  }

  /** Resolves when every group has been joined. */
  async start(): Promise<void> {
    const { settings, gateway, models, progress, metrics } = this;
    for (const { name, make } of this.definitions) {
      const task = make({ settings, gateway, models, progress, metrics });
      const own = (signal: AbortSignal): Promise<void> => this.own(name, task, signal);
      this.memberships.push(
        this.log.join({ group: name, topics: [TOPIC_OF_ONE_PARTITION], own: ({ signal }) => own(signal) }),
      );
    }
    await Promise.all(this.memberships);
    for (const { name } of this.definitions) if (!this.states.has(name)) this.states.set(name, 'elsewhere');
  }

  /** Ends every task here at once; another process may go on with it. */
  async close(): Promise<void> {
    const joined = await Promise.allSettled(this.memberships);
    await Promise.all(joined.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value.leave() : [])));
  }

  private async own(name: string, task: SoleTask, signal: AbortSignal): Promise<void> {
    this.states.set(name, 'here');
    this.logger.log(`${name} runs here`);
    await keepRunning(task, signal, {
      failing: ({ message }) => {
        this.states.set(name, 'failing');
        this.logger.warn(`${name} cannot go on for now, and tries again until it can: ${message}`);
      },
      recovered: () => {
        this.states.set(name, 'here');
        this.logger.log(`${name} goes on`);
      },
    });
    this.states.set(name, 'elsewhere');
  }

  /** What fails is told, and is no reason not to be ready: it is tried again here as well as anywhere. */
  private check(): HealthDetails {
    if (this.states.size < this.definitions.length) throw new Error('not every group has been joined');
    return Object.fromEntries(this.states);
  }
}
