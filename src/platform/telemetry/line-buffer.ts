import { destination, type DestinationStream } from 'pino';

/** Lines are written together when so much has come … */
const BUFFER_CHARACTERS = 8 * 1024;
/** … or after so long. */
const FLUSH_MS = 100;

/** Collects log lines and writes them in big pieces without blocking: a system call per line would cost more than the line. */
export class LineBuffer implements DestinationStream {
  readonly #output = destination({ dest: 1, sync: false });
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    // Nobody reads any more, say because the pipe's other end has died: the lines are lost, and the work goes on.
    this.#output.on('error', () => undefined);
    process.once('exit', () => this.flushSync());
  }

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= BUFFER_CHARACTERS) {
      this.#flush();
    } else {
      this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
    }
  }

  /** Writes everything, for the end of the process. */
  flushSync(): void {
    try {
      this.#flush();
      this.#output.flushSync();
    } catch {
      // What nobody reads must not keep the process from ending.
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines !== '') {
      this.#output.write(this.#lines);
      this.#lines = '';
    }
  }
}
