import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads process ids from its standard input, one a line, an empty line for none. The input ends when its parent ends, however it ended:
 * then it kills the last id and removes the container and the directories it was given.
 */
const watchdog = `
trap '' HUP INT TERM
pid=
while read -r line; do pid=$line; done
[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null && sleep 0.2
container=$1; shift
[ -n "$container" ] && docker rm -f -v "$container"
[ "$#" -gt 0 ] && rm -rf -- "$@"
exit 0
`;

/**
 * Ties a child process and its temporary directories to the life of this process: neither outlives it, even when it is killed with -9 and
 * no exit hook runs. A small shell waits at the end of a pipe, so it works wherever there is a POSIX shell.
 */
export class Tether {
  readonly #shell: ChildProcess;

  /** The directories and the Docker container are removed when the tether is closed, or when this process dies. */
  constructor({ directories = [], container = '' }: { directories?: readonly string[]; container?: string } = {}) {
    this.#shell = spawn('/bin/sh', ['-c', watchdog, 'tether', container, ...directories], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#shell.unref();
    const input = this.#shell.stdin;
    // A pipe to a shell that was killed from outside must not end this process.
    input?.on('error', () => undefined);
    if (input !== null && 'unref' in input && typeof input.unref === 'function') input.unref();
  }

  /** From now on this process id dies with us. */
  hold(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`);
  }

  /** The process has ended; its id may be somebody else's soon. */
  release(): void {
    this.#shell.stdin?.write('\n');
  }

  /** Kills what is held, removes what was given, and resolves when that is done. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#shell.once('exit', () => resolve()));
    this.#shell.ref();
    this.#shell.stdin?.end();
    await ended;
  }
}
