import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { freePort } from '../process/ports.ts';
import { outputOf, runToEnd } from '../process/run-to-end.ts';
import { Tether } from '../process/tether.ts';
import { GiveUp, waitUntil } from '../process/wait.ts';
import { kafkaVersion } from './broker-jars.ts';
import { brokerProperties } from './broker-properties.ts';
import type { BrokerOptions, KafkaBroker } from './kafka-broker.ts';
import { aliveBrokers } from './probe.ts';

const readyWithinMs = 180_000;
const dataInContainer = '/var/lib/kafka/data';
const image = `apache/kafka:${kafkaVersion}`;

/** Whether a Docker engine answers. */
export async function canRunInDocker(): Promise<boolean> {
  return (await outputOf('docker', ['info'])) !== undefined;
}

/**
 * Starts a broker in a container, with the same settings as one from jars.
 * @throws Error with what Docker printed when it does not come up
 */
export async function startDockerBroker({ port, directory }: BrokerOptions): Promise<KafkaBroker> {
  const broker = new DockerBroker(port ?? (await freePort()), directory === undefined ? undefined : resolve(directory));
  try {
    await broker.create();
    await broker.start();
  } catch (error) {
    await broker.close();
    throw error;
  }
  return broker;
}

class DockerBroker implements KafkaBroker {
  readonly address: string;
  readonly #port: number;
  readonly #directory: string | undefined;
  readonly #name = `kafka-${randomBytes(6).toString('hex')}`;
  readonly #tether = new Tether({ container: this.#name });

  constructor(port: number, directory: string | undefined) {
    this.#port = port;
    this.#directory = directory;
    this.address = `127.0.0.1:${port}`;
  }

  async create(): Promise<void> {
    const settings = brokerProperties({ port: this.#port, controllerPort: 9093, bindTo: '0.0.0.0' });
    const variables = {
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [variable(name), value])),
      KAFKA_LOG_DIRS: dataInContainer,
      KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
    };
    const environment = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const volume = this.#directory === undefined ? [] : ['-v', `${this.#directory}:${dataInContainer}`];
    if (this.#directory !== undefined) {
      await mkdir(this.#directory, { recursive: true });
      // The container's user is none of ours.
      await chmod(this.#directory, 0o777);
    }
    const published = ['--name', this.#name, '-p', `127.0.0.1:${this.#port}:${this.#port}`];
    await runToEnd('docker', ['create', ...published, ...volume, ...environment, image]);
  }

  async start(): Promise<void> {
    await runToEnd('docker', ['start', this.#name]);
    await waitUntil(
      async () => {
        const state = await outputOf('docker', ['inspect', '-f', '{{.State.Running}}', this.#name]);
        if (state?.trim() !== 'true') throw new GiveUp(`the Kafka container ended:\n${await this.#log()}`);
        return (await aliveBrokers(this.#port)) > 0;
      },
      { withinMs: readyWithinMs, what: `Kafka broker on port ${this.#port}` },
    );
  }

  async stop(): Promise<void> {
    await runToEnd('docker', ['stop', this.#name]);
  }

  async kill9(): Promise<void> {
    await runToEnd('docker', ['kill', this.#name]);
  }

  async freeze(): Promise<void> {
    await runToEnd('docker', ['pause', this.#name]);
  }

  async thaw(): Promise<void> {
    await runToEnd('docker', ['unpause', this.#name]);
  }

  async close(): Promise<void> {
    await this.#tether.close();
  }

  async #log(): Promise<string> {
    return ((await outputOf('docker', ['logs', this.#name])) ?? '').slice(-4_000);
  }
}

/** A broker setting's name as the image takes it from the environment. */
function variable(name: string): string {
  return `KAFKA_${name.replaceAll('.', '_').toUpperCase()}`;
}
