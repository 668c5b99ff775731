import { writeSync } from 'node:fs';

/** Where a command writes, and how it hears that it shall end. */
export interface Terminal {
  /** Results, to standard output. */
  readonly write: (text: string) => void;
  /** What is not a result, to standard error. */
  readonly tell: (text: string) => void;
  /** Standard error is looked at by a person: lines may be drawn over. */
  readonly isInteractive: boolean;
  /** Aborts on ^C. */
  readonly interrupted: AbortSignal;
}

/** The terminal, files or pipes of this process. Standard output that nobody reads any more ends the process, as of any good filter. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  process.once('SIGTERM', () => interrupted.abort());
  return {
    write: (text) => writeAll(1, text),
    tell: (text) => writeAll(2, text),
    isInteractive: process.stderr.isTTY,
    interrupted: interrupted.signal,
  };
}

/** Synchronous, so that nothing is lost when the process exits. */
function writeAll(file: number, text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(file, left));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPIPE') process.exit(0);
      // A pipe that is full and does not block: its reader needs a moment.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else throw error;
    }
  }
}
