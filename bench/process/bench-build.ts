import { copyFile, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';

/** What is compiled for the benchmark alone. */
export interface BenchBuild {
  /** The product with the route `POST /noop`. */
  readonly app: string;
  /** The payments with many virtual users. */
  readonly simulation: string;
  /** Stock Nest request and reply through Kafka. */
  readonly peer: string;
}

/**
 * Compiles the product together with what the benchmark adds to it, beside the product's own build and by the same compiler.
 * @throws Error with the compiler's output
 */
export async function buildBench(): Promise<BenchBuild> {
  const root = repositoryRoot();
  const output = join(root, '.cache', 'bench', 'build');
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  await runToEnd(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    join(root, 'bench', 'tsconfig.build.json'),
  ]);
  // The product reads these from the folder above its own code.
  await copyFile(join(root, 'package.json'), join(output, 'package.json'));
  await symlink(join(root, 'docs'), join(output, 'docs'));
  return {
    app: join(output, 'bench', 'app', 'main.js'),
    simulation: join(output, 'bench', 'app', 'simulation.js'),
    peer: join(output, 'bench', 'peers', 'nest-client-kafka', 'main.js'),
  };
}
