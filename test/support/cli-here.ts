import { reach } from '../../src/cli/reach';
import { runCli } from '../../src/cli/run-cli';
import { loadSettings } from '../../src/platform/config/load-settings';
import type { Settings } from './app-process.ts';
import type { CliEnd } from './cli-process.ts';

/** Runs a command as the command line does, but in this process, which has everything loaded. */
export async function runHere(settings: Settings, ...args: string[]): Promise<CliEnd> {
  let output = '';
  let told = '';
  const code = await runCli(args, {
    terminal: {
      write: (text) => (output += text),
      tell: (text) => (told += text),
      isInteractive: false,
      interrupted: new AbortController().signal,
    },
    readSettings: (instead) => loadSettings({ ...settings, ...instead }),
    reach,
  });
  return { code, output, told };
}
