import { chownSync, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { childrenOf, signalAll } from '../process/children-of.ts';
import type { ChildOptions } from '../process/child.ts';
import { ChildServer, type LocalServer } from '../process/local-server.ts';
import { freePort } from '../process/ports.ts';
import { runToEnd } from '../process/run-to-end.ts';
import { Tether } from '../process/tether.ts';
import { waitUntil } from '../process/wait.ts';
import { isOpenToAll, reachableBinaries, type ServerUser, unprivilegedUser } from './binaries.ts';

const endWithinMs = 20_000;
const textSettings = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];

/** A running PostgreSQL: a main process and one for each connection. It is stopped without waiting for its clients. */
export interface PostgresServer extends LocalServer {
  /** A `DATABASE_URL` of its maintenance database. It stays the same over stop and start. */
  readonly url: string;
}

export interface PostgresOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** Where its data stay; default: a temporary directory, removed at the end. */
  readonly directory?: string;
}

/**
 * Starts a PostgreSQL of our own from the development package and waits until it serves. Texts sort by language there (en-US), not by bytes,
 * so that a query that leans on byte order shows.
 * @throws Error with its output when it does not come up
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const user = unprivilegedUser();
  const directory = await homeOf(options, user);
  const tether = new Tether({ directories: options.directory === undefined ? [directory] : [] });
  try {
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    await chmod(directory, 0o755);
    const binaries = await reachableBinaries(user, directory);
    const data = join(directory, 'data');
    if (!existsSync(join(data, 'PG_VERSION'))) {
      await runToEnd(
        join(binaries, 'bin', 'initdb'),
        ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--no-instructions', ...textSettings],
        { cwd: directory, ...user },
      );
    }
    const server = new LocalPostgres({ binaries, data, user, port: options.port ?? (await freePort()), tether });
    await server.start();
    return server;
  } catch (error) {
    await tether.close();
    throw error;
  }
}

async function homeOf({ directory }: PostgresOptions, user: ServerUser | undefined): Promise<string> {
  if (directory === undefined) return mkdtemp(join(tmpdir(), 'postgres-'));
  await mkdir(directory, { recursive: true });
  if (user !== undefined && !isOpenToAll(resolve(directory, '..'))) {
    throw new Error(
      `PostgreSQL does not run as root, and its user cannot enter ${directory}: name another place with --dir`,
    );
  }
  return resolve(directory);
}

interface Place {
  readonly binaries: string;
  readonly data: string;
  readonly user: ServerUser | undefined;
  readonly port: number;
  readonly tether: Tether;
}

class LocalPostgres extends ChildServer implements PostgresServer {
  readonly url: string;
  readonly #place: Place;

  constructor(place: Place) {
    super(`PostgreSQL on port ${place.port}`, 'SIGINT');
    this.#place = place;
    this.url = `postgres://postgres@127.0.0.1:${place.port}/postgres`;
  }

  protected override async command(): Promise<ChildOptions> {
    const { binaries, data, port, tether, user } = this.#place;
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(port),
      max_connections: '200',
      shared_buffers: '64MB',
      timezone: 'UTC',
    };
    return {
      command: join(binaries, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      tether,
      cwd: data,
      ...(user === undefined ? {} : { user }),
    };
  }

  protected override async serves(): Promise<boolean> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** All its processes at once, as a crash of the machine would. */
  override async kill9(): Promise<void> {
    const { pid } = this;
    const children = pid === undefined ? [] : await childrenOf(pid);
    await super.kill9();
    signalAll(children, 'SIGKILL');
    // What still holds the shared memory would keep it from coming back.
    await waitUntil(() => signalAll(children, 0) === 0, { withinMs: endWithinMs, what: 'the end of PostgreSQL' });
  }

  override async freeze(): Promise<void> {
    // The one that starts the others first.
    await super.freeze();
    signalAll(this.pid === undefined ? [] : await childrenOf(this.pid), 'SIGSTOP');
  }

  override async thaw(): Promise<void> {
    signalAll(this.pid === undefined ? [] : await childrenOf(this.pid), 'SIGCONT');
    await super.thaw();
  }

  override async close(): Promise<void> {
    await this.thaw();
    // Fast, but in order: killed with -9 it would leave its shared memory to the system.
    await this.stop();
    await this.#place.tether.close();
  }
}
