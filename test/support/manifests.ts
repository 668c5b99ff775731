import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { z } from 'zod';
import { kustomize } from '../../scripts/kubernetes/kubectl.ts';
import { isDeployment, parseManifests, podOf, type Manifest } from '../../scripts/kubernetes/manifest.ts';
import { repositoryRoot } from '../../scripts/process/repository.ts';

const labels = z.record(z.string(), z.string());
/** A service names the labels, everything else an expression of them. */
const selecting = z.object({ spec: z.object({ selector: z.record(z.string(), z.unknown()).optional() }).default({}) });

export type NamedDeployment = Manifest & IDeployment;

/** What kustomize makes of a directory. */
export class Manifests {
  private constructor(readonly all: readonly Manifest[]) {}

  /** @param directory below `deploy/kubernetes`, or absolute */
  static async build(directory: string): Promise<Manifests> {
    return new Manifests(parseManifests(await kustomize(directoryOf(directory))));
  }

  static ofOverlay(files: Readonly<Record<string, string>>): Promise<Manifests> {
    return withOverlay(files, (directory) => Manifests.build(directory));
  }

  get deployments(): NamedDeployment[] {
    return this.all.filter((manifest) => isDeployment(manifest));
  }

  /** @throws Error when there is none */
  deployment(name: string): NamedDeployment {
    const found = this.deployments.find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`there is no deployment ${name}`);
    return found;
  }

  /**
   * The environment that Kubernetes gives the process of a deployment, without what the image brings.
   * @throws Error when it names a ConfigMap or a Secret that is not there
   */
  environmentOf(deployment: NamedDeployment): Record<string, string> {
    const { envFrom = [], env = [] } = containerOf(deployment);
    const environment: Record<string, string> = {};
    for (const { configMapRef, secretRef } of envFrom) {
      if (configMapRef?.name !== undefined) Object.assign(environment, this.dataOf('ConfigMap', configMapRef.name));
      if (secretRef?.name === undefined) continue;
      for (const [key, value] of Object.entries(this.dataOf('Secret', secretRef.name))) {
        environment[key] = Buffer.from(value, 'base64').toString();
      }
    }
    for (const { name, value = '' } of env) environment[name] = value;
    return environment;
  }

  private dataOf(kind: string, name: string): Record<string, string> {
    const found = this.all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    const data: unknown = 'data' in found ? found.data : undefined;
    return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, String(value)]));
  }
}

/** Writes an overlay as somebody keeps it beside our own directories, for as long as it is used. @param files of it, by name */
export async function withOverlay<T>(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<T>,
): Promise<T> {
  const place = await mkdtemp(join(tmpdir(), 'manifests-'));
  try {
    await cp(directoryOf(''), place, { recursive: true });
    const directory = join(place, 'production');
    await mkdir(directory);
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text)));
    return await use(directory);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** The files of an overlay that docs/how-to/kubernetes.md shows, by name. */
export function documentedOverlay(): Record<string, string> {
  const text = readFileSync(join(repositoryRoot(), 'docs', 'how-to', 'kubernetes.md'), 'utf8');
  const blocks = [...text.matchAll(/^ {3}```\w+\n {3}# ([\w.-]+)\n(.*?)^ {3}```$/gms)];
  return Object.fromEntries(blocks.map(([, name, body = '']) => [name, body.replace(/^ {3}/gm, '')]));
}

/** @throws Error when it makes no pods */
export function podSpecOf(deployment: NamedDeployment): IPodSpec {
  const pod = podOf(deployment);
  if (pod === undefined) throw new Error(`${deployment.metadata.name} has no pods`);
  return pod;
}

/** The one container of its pods. @throws Error when there are several */
export function containerOf(deployment: NamedDeployment): IContainer {
  const [container, ...more] = podSpecOf(deployment).containers;
  if (container === undefined || more.length > 0) throw new Error('a pod has one container');
  return container;
}

/** @param directory below `deploy/kubernetes`, or absolute */
export function directoryOf(directory: string): string {
  return directory.startsWith('/') ? directory : join(repositoryRoot(), 'deploy', 'kubernetes', directory);
}

/** Labels of its pods. */
export function labelsOf({ spec }: NamedDeployment): Readonly<Record<string, string>> {
  return spec?.template.metadata?.labels ?? {};
}

/** The labels by which something finds pods; undefined for what does not look for any. */
export function selectedBy(manifest: Manifest): Readonly<Record<string, string>> | undefined {
  const { selector } = selecting.parse(manifest).spec;
  if (selector === undefined) return undefined;
  const { matchLabels = selector } = selector;
  return labels.parse(matchLabels);
}
