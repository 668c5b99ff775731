import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { productMain } from './product-build.ts';
import type { Settings } from './app-process.ts';

/** How a command of the built command line ended, with what it printed. */
export interface CliEnd {
  readonly code: number | null;
  readonly output: string;
  readonly told: string;
}

/** A command under way. */
export interface CliProcess {
  /** What it has printed so far. */
  output(): string;
  interrupt(): void;
  readonly ended: Promise<CliEnd>;
}

/** Starts a command beside its data, where no `.env` of a developer lies. */
export async function startCli(settings: Settings, ...args: string[]): Promise<CliProcess> {
  const place = join(settings['DATA_DIR'] ?? '.', '..');
  await mkdir(place, { recursive: true });
  const { PATH, HOME, TMPDIR } = process.env;
  const env = Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR, ...settings }).filter(([, value]) => value !== undefined),
  );
  const main = join(dirname(productMain()), 'cli', 'main.js');
  const child = spawn(process.execPath, [main, ...args], { cwd: place, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, told }));
  });
  return { output: () => output, interrupt: () => void child.kill('SIGINT'), ended };
}

/** Runs a command to its end. */
export async function runCliProcess(settings: Settings, ...args: string[]): Promise<CliEnd> {
  return (await startCli(settings, ...args)).ended;
}
