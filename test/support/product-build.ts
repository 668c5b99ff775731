import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';

const notBuilt = ['.spec.ts', '.int-spec.ts', '.contract.ts'];

/** The built product's entry point. */
export function productMain(): string {
  return join(repositoryRoot(), 'dist', 'main.js');
}

/**
 * Builds the product into `dist`, as `npm run build` does, unless what is there was built from the same sources. It is built beside and
 * moved in place, so a run that goes on meanwhile keeps what it has.
 * @throws Error with the compiler's output
 */
export async function buildProduct(): Promise<void> {
  const root = repositoryRoot();
  const stamp = join(root, 'dist', '.built-from');
  const sources = await fingerprint(root);
  if (existsSync(productMain()) && existsSync(stamp) && (await readFile(stamp, 'utf8')) === sources) return;

  const work = join(root, '.cache', 'build', String(process.pid));
  const output = join(work, 'dist');
  const config = join(work, 'tsconfig.json');
  try {
    await mkdir(work, { recursive: true });
    const options = { outDir: './dist', incremental: false };
    await writeFile(config, JSON.stringify({ extends: '../../../tsconfig.build.json', compilerOptions: options }));
    const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    await runToEnd(process.execPath, [nest, 'build', '--path', relative(root, config)], { cwd: root });
    if (!existsSync(join(output, 'main.js'))) throw new Error('the build made no main.js');
    await writeFile(join(output, '.built-from'), sources);
    if (existsSync(join(root, 'dist'))) await rename(join(root, 'dist'), join(work, 'replaced'));
    await rename(output, join(root, 'dist'));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fingerprint(root: string): Promise<string> {
  const paths = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];
  for await (const path of glob('src/**/*.ts', { cwd: root })) {
    if (!notBuilt.some((ending) => path.endsWith(ending))) paths.push(path);
  }
  const hash = createHash('sha256');
  for (const path of paths.sort())
    hash
      .update(path)
      .update('\0')
      .update(await readFile(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}
