import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { FEATURES, type Feature } from '../feature';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { DATA_DIRECTORY, LOG } from '../log/log.providers';
import type { Log } from '../log/log.port';
import { topicNames } from '../platform.topics';
import { reactionsOf } from '../reactions/reactions-of';
import { StoredReactions } from '../reactions/stored-reactions';
import type { DataDirectory } from '../sqlite/data-directory';
import type { DeadLetterOperations, ViewOperations } from './operations.port';
import { DEAD_LETTER_OPERATIONS, VIEW_OPERATIONS, type OperatorServices } from './operator-services';
import { copyStores } from './backup/copy-stores';
import { OperatorServer } from './socket/operator-server';

/** Lets operators into the process that holds an embedded log: nobody else can open it. On Kafka they need no process. */
@Injectable()
export class OperatorSocket implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Operator');
  private server: OperatorServer | undefined;

  constructor(
    @Inject(FEATURES) private readonly features: readonly Feature[],
    @Inject(LOG) private readonly log: Log,
    @Inject(DATA_DIRECTORY) private readonly directory: DataDirectory,
    @Inject(VIEW_OPERATIONS) private readonly views: ViewOperations,
    @Inject(DEAD_LETTER_OPERATIONS) private readonly deadLetters: DeadLetterOperations,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { log, views, deadLetters, directory } = this;
    if (!(log instanceof EmbeddedLog)) return;
    const services: OperatorServices = {
      log,
      views,
      deadLetters,
      reactions: new StoredReactions(log, reactionsOf(this.features)),
      topics: topicNames(this.features),
      copyTo: (target) => copyStores(log, directory.path, target),
    };
    this.server = await OperatorServer.listen(directory.path, services, (operation, input, failure) => {
      this.logger.log({ operation, input, failure }, 'an operator has used the socket');
    });
    if (this.server === undefined) {
      this.logger.warn(
        `the path ${directory.path} is too long for a socket: the command line cannot reach this process`,
      );
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.server?.close();
  }
}
