import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../process/repository.ts';
import { outputOf, runToEnd } from '../process/run-to-end.ts';

/** Same version as in pom.xml. */
export const kafkaVersion = '4.2.0';

const oldestJava = 17;

/** The major version of the `java` on the path, or undefined when there is none. */
export async function javaVersion(): Promise<number | undefined> {
  const told = await outputOf('java', ['-version']);
  const major = told?.match(/version "(\d+)/)?.[1];
  return major === undefined ? undefined : Number(major);
}

/** Whether a broker can run from Maven's jars on this machine. */
export async function canRunFromJars(): Promise<boolean> {
  const java = await javaVersion();
  if (java === undefined || java < oldestJava) return false;
  return existsSync(jarDirectory()) || (await outputOf('mvn', ['-v'])) !== undefined;
}

/**
 * The directory with the broker's jars: copied once into the repository's cache. Several processes may ask at once; each makes a copy of
 * its own and the first to finish wins.
 * @throws Error when Maven cannot fetch them
 */
export async function brokerJars(): Promise<string> {
  const target = jarDirectory();
  if (existsSync(target)) return target;
  const parent = join(target, '..');
  await mkdir(parent, { recursive: true });
  const copy = await mkdtemp(join(parent, 'copying-'));
  const pom = join(repositoryRoot(), 'scripts', 'kafka', 'pom.xml');
  try {
    await runToEnd('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${copy}`]);
    await rename(copy, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  return target;
}

function jarDirectory(): string {
  return join(repositoryRoot(), '.cache', 'kafka', kafkaVersion, 'libs');
}
