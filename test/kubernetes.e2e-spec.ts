import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1';
import type { Manifest } from '../scripts/kubernetes/manifest.ts';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { runToEnd } from '../scripts/process/run-to-end.ts';
import { known, modules } from '../src/app.module';
import { SHUTDOWN_MS_MAX } from '../src/bootstrap';
import { loadSettings } from '../src/platform/config/load-settings';
import { AppSite } from './support/app-site.ts';
import { imageEnvironment } from './support/built-image.ts';
import {
  containerOf,
  directoryOf,
  documentedOverlay,
  labelsOf,
  Manifests,
  podSpecOf,
  selectedBy,
  withOverlay,
} from './support/manifests.ts';
import { expectStoppedStart } from './support/stopped-start.ts';
import { wantedAccess } from './support/wanted-access.ts';

const root = repositoryRoot();
/** What stands for values of one's own in the files of the how-to. */
const secrets: readonly (readonly [pattern: RegExp, value: string])[] = [
  [/(?<=KEY=)…/, Buffer.alloc(32, 'k').toString('base64')],
  [/…/, 'a-password'],
];

describe('The manifests', () => {
  let base: Manifests;
  let split: Manifests;
  let documented: Manifests;
  const each = (): Manifests[] => [base, split, documented];

  beforeAll(async () => {
    base = await Manifests.build('base');
    split = await Manifests.build('split');
    documented = await Manifests.ofOverlay(filled(documentedOverlay()));
  }, 120_000);

  it('keep the schemas of Kubernetes and the restricted pod security standard, and so does the overlay of the how-to', async () => {
    const told = [
      await check(directoryOf('base')),
      await check(directoryOf('split')),
      await withOverlay(filled(documentedOverlay()), check),
    ];

    for (const text of told) expect(text).toMatch(/^kind: Deployment$/m);
  }, 60_000);

  it('are refused with a line for each fault when they do not', async () => {
    const pod = [
      { op: 'add', path: '/spec/template/spec/containers/0/readinesProbe', value: {} },
      { op: 'add', path: '/spec/template/spec/hostNetwork', value: true },
    ];
    const service = [{ op: 'replace', path: '/spec/ports/0/port', value: 'eighty' }];
    const patches = [
      { target: { kind: 'Deployment' }, patch: JSON.stringify(pod) },
      { target: { kind: 'Service' }, patch: JSON.stringify(service) },
    ];
    const wrong = JSON.stringify({ resources: ['../base'], patches });
    const told = await withOverlay({ 'kustomization.yaml': wrong }, check).catch(String);

    expect(told).toContain('manifests: Service api: data/spec/ports/0/port must be integer');
    expect(told).toMatch(/manifests: Deployment api: .*readinesProbe.* does not exist/);
    expect(told).toContain('manifests: api: hostNetwork');
  }, 60_000);

  it('give each part of the product to one deployment', () => {
    const settingsOf = (manifests: Manifests, name: string) => loadSettings(environmentOf(manifests, name), known);
    const { ROLES, MODULES } = environmentOf(base, 'api');
    expect({ ROLES, MODULES }).toEqual({});
    expect(split.deployments.map(({ metadata }) => metadata.name).sort()).toEqual(
      ['api', ...modules.map(({ feature }) => `worker-${feature.name}`)].sort(),
    );

    expect(settingsOf(documented, 'api')).toMatchObject({ roles: new Set(['api']), modules: 'all', views: 'all' });
    for (const { feature } of modules) {
      expect(settingsOf(documented, `worker-${feature.name}`)).toMatchObject({
        roles: new Set(['processor', 'reactor', 'projector']),
        modules: new Set([feature.name]),
        views: 'all',
      });
    }
  });

  it('say all that a process in production wants to know, when they are filled in', () => {
    for (const { metadata } of documented.deployments) {
      expect(loadSettings(environmentOf(documented, metadata.name), known)).toMatchObject({
        production: true,
        http: { host: '0.0.0.0', port: 3000, publicUrl: 'https://api.example.com' },
        dataDir: '/data',
        kafka: {
          brokers: ['broker-1.example.com:9093', 'broker-2.example.com:9093'],
          ssl: true,
          sasl: { mechanism: 'scram-sha-512', username: 'platform', password: 'a-password' },
          replicationFactor: 3,
        },
        databaseUrl: 'postgres://platform:a-password@postgresql.example.com:5432/platform?sslmode=verify-full',
        auth: { issuer: 'https://tenant.eu.auth0.com', audience: 'https://api.example.com' },
        dataKeyEncryptionKeys: [expect.stringMatching(/^.{44}$/)],
      });
    }
  });

  it('start nowhere as they are, and say what is missing', async () => {
    const site = await AppSite.create('embedded');
    try {
      const { HOST, PORT: _port, DATA_DIR: _directory, ...environment } = environmentOf(base, 'api');
      const ended = await site.runToEnd({ ...environment, HOST });
      expectStoppedStart(
        ended,
        78,
        'SETTINGS: PUBLIC_URL must be an http or https URL',
        'SETTINGS: KAFKA_BROKERS must be host:port, separated by commas',
        'SETTINGS: DATABASE_URL must be a postgresql:// URL',
        'SETTINGS: AUTH_ISSUER must be development or the URL of an OIDC issuer',
        'SETTINGS: DATA_KEY_ENCRYPTION_KEY must be 32 bytes in base64',
        'SETTINGS: AUTH_ISSUER=development is refused with NODE_ENV=production',
      );
      const half = { KAFKA_BROKERS: 'broker.example.com:9093', DATABASE_URL: 'postgres://example.com/platform' };
      const sasl = 'KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set together';
      expect((await site.runToEnd({ ...environment, HOST, ...half })).output).toContain(`SETTINGS: ${sasl}`);
    } finally {
      await site.close();
    }
  });

  it('let the workers be applied before the API', () => {
    const isApi = (manifest: Manifest): boolean => {
      const { labels = {} } = manifest.metadata;
      return labels['app.kubernetes.io/component'] === 'api';
    };

    expect(split.all.filter(isApi).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Deployment api']);
  });

  it('select the pods of one deployment each', () => {
    for (const manifests of each()) {
      const deployments = manifests.deployments.map((deployment) => ({
        name: deployment.metadata.name,
        labels: labelsOf(deployment),
      }));
      const selecting = manifests.all.filter((manifest) => selectedBy(manifest) !== undefined);
      const chosen = selecting.map((manifest) => {
        const wanted = Object.entries(selectedBy(manifest) ?? {});
        const pods = deployments.filter(({ labels }) => wanted.every(([label, value]) => labels[label] === value));
        return [`${manifest.kind} ${manifest.metadata.name}`, pods.map(({ name }) => name)];
      });

      expect(Object.fromEntries(chosen)).toEqual({
        'Service api': ['api'],
        ...Object.fromEntries(
          deployments.flatMap(({ name }) => [
            [`Deployment ${name}`, [name]],
            [`PodDisruptionBudget ${name}`, [name]],
          ]),
        ),
      });
    }
  });

  it('give a pod the time that it takes to stop, and directories to write to', () => {
    for (const deployment of each().flatMap(({ deployments }) => deployments)) {
      const { terminationGracePeriodSeconds = 0, volumes = [] } = podSpecOf(deployment);
      const { lifecycle, volumeMounts = [], securityContext } = containerOf(deployment);
      const waited = lifecycle?.preStop?.sleep?.seconds ?? 0;
      expect(terminationGracePeriodSeconds).toBeGreaterThan(waited + SHUTDOWN_MS_MAX / 1_000);
      expect(securityContext?.readOnlyRootFilesystem).toBe(true);
      const writable = volumeMounts.filter(({ readOnly = false }) => !readOnly);
      expect(writable.map(({ mountPath }) => mountPath)).toEqual([imageEnvironment()['DATA_DIR'], '/tmp']);
      const kinds = writable.map(({ name }) => volumes.find((volume) => volume.name === name)?.emptyDir);
      expect(kinds).toEqual([{}, {}]);
    }
  });

  it('ask a pod how it is where it answers', () => {
    for (const deployment of each().flatMap(({ deployments }) => deployments)) {
      const { startupProbe, livenessProbe, readinessProbe, ports = [] } = containerOf(deployment);
      const asked = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet);
      expect(asked.map((request) => request?.path)).toEqual(['/health/live', '/health/live', '/health/ready']);
      for (const request of asked) expect(wantedAccess[`GET ${request?.path}`]).toBe('public');
      expect(ports).toEqual([{ name: 'http', containerPort: Number(imageEnvironment()['PORT']) }]);
    }
  });

  it('let clients reach every route of the API, and none that is for operators', () => {
    const isForOperators = (path: string): boolean => /^\/(health|metrics|operations)\b/.test(path);
    const paths = Object.keys(wantedAccess).map((route) => route.slice(route.indexOf(' ') + 1));
    const reached = paths.filter((path) => isReached(split, path.replaceAll(/\{\w+\}/g, 'one')));

    expect(reached).toEqual(paths.filter((path) => !isForOperators(path)));
    for (const path of ['/', '/docs/problems/not-found', '/openapi.json']) expect(isReached(split, path)).toBe(true);
    for (const path of ['/metrics', '/health/ready', '/operations', '/requests'])
      expect(isReached(split, path)).toBe(false);
  });

  it('run the image of this version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const images = split.deployments.map((deployment) => containerOf(deployment).image);

    expect(new Set(images)).toEqual(new Set([`kafka-cqrs-platform:${version}`]));
  });

  it('take names, image and host from the overlay of the how-to, and a new secret makes new pods', async () => {
    expect(new Set(documented.all.map(({ metadata }) => 'namespace' in metadata && metadata.namespace))).toEqual(
      new Set(['platform']),
    );
    for (const deployment of documented.deployments) {
      expect(containerOf(deployment).image).toMatch(/^registry\.example\.com\/kafka-cqrs-platform:\d/);
    }
    expect(JSON.stringify(ingressOf(documented).spec?.tls)).toContain('api.example.com');
    const files = filled(documentedOverlay());
    const rotated = 'KAFKA_SASL_USERNAME=platform\nKAFKA_SASL_PASSWORD=b\n';
    const after = await Manifests.ofOverlay({ ...files, 'kafka.env': rotated });
    for (const { metadata } of documented.deployments) {
      const [before, now] = [documented, after].map((manifests) => {
        const sources = containerOf(manifests.deployment(metadata.name)).envFrom ?? [];
        return sources.flatMap(({ secretRef }) => secretRef?.name ?? []);
      });
      expect(now).toHaveLength(3);
      expect(now?.filter((name) => !before?.includes(name))).toEqual([expect.stringMatching(/^kafka-/)]);
    }
  });

  it('leave a secret to whoever makes it, where the overlay deletes ours', async () => {
    const guide = readFileSync(join(root, 'docs', 'how-to', 'kubernetes.md'), 'utf8');
    const [patches] = /^ {3}patches:\n {5}- patch: \|\n(.*\n)*? {9}\$patch: delete$/m.exec(guide) ?? [''];
    const text = `resources: [../split]\n${patches.replace(/^ {3}/gm, '')}\n`;
    const manifests = await Manifests.ofOverlay({ 'kustomization.yaml': text });

    const made = manifests.all.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
    expect(made).toEqual([expect.stringMatching(/^data-keys-/), expect.stringMatching(/^kafka-/)]);
    for (const deployment of manifests.deployments) {
      const sources = containerOf(deployment).envFrom ?? [];
      expect(sources.map(({ secretRef }) => secretRef?.name)).toContain('postgresql');
    }
  });
});

function check(directory: string): Promise<string> {
  const program = join(root, 'scripts', 'kubernetes', 'run.ts');
  return runToEnd(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', program, directory]);
}

function environmentOf(manifests: Manifests, name: string): Record<string, string> {
  return { ...imageEnvironment(), ...manifests.environmentOf(manifests.deployment(name)) };
}

function filled(files: Readonly<Record<string, string>>): Record<string, string> {
  const replace = (text: string): string =>
    secrets.reduce((out, [pattern, value]) => out.replace(pattern, value), text);
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [name, replace(text)]));
}

function ingressOf(manifests: Manifests): Manifest & IIngress {
  const found = manifests.all.find((manifest): manifest is Manifest & IIngress => manifest.kind === 'Ingress');
  if (found === undefined) throw new Error('there is no ingress');
  return found;
}

/** As the API of Kubernetes says that paths match: by elements. */
function isReached(manifests: Manifests, path: string): boolean {
  const rules = ingressOf(manifests).spec?.rules ?? [];
  const paths = rules.flatMap(({ http }) => http?.paths ?? []);
  return paths.some(({ path: wanted, pathType }) => {
    return path === wanted || (pathType === 'Prefix' && path.startsWith(`${wanted}/`));
  });
}
