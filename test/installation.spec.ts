import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { NODE_MAJOR_MIN, nodeFault } from '../src/platform/config/supported-node';

interface PackageFile {
  readonly gypfile?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly engines?: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

const root = repositoryRoot();
const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
const manifest = readJson<PackageFile>('package.json');

describe('the installation', () => {
  it('compiles nothing, whatever npm installs it', () => {
    const { packages } = readJson<{ packages: Record<string, PackageFile> }>('package-lock.json');
    // npm before 11.16 compiles whatever has a binding.gyp and no install script, unless the lock file itself says that it must not.
    const compiled = Object.keys(packages).filter((path) => {
      if (path === '' || !existsSync(join(root, path, 'binding.gyp'))) return false;
      const { install, preinstall } = readJson<PackageFile>(`${path}/package.json`).scripts ?? {};
      return install === undefined && preinstall === undefined && packages[path]?.gypfile !== false;
    });

    expect(compiled).toEqual([]);
  });

  it('brings the Node that the process runs on, also without the development packages', () => {
    expect(manifest.dependencies).toHaveProperty('node');
    expect(manifest.engines?.node).toBe(`>=${NODE_MAJOR_MIN}`);
  });

  it('tells an old Node in one line', () => {
    expect(nodeFault('20.20.2')).toMatch(/^NODE_TOO_OLD: this is Node 20\.20\.2, 24 or newer is needed; .+$/);
    expect(nodeFault('24.0.0')).toBeUndefined();
    expect(nodeFault('26.10.0')).toBeUndefined();
  });
});
