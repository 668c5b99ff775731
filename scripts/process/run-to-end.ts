import { execFile } from 'node:child_process';

/** Runs a program to its end and answers what it printed on both streams, or undefined when there is no such program or it failed. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return await runToEnd(command, args);
  } catch {
    return undefined;
  }
}

/**
 * Runs a program to its end and answers what it printed on both streams.
 * @throws Error with that output when it cannot be started or ends with another exit code than 0
 */
export function runToEnd(
  command: string,
  args: readonly string[],
  options: { cwd?: string; uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      if (error === null) resolve(output);
      else reject(new Error(`${command} failed:\n${output.slice(-4_000)}`, { cause: error }));
    });
  });
}
