import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerJars, canRunFromJars } from '../../scripts/kafka/broker-jars.ts';
import { brokerProperties } from '../../scripts/kafka/broker-properties.ts';
import { aliveBrokers } from '../../scripts/kafka/probe.ts';
import { Child } from '../../scripts/process/child.ts';
import { freePort } from '../../scripts/process/ports.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';
import { Tether } from '../../scripts/process/tether.ts';
import { GiveUp, waitUntil } from '../../scripts/process/wait.ts';
import type { Settings } from './app-process.ts';

const readyWithinMs = 120_000;
const username = 'product';
const password = 'right';
const loginModule = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const machine = ['-Xmx256m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/** A broker of its own for tests of credentials: one of its listeners asks for a password. */
export class SaslBroker {
  /** What the product needs to get in. */
  readonly settings: Settings;
  readonly #tether: Tether;

  private constructor(port: number, tether: Tether) {
    this.settings = {
      KAFKA_BROKERS: `127.0.0.1:${port}`,
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: username,
      KAFKA_SASL_PASSWORD: password,
    };
    this.#tether = tether;
  }

  /** @throws Error that says what to install when this machine cannot run one */
  static async start(): Promise<SaslBroker> {
    if (!(await canRunFromJars())) throw new Error('A Kafka broker with passwords needs Java 17 or newer and Maven.');
    const home = await mkdtemp(join(tmpdir(), 'kafka-sasl-'));
    const tether = new Tether({ directories: [home] });
    const [port, openPort, controllerPort] = [await freePort(), await freePort(), await freePort()];
    try {
      const path = join(home, 'server.properties');
      const settings = { ...withPasswords(port, openPort, controllerPort), 'log.dirs': join(home, 'logs') };
      await writeFile(
        path,
        Object.entries(settings)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      const java = [...machine, '-cp', join(await brokerJars(), '*')];
      const id = randomBytes(16).toString('base64url');
      await runToEnd('java', [...java, 'kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '--config', path]);
      const child = await Child.start({ command: 'java', args: [...java, 'kafka.Kafka', path], tether, cwd: home });
      await waitUntil(
        async () => {
          if (!child.running) throw new GiveUp(`the Kafka broker ended while starting:\n${child.output}`);
          return (await aliveBrokers(openPort)) > 0;
        },
        { withinMs: readyWithinMs, what: `Kafka broker on port ${openPort}` },
      );
      return new SaslBroker(port, tether);
    } catch (error) {
      await tether.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#tether.close();
  }
}

/** A listener that asks for a password beside the open one, which the probe and the broker itself use. */
function withPasswords(port: number, openPort: number, controllerPort: number): Record<string, string> {
  const open = brokerProperties({ port: openPort, controllerPort, bindTo: '127.0.0.1' });
  const listener = `SASL_PLAINTEXT://127.0.0.1:${port}`;
  const users = `user_${username}="${password}"`;
  return {
    ...open,
    listeners: `${open['listeners']},${listener}`,
    'advertised.listeners': `${open['advertised.listeners']},${listener}`,
    'listener.security.protocol.map': `${open['listener.security.protocol.map']},SASL_PLAINTEXT:SASL_PLAINTEXT`,
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${loginModule} required ${users};`,
  };
}
