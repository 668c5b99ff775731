import type { EndedRun } from './app-process.ts';

/** Expects a start that ended with these lines on the terminal and nothing else: no stack, no log, no exit code that says success. */
export function expectStoppedStart({ code, output }: EndedRun, exitCode: number, ...lines: (string | RegExp)[]): void {
  const printed = output.split('\n').filter((line) => line !== '');
  expect({ code, printed }).toEqual({ code: exitCode, printed: lines.map((line) => expect.stringMatching(line)) });
}
