import { readFileSync } from 'node:fs';
import { describeSettings, type DescribedSetting } from './describe-settings';
import { loadSettings, type Environment, type Surroundings } from './load-settings';
import type { Settings } from './settings';

/**
 * Reads the environment and the optional `.env` of the working directory. The only reader of `process.env`.
 *
 * @param known names that `MODULES` and `VIEWS` may hold, and what the command line asks for
 * @param instead what counts instead of the environment
 * @throws SettingsError with every fault at once
 */
export function readEnvironment(
  known: Pick<Surroundings, 'modules' | 'views' | 'simulate'> = {},
  instead: Environment = {},
): Settings {
  return loadSettings(
    { ...process.env, ...instead },
    {
      ...known,
      dotenv: readDotenv(),
      terminal: process.stdout.isTTY,
      readFile: (path) => readFileSync(path, 'utf8'),
    },
  );
}

/** What {@link readEnvironment} reads, for people: also where it is at fault. */
export function describeEnvironment(): DescribedSetting[] {
  return describeSettings(process.env, readDotenv());
}

function readDotenv(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
