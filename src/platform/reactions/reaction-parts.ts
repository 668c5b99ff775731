import { Inject, Injectable, Logger } from '@nestjs/common';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { FEATURES, type Feature } from '../feature';
import { KEYS } from '../keys/keys.providers';
import type { Keys } from '../keys/open-keys';
import { LOG } from '../log/log.providers';
import type { Log } from '../log/log.port';
import { MetricsService } from '../telemetry/metrics.service';
import { ReactionTelemetry } from '../telemetry/reaction-telemetry';
import { Traces } from '../telemetry/traces';
import { READ_STORE } from '../views/read-models';
import type { ReadStore } from '../views/read-store.port';
import { ParkedReactions } from './parked-reactions';
import type { Reaction } from './reaction';
import { ReactionRequests } from './reaction-requests';
import { reactionsOf } from './reactions-of';
import { noteBeginnings, Reactors, type ReactorListener } from './reactors';

/** The reactors of this process: what its modules do when something has happened. */
@Injectable()
export class ReactionParts {
  readonly deadLetters: ParkedReactions;
  private readonly logger = new Logger('Reactions');
  private readonly known: readonly Reaction[];
  private readonly requests: ReactionRequests;
  private readonly telemetry: ReactionTelemetry;
  private reactors: Reactors | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(FEATURES) features: readonly Feature[],
    @Inject(LOG) private readonly log: Log,
    @Inject(READ_STORE) store: ReadStore,
    @Inject(KEYS) private readonly keys: Keys,
    metrics: MetricsService,
    traces: Traces,
  ) {
    this.known = reactionsOf(features);
    this.requests = new ReactionRequests(store);
    this.deadLetters = new ParkedReactions(log, this.known, this.requests);
    this.telemetry = new ReactionTelemetry(metrics, traces, {
      reactions: this.known,
      lag: async () => this.reactors?.lag() ?? [],
      holds: () => this.reactors?.holds() ?? [],
    });
  }

  /** Whatever runs here: to be called before anything decides. */
  async prepare(): Promise<void> {
    await noteBeginnings(this.log, this.known);
  }

  async start(): Promise<void> {
    const { views } = this.settings;
    const mine = this.known.filter(({ kind, name }) => kind !== 'messages' || views === 'all' || views.has(name));
    const { personal } = this.keys;
    const listener: ReactorListener = {
      reacted: (batch) => this.telemetry.reacted(batch),
      fenced: (consumer) => this.telemetry.fenced(consumer),
      trouble: (message, error) => this.logger.error(error, message),
    };
    const erase = personal && ((persons: readonly string[]) => personal.erase(persons));
    this.reactors = new Reactors(this.log, mine, this.requests, listener, erase);
    await this.reactors.start();
  }

  /** Health. @throws Error that says why events are not reacted to here, as they should be */
  check(): void {
    if (!this.settings.roles.has('reactor')) return;
    if (this.reactors?.hasJoined !== true) throw new Error('not every group has been joined');
    const holds = this.reactors.holds();
    if (holds.length === 0) return;
    throw new Error(
      holds
        .map(({ code, consumer, topic, partition, message }) => `${code} ${consumer} ${topic}/${partition}: ${message}`)
        .join(', '),
    );
  }

  async close(): Promise<void> {
    await this.reactors?.close();
  }
}
