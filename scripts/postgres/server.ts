import { chownSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { Child } from '../process/child.ts';
import { freePort } from '../process/ports.ts';
import { runToEnd } from '../process/run-to-end.ts';
import { Tether } from '../process/tether.ts';
import { GiveUp, waitUntil } from '../process/wait.ts';
import { reachableBinaries, type ServerUser, unprivilegedUser } from './binaries.ts';

const textSettings = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
const readyWithinMs = 60_000;
const stopWithinMs = 20_000;

/** A running PostgreSQL that belongs to this process and dies with it. */
export interface PostgresServer {
  /** A `DATABASE_URL` of its maintenance database. It stays the same over stop and start. */
  readonly url: string;
  /** Starts it again on the same port and data, after {@link stop} or {@link kill9}, and waits until it serves. */
  start(): Promise<void>;
  /** Ends it in order, without waiting for its clients; the data stay. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** Stops the server's main process: no new connection is answered until {@link thaw}. Open connections go on. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Ends it for good and removes its data. */
  close(): Promise<void>;
}

/**
 * Starts a PostgreSQL of our own from the development package, on a free port with its data in a temporary directory, and waits until it
 * serves. Texts sort by language there (en-US), not by bytes, so that a query that leans on byte order shows.
 * @throws Error with its output when it does not come up
 */
export async function startPostgres(): Promise<PostgresServer> {
  const user = unprivilegedUser();
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  const tether = new Tether({ directories: [directory] });
  try {
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    await chmod(directory, 0o755);
    const binaries = await reachableBinaries(user, directory);
    const data = join(directory, 'data');
    await runToEnd(
      join(binaries, 'bin', 'initdb'),
      ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--no-instructions', ...textSettings],
      { cwd: directory, ...user },
    );
    const server = new LocalPostgres({ binaries, data, user, port: await freePort(), tether });
    await server.start();
    return server;
  } catch (error) {
    await tether.close();
    throw error;
  }
}

interface Place {
  readonly binaries: string;
  readonly data: string;
  readonly user: ServerUser | undefined;
  readonly port: number;
  readonly tether: Tether;
}

class LocalPostgres implements PostgresServer {
  readonly url: string;
  readonly #place: Place;
  #child: Child | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.url = `postgres://postgres@127.0.0.1:${place.port}/postgres`;
  }

  async start(): Promise<void> {
    if (this.#child?.running === true) return;
    const { binaries, data, port, tether, user } = this.#place;
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(port),
      max_connections: '200',
      shared_buffers: '64MB',
      timezone: 'UTC',
    };
    const child = await Child.start({
      command: join(binaries, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      tether,
      cwd: data,
      ...(user === undefined ? {} : { user }),
    });
    this.#child = child;
    await waitUntil(
      async () => {
        if (!child.running) throw new GiveUp(`PostgreSQL ended while starting:\n${child.output.slice(-4_000)}`);
        await answers(this.url);
        return true;
      },
      { withinMs: readyWithinMs, what: `PostgreSQL on port ${port}` },
    );
  }

  async stop(): Promise<void> {
    await this.#child?.terminate({ graceMs: stopWithinMs, signal: 'SIGINT' });
  }

  async kill9(): Promise<void> {
    await this.#child?.kill9();
  }

  async freeze(): Promise<void> {
    await this.#child?.freeze();
  }

  async thaw(): Promise<void> {
    this.#child?.thaw();
  }

  async close(): Promise<void> {
    // Fast, but in order: killed with -9 it would leave its shared memory to the system.
    await this.stop();
    await this.#place.tether.close();
  }
}

async function answers(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}
