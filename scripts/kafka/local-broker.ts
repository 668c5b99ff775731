import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ChildOptions } from '../process/child.ts';
import { ChildServer } from '../process/local-server.ts';
import { freePort, isFree } from '../process/ports.ts';
import { runToEnd } from '../process/run-to-end.ts';
import { Tether } from '../process/tether.ts';
import { brokerJars } from './broker-jars.ts';
import { brokerProperties } from './broker-properties.ts';
import type { BrokerOptions, KafkaBroker } from './kafka-broker.ts';
import { aliveBrokers } from './probe.ts';

const heap = ['-Xms256m', '-Xmx512m'];
const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];

/**
 * Starts a broker from Maven's jars.
 * @throws Error with the broker's output when it does not come up
 */
export async function startLocalBroker({ port, directory }: BrokerOptions): Promise<KafkaBroker> {
  // Else the probe would meet whoever listens there, and take it for ours.
  if (port !== undefined && !(await isFree(port))) throw new Error(`port ${port} is in use`);
  const jars = await brokerJars();
  const home = directory === undefined ? await mkdtemp(join(tmpdir(), 'kafka-')) : resolve(directory);
  const broker = new LocalBroker({ jars, home, temporary: directory === undefined, port: port ?? (await freePort()) });
  try {
    await broker.start();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

interface Place {
  readonly jars: string;
  readonly home: string;
  readonly temporary: boolean;
  readonly port: number;
}

class LocalBroker extends ChildServer implements KafkaBroker {
  readonly address: string;
  readonly #place: Place;
  readonly #tether: Tether;

  constructor(place: Place) {
    super(`Kafka broker on port ${place.port}`);
    this.address = `127.0.0.1:${place.port}`;
    this.#place = place;
    this.#tether = new Tether({ directories: place.temporary ? [place.home] : [] });
  }

  protected override async command(): Promise<ChildOptions> {
    const properties = await this.#prepare();
    const { home, jars } = this.#place;
    const args = [...heap, ...quiet, '-cp', join(jars, '*'), 'kafka.Kafka', properties];
    return { command: 'java', args, tether: this.#tether, cwd: home };
  }

  protected override async serves(): Promise<boolean> {
    return (await aliveBrokers(this.#place.port)) > 0;
  }

  override async close(): Promise<void> {
    if (this.#place.temporary) await this.kill9();
    else await this.stop();
    await this.#tether.close();
  }

  /** Writes the settings, formats a new directory, and answers the settings' path. */
  async #prepare(): Promise<string> {
    const { home, jars, port } = this.#place;
    const path = join(home, 'server.properties');
    const logs = join(home, 'logs');
    await mkdir(home, { recursive: true });
    const ports = { port, controllerPort: await freePort(), bindTo: '127.0.0.1' };
    const lines = Object.entries({ ...brokerProperties(ports), 'log.dirs': logs });
    await writeFile(path, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
    if (!existsSync(join(logs, 'meta.properties'))) {
      const format = ['format', `--cluster-id=${randomBytes(16).toString('base64url')}`, '--config', path];
      const machine = ['-XX:TieredStopAtLevel=1', ...quiet, '-cp', join(jars, '*')];
      await runToEnd('java', [...machine, 'kafka.tools.StorageTool', ...format]);
    }
    return path;
  }
}
