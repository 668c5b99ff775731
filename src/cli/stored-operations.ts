import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ParkedCommands } from '../platform/commands/parked-commands';
import type { Settings } from '../platform/config/settings';
import type { Feature } from '../platform/feature';
import type { Log } from '../platform/log/log.port';
import { DeadLetters } from '../platform/operations/dead-letters';
import { OperationFailed } from '../platform/operations/operation-failed';
import type {
  DeadLetterOperations,
  KeyOperations,
  ReactionOperations,
  ViewOperations,
} from '../platform/operations/operations.port';
import { topicNames, topicSpecs } from '../platform/platform.topics';
import { projectionsOf } from '../platform/platform.projections';
import { ParkedReactions } from '../platform/reactions/parked-reactions';
import { ReactionRequests } from '../platform/reactions/reaction-requests';
import { reactionsOf } from '../platform/reactions/reactions-of';
import { StoredReactions } from '../platform/reactions/stored-reactions';
import { ParkedEvents } from '../platform/views/parking/parked-events';
import type { ReadStore } from '../platform/views/read-store.port';
import { StoredViewOperations } from '../platform/views/rebuild/view-operations';

/**
 * What can be told to views and consumers through their stores alone, without a process of theirs. The views' database is opened when it is
 * first needed: whoever asks for topics does not need it.
 */
export class StoredOperations {
  private opened: Promise<ReadStore> | undefined;
  private found: Promise<unknown> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
    private readonly features: readonly Feature[],
    private readonly product: readonly Feature[],
  ) {}

  get views(): ViewOperations {
    const operations = async (): Promise<ViewOperations> => {
      const [store] = await Promise.all([this.store(), this.topics()]);
      return new StoredViewOperations(this.log, store, projectionsOf(this.features, this.product));
    };
    return {
      list: async () => (await operations()).list(),
      rebuild: async (view) => (await operations()).rebuild(view),
      abort: async (view) => (await operations()).abort(view),
    };
  }

  get deadLetters(): DeadLetterOperations {
    const modules = this.features.map(({ name }) => name);
    const operations = async (): Promise<DeadLetterOperations> => {
      const [store] = await Promise.all([this.store(), this.topics()]);
      const reactions = new ParkedReactions(this.log, reactionsOf(this.features), new ReactionRequests(store));
      return new DeadLetters(new ParkedCommands(this.log, modules), new ParkedEvents(store), reactions);
    };
    return {
      list: async () => (await operations()).list(),
      show: async (id) => (await operations()).show(id),
      retry: async (id) => (await operations()).retry(id),
      drop: async (id) => (await operations()).drop(id),
    };
  }

  get reactions(): ReactionOperations {
    const operations = async (): Promise<ReactionOperations> => {
      await this.topics();
      return new StoredReactions(this.log, reactionsOf(this.features));
    };
    return {
      list: async () => (await operations()).list(),
      begin: async (consumer, at) => (await operations()).begin(consumer, at),
    };
  }

  get keys(): KeyOperations {
    const { settings } = this;
    return {
      rotate: async () => {
        const { openPersonalData } = await import('../platform/keys/open-keys.ts');
        const personal = await openPersonalData(settings, settings.dataDir);
        if (personal === undefined) throw new OperationFailed('NOT_FOUND', 'there are no keys of persons yet');
        try {
          const { KeyRotation } = await import('../platform/keys/key-rotation.ts');
          return await new KeyRotation(settings, settings.dataDir, personal).rotate();
        } finally {
          await personal.close();
        }
      },
    };
  }

  async close(): Promise<void> {
    const store = await this.opened?.catch(() => undefined);
    await store?.close();
  }

  private topics(): Promise<unknown> {
    this.found ??= this.log.find(topicNames(topicSpecs(this.features, this.product)));
    return this.found;
  }

  private store(): Promise<ReadStore> {
    this.opened ??= this.open();
    return this.opened;
  }

  private async open(): Promise<ReadStore> {
    const { databaseUrl, dataDir } = this.settings;
    if (databaseUrl !== undefined) {
      const { PostgresReadStore } = await import('../platform/views/postgres/postgres.store.ts');
      return PostgresReadStore.open({ url: databaseUrl });
    }
    const path = join(dataDir, 'views.db');
    if (!existsSync(path)) throw new OperationFailed('UNAVAILABLE', `there are no views in ${dataDir} yet`);
    const { SqliteReadStore } = await import('../platform/views/sqlite/sqlite.store.ts');
    return SqliteReadStore.open(path);
  }
}
