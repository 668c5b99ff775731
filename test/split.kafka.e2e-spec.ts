import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { StubIssuer } from '../src/platform/auth/testing/stub-issuer';
import type { AppProcess } from './support/app-process.ts';
import { imageEnvironment } from './support/built-image.ts';
import { runCliProcess } from './support/cli-process.ts';
import { ourServices } from './support/compose.ts';
import { eventually } from './support/eventually.ts';
import { member } from './support/ledger-of-attempts.ts';
import { documentedOverlay, Manifests } from './support/manifests.ts';
import { describeModes } from './support/modes.ts';
import { ask, signIn } from './support/sign-in.ts';
import { startTogether, useEveryModule } from './support/split-processes.ts';
import { wantedAccess } from './support/wanted-access.ts';

const scope = [...new Set(Object.values(wantedAccess))].join(' ');
const listedViews = z.array(z.object({ name: z.string(), status: z.literal('live') }));
const settingsFile = z.looseObject({
  configMapGenerator: z.array(z.looseObject({ name: z.string(), literals: z.array(z.string()) })),
});

describeModes(
  'The processes of deploy/kubernetes/split',
  ({ newSite }) => {
    let issuer: StubIssuer;
    let environments: Record<string, Record<string, string>>;
    let processes: Map<string, AppProcess>;
    let api: AppProcess;
    const tokenOf = (sub: string) => Promise.resolve(issuer.forge.token({ sub, scope }));

    beforeAll(async () => {
      issuer = await StubIssuer.start();
      const site = await newSite();
      const split = await Manifests.ofOverlay(overlayFor({ ...site.settings, AUTH_ISSUER: issuer.url }));
      const pods = split.deployments.map((deployment) => {
        return [deployment.metadata.name, { ...imageEnvironment(), ...split.environmentOf(deployment) }] as const;
      });
      environments = Object.fromEntries(pods);
      processes = await startTogether(site, environments);
      api = named(processes, 'api');
    }, 120_000);
    afterAll(() => issuer.stop());

    it('are one product to who uses the API: every module, its views and streams, and what became of commands', async () => {
      await useEveryModule(api.url, tokenOf);
    }, 60_000);

    it('leave the other modules alone when the worker of one is away, and catch up when it is back', async () => {
      const token = await tokenOf('carol');
      const send = (path: string, method: string, body: object) =>
        ask(api.url + path, token, { method, body, headers: { prefer: 'wait=2' } });
      const worker = named(processes, 'worker-calculator');
      expect(await worker.terminate()).toEqual({ code: 0, signal: null });

      const waiting = await send('/values', 'POST', { value: 7 });
      expect(waiting.status).toBe(202);
      expect((await send('/current-user', 'PUT', { name: 'Carol', username: 'carol' })).status).toBe(204);
      expect((await ask(`${api.url}/health/ready`)).status).toBe(200);
      await worker.restart();
      await eventually(async () => {
        const outcome = await ask(`${api.url}/commands/${String(member(waiting.body, 'commandId'))}`, token);
        expect(outcome).toMatchObject({ status: 200, body: { status: 'accepted', reply: { value: 7 } } });
      });
    }, 60_000);

    it('let the command line look into them, and rebuild their views, from within any pod', async () => {
      const cli = async (pod: string, ...args: string[]): Promise<unknown> => {
        const settings = { ...environments[pod], DATA_DIR: named(processes, pod).dataDirectory };
        const { code, output, told } = await runCliProcess(settings, ...args, '--json');
        expect({ pod, args, code, told }).toMatchObject({ code: 0 });
        return JSON.parse(output);
      };
      const names = async (pod: string) => listedViews.parse(await cli(pod, 'views', 'list')).map(({ name }) => name);

      for (const view of ['payments.balance', 'platform.command-outcomes']) await cli('api', 'views', 'rebuild', view);
      expect(await cli('api', 'keys', 'rotate')).toMatchObject({ rewrapped: expect.any(Number) });
      expect(await names('api')).toEqual(expect.arrayContaining(['calculator.value', 'payments.balance']));
      expect((await names('worker-calculator')).sort()).toEqual([
        'calculator.value',
        'calculator.value-history',
        'platform.command-outcomes',
      ]);
    }, 60_000);

    it('stop in order, within the time that their pods are given', async () => {
      const exits = await Promise.all([...processes.values()].map((app) => app.terminate({ within: 25_000 })));

      expect(exits).toEqual(exits.map(() => ({ code: 0, signal: null })));
    }, 60_000);
  },
  ['kafka'],
);

describeModes(
  'The processes of docker-compose.yml',
  ({ newSite }) => {
    it('are one product to who uses the API', async () => {
      const site = await newSite();
      const environments = ourServices.map(([name, { environment }]) => {
        return [name, { ...imageEnvironment(), ...environment, ...site.settings }] as const;
      });
      const processes = await startTogether(site, Object.fromEntries(environments));
      const { url } = named(processes, 'api');

      await useEveryModule(url, (user) => signIn(url, user));
      expect(processes.size).toBe(2);
    }, 120_000);
  },
  ['kafka'],
);

function named(processes: ReadonlyMap<string, AppProcess>, name: string): AppProcess {
  const found = processes.get(name);
  if (found === undefined) throw new Error(`there is no ${name} among ${[...processes.keys()].join(', ')}`);
  return found;
}

/** The overlay of the how-to, for the servers of this run. */
function overlayFor(settings: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const files = documentedOverlay();
  const overlay = settingsFile.parse(parse(files['kustomization.yaml'] ?? ''));
  const { KAFKA_BROKERS, KAFKA_TOPIC_PREFIX, AUTH_ISSUER, DATABASE_URL } = settings;
  const ours: Readonly<Record<string, readonly string[]>> = {
    platform: [`AUTH_ISSUER=${AUTH_ISSUER}`, 'AUTH_AUDIENCE=kafka-cqrs-platform', 'PUBLIC_URL=https://api.example.com'],
    // The broker of the tests is one, and speaks plainly.
    kafka: [
      `KAFKA_BROKERS=${KAFKA_BROKERS}`,
      `KAFKA_TOPIC_PREFIX=${KAFKA_TOPIC_PREFIX}`,
      'KAFKA_SSL=false',
      'KAFKA_SASL_MECHANISM=',
      'KAFKA_REPLICATION_FACTOR=',
    ],
  };
  for (const generator of overlay.configMapGenerator) generator.literals = [...(ours[generator.name] ?? [])];
  return {
    ...files,
    'kustomization.yaml': stringify(overlay),
    'kafka.env': 'KAFKA_SASL_USERNAME=\nKAFKA_SASL_PASSWORD=\n',
    'postgresql.env': `DATABASE_URL=${DATABASE_URL}\n`,
    'data-keys.env': `DATA_KEY_ENCRYPTION_KEY=${Buffer.alloc(32, 'k').toString('base64')}\n`,
  };
}
