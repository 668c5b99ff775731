import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The root of this repository, found upwards from the working directory: these scripts run as CommonJS under Jest and as ES modules under
 * Node, and no way to ask for a file's own place works in both.
 * @throws Error when started from outside the repository
 */
export function repositoryRoot(): string {
  for (let directory = process.cwd(); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'scripts', 'kafka', 'pom.xml'))) return directory;
    if (dirname(directory) === directory) throw new Error('run this inside the repository');
  }
}
