import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Child } from '../process/child.ts';
import { freePort, isFree } from '../process/ports.ts';
import { runToEnd } from '../process/run-to-end.ts';
import { Tether } from '../process/tether.ts';
import { GiveUp, waitUntil } from '../process/wait.ts';
import { brokerJars } from './broker-jars.ts';
import { brokerProperties } from './broker-properties.ts';
import type { BrokerOptions, KafkaBroker } from './broker.ts';
import { aliveBrokers } from './probe.ts';

const readyWithinMs = 60_000;
const stopWithinMs = 20_000;
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

class LocalBroker implements KafkaBroker {
  readonly address: string;
  readonly #place: Place;
  readonly #tether: Tether;
  #child: Child | undefined;

  constructor(place: Place) {
    this.address = `127.0.0.1:${place.port}`;
    this.#place = place;
    this.#tether = new Tether({ directories: place.temporary ? [place.home] : [] });
  }

  async start(): Promise<void> {
    if (this.#child?.running === true) return;
    const properties = await this.#prepare();
    const child = await Child.start({
      command: 'java',
      args: [...heap, ...quiet, '-cp', join(this.#place.jars, '*'), 'kafka.Kafka', properties],
      tether: this.#tether,
      cwd: this.#place.home,
    });
    this.#child = child;
    await waitUntil(
      () => {
        if (!child.running) throw new GiveUp(`the Kafka broker ended while starting:\n${child.output.slice(-4_000)}`);
        return aliveBrokers(this.#place.port).then((count) => count > 0);
      },
      { withinMs: readyWithinMs, what: `Kafka broker on port ${this.#place.port}` },
    );
  }

  async stop(): Promise<void> {
    await this.#child?.terminate({ graceMs: stopWithinMs });
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
