import { join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from '../process/repository.ts';
import type { Manifest } from './manifest.ts';

/** A class of the package kubernetes-models, which was made from the schemas of Kubernetes' own API. */
type Model = new (data: Manifest) => { validate(): void };

/**
 * What is wrong with manifests by the schemas of Kubernetes; empty when nothing is. The schemas let unknown fields pass, as an API server
 * drops them: those are found by types that were made from the same schemas.
 */
export async function schemaFaults(manifests: readonly Manifest[]): Promise<string[]> {
  const faults: string[] = [];
  const known: Manifest[] = [];
  for (const manifest of manifests) {
    const model = await modelOf(manifest);
    if (model === undefined) faults.push(`${nameOf(manifest)}: ${manifest.apiVersion} has no such kind`);
    else known.push(manifest);
    if (model !== undefined) faults.push(...invalid(manifest, model));
  }
  return [...faults, ...mistyped(known)];
}

async function modelOf({ apiVersion, kind }: Manifest): Promise<Model | undefined> {
  const models: unknown = await import(`kubernetes-models/${apiVersion}`).catch(() => undefined);
  const model: unknown = new Map(Object.entries(models ?? {})).get(kind);
  return isModel(model) ? model : undefined;
}

function isModel(value: unknown): value is Model {
  return typeof value === 'function';
}

function invalid(manifest: Manifest, model: Model): string[] {
  try {
    new model(unwrapped(manifest)).validate();
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Kustomize breaks long base64 into lines, which Kubernetes reads, and the schema's format does not know. */
function unwrapped(manifest: Manifest): Manifest {
  if (manifest.kind !== 'Secret' || !('data' in manifest)) return manifest;
  const data = Object.entries(manifest.data ?? {}).map(([key, value]) => {
    return [key, typeof value === 'string' ? value.replaceAll('\n', '') : value];
  });
  return Object.assign({}, manifest, { data: Object.fromEntries(data) });
}

/** Compiles a text that gives each manifest to a variable of its type; no such file is written. */
function mistyped(manifests: readonly Manifest[]): string[] {
  const path = join(repositoryRoot(), 'scripts', 'kubernetes', 'manifests.generated.ts');
  const lines = manifests.map((manifest, at) => {
    const type = `import('kubernetes-models/${manifest.apiVersion}').I${manifest.kind}`;
    return `export const manifest${at}: ${type} = ${JSON.stringify(manifest)};`;
  });
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const text = lines.join('\n');
  const disk = ts.createCompilerHost(options);
  host.getSourceFile = (name, target) => {
    return name === path ? ts.createSourceFile(name, text, target) : disk.getSourceFile(name, target);
  };
  host.fileExists = (name) => name === path || disk.fileExists(name);
  host.readFile = (name) => (name === path ? text : disk.readFile(name));
  const found = ts.getPreEmitDiagnostics(ts.createProgram([path], options, host));
  return found.map(({ file, start, messageText }) => {
    const at = file === undefined || start === undefined ? -1 : file.getLineAndCharacterOfPosition(start).line;
    const manifest = manifests[at];
    const told = ts.flattenDiagnosticMessageText(messageText, ' ');
    return manifest === undefined ? told : `${nameOf(manifest)}: ${told}`;
  });
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}
