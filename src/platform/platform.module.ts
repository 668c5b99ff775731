import { join } from 'node:path';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CommandGateway, CommandOutcomeUnknown } from './commands/command-gateway';
import { CommandOutcomes } from './commands/command-outcomes';
import { CommandParts } from './commands/command-parts';
import { CommandsController } from './commands/commands.controller';
import { SETTINGS } from './config/config.module';
import type { Settings } from './config/settings';
import { checkFeatures, FEATURES, type Feature } from './feature';
import { HttpProblem } from './http/http-problem';
import { ProblemCatalog } from './http/problem-catalog';
import { KeyRotation } from './keys/key-rotation';
import { KEYS, keysProviders } from './keys/keys.providers';
import type { Keys } from './keys/open-keys';
import { PersonalData } from './keys/personal-data';
import { DATA_DIRECTORY, LOG, logProviders } from './log/log.providers';
import type { Log } from './log/log.port';
import { TopicOperationsController } from './operations/http/topic-operations.controller';
import { ViewOperationsController } from './operations/http/view-operations.controller';
import { OperatorSocket } from './operations/operator-socket';
import { PlatformLifecycle } from './platform.lifecycle';
import { projectionsOf } from './platform.projections';
import { TOPICS, topicNames, topicSpecs } from './platform.topics';
import { DeadLetters } from './operations/dead-letters';
import { ReactionParts } from './reactions/reaction-parts';
import { reactionsOf } from './reactions/reactions-of';
import { StoredReactions } from './reactions/stored-reactions';
import { DeadLetterOperationsController } from './operations/http/dead-letter-operations.controller';
import { HttpOperator } from './operations/http/http-operator';
import { LiveTails } from './operations/http/live-tails';
import type { DeadLetterOperations, ViewOperations } from './operations/operations.port';
import {
  DEAD_LETTER_OPERATIONS,
  OPERATOR_SERVICES,
  VIEW_OPERATIONS,
  type OperatorServices,
} from './operations/operator-services';
import type { DataDirectory } from './sqlite/data-directory';
import { SoleTasks } from './tasks/sole-tasks';
import { LookUp } from './views/look-up';
import { READ_STORE, ReadModels } from './views/read-models';
import type { ReadStore } from './views/read-store.port';
import { SqliteReadStore } from './views/sqlite/sqlite.store';
import { LiveRows } from './views/streams/live-rows';
import { StreamHub } from './views/streams/stream-hub';
import { PROJECTIONS, ViewParts } from './views/view-parts';
import { ViewProgress } from './views/view-progress';
import { ViewsUnavailable } from './views/views.errors';

const API_CONTROLLERS = [
  CommandsController,
  DeadLetterOperationsController,
  TopicOperationsController,
  ViewOperationsController,
];

/** Injection token of nothing: its factory tells the catalogue what the errors of the parts mean. */
const PROBLEMS = Symbol('PROBLEMS');

/** Everything impure that business modules stand on: log, commands, views, streams. */
@Global()
@Module({})
export class PlatformModule {
  /**
   * @param features what runs here
   * @param product every feature there is
   * @throws Error what {@link checkFeatures} throws
   */
  static forRoot(
    features: readonly Feature[],
    settings: Settings,
    product: readonly Feature[] = features,
  ): DynamicModule {
    checkFeatures(product);
    const projections = projectionsOf(features, product);
    const topics = topicSpecs(features, product);
    return {
      module: PlatformModule,
      imports: [CqrsModule.forRoot()],
      controllers: settings.roles.has('api') ? API_CONTROLLERS : [],
      providers: [
        { provide: FEATURES, useValue: features },
        { provide: PROJECTIONS, useValue: projections },
        { provide: TOPICS, useValue: topics },
        ...logProviders,
        ...keysProviders(features),
        { provide: READ_STORE, inject: [SETTINGS, DATA_DIRECTORY], useFactory: openReadStore },
        {
          provide: CommandGateway,
          inject: [KEYS, LOG, CommandParts],
          useFactory: ({ secrets }: Keys, log: Log, { replies, instance, telemetry }: CommandParts): CommandGateway =>
            new CommandGateway(log, replies, instance, secrets.fingerprint, telemetry),
        },
        { provide: ViewProgress, inject: [ViewParts], useFactory: (parts: ViewParts) => parts.progress },
        { provide: StreamHub, inject: [ViewParts], useFactory: (parts: ViewParts) => parts.streams },
        {
          provide: PROBLEMS,
          inject: [ProblemCatalog],
          useFactory: (catalog: ProblemCatalog) => explainErrors(catalog, features),
        },
        { provide: VIEW_OPERATIONS, inject: [ViewParts], useFactory: (views: ViewParts) => views.operations },
        {
          provide: DEAD_LETTER_OPERATIONS,
          inject: [CommandParts, ViewParts, ReactionParts],
          useFactory: (commands: CommandParts, views: ViewParts, reactions: ReactionParts) =>
            new DeadLetters(commands.deadLetters, views.deadLetters, reactions.deadLetters),
        },
        {
          provide: OPERATOR_SERVICES,
          inject: [LOG, VIEW_OPERATIONS, DEAD_LETTER_OPERATIONS, KEYS, DATA_DIRECTORY],
          useFactory: (
            log: Log,
            views: ViewOperations,
            deadLetters: DeadLetterOperations,
            { personal }: Keys,
            { path }: DataDirectory,
          ): OperatorServices => {
            const reactions = new StoredReactions(log, reactionsOf(features));
            const keys = personal === undefined ? {} : { keys: new KeyRotation(settings, path, personal) };
            return { log, topics: topicNames(topics), views, deadLetters, reactions, ...keys };
          },
        },
        CommandParts,
        CommandOutcomes,
        HttpOperator,
        LiveRows,
        LiveTails,
        LookUp,
        OperatorSocket,
        PlatformLifecycle,
        ReactionParts,
        ReadModels,
        SoleTasks,
        ViewParts,
      ],
      exports: [
        CqrsModule,
        CommandGateway,
        CommandOutcomes,
        LiveRows,
        LookUp,
        ...(features.some(({ holdsPersonalData }) => holdsPersonalData) ? [PersonalData] : []),
        ReadModels,
        READ_STORE,
        StreamHub,
        ViewProgress,
      ],
    };
  }
}

function explainErrors(catalog: ProblemCatalog, features: readonly Feature[]): void {
  for (const table of features.flatMap(({ rejections }) => rejections)) catalog.register(table);
  catalog.translate(ViewsUnavailable, (cause) => new HttpProblem('VIEWS_UNAVAILABLE', { cause }));
  catalog.translate(CommandOutcomeUnknown, (cause) => {
    return new HttpProblem('OUTCOME_UNKNOWN', { cause, headers: { location: `/commands/${cause.commandId}` } });
  });
}

// What only Kafka mode needs is loaded only there: it costs memory and time to start.
async function openReadStore({ databaseUrl }: Settings, directory: DataDirectory): Promise<ReadStore> {
  if (databaseUrl === undefined) return SqliteReadStore.open(join(directory.path, 'views.db'));
  const { PostgresReadStore } = await import('./views/postgres/postgres.store.js');
  return PostgresReadStore.open({ url: databaseUrl });
}
