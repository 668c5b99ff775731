import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DATA_DIRECTORY } from '../log/log.providers';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import type { DataDirectory } from '../sqlite/data-directory';
import { OPERATOR_SERVICES, type OperatorServices } from './operator-services';
import { copyStores } from './backup/copy-stores';
import { OperatorServer } from './socket/operator-server';

/** Lets operators into the process that holds an embedded log: nobody else can open it. On Kafka they need no process. */
@Injectable()
export class OperatorSocket implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Operator');
  private server: OperatorServer | undefined;

  constructor(
    @Inject(OPERATOR_SERVICES) private readonly operated: OperatorServices,
    @Inject(DATA_DIRECTORY) private readonly directory: DataDirectory,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { operated, directory } = this;
    const { log } = operated;
    if (!(log instanceof EmbeddedLog)) return;
    const services: OperatorServices = { ...operated, copyTo: (target) => copyStores(log, directory.path, target) };
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
