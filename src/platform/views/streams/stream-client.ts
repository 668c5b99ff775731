import type { StreamFilter } from './stream-filter';
import type { ShowRow } from './stream-item';

export interface StreamLimits {
  /** Output that a live client has not read, in bytes; beyond it the client is dropped. */
  readonly unreadBytesMax: number;
  /** Time in which a client must have read what it was sent; then it is dropped. */
  readonly drainMsMax: number;
  /** Told of each client that is dropped because it does not read. */
  readonly onSlow?: () => void;
}

/** What is needed of a `ServerResponse`. */
export interface StreamOutput {
  readonly writableLength: number;
  /** @returns whether more may be written before `drain` */
  write(chunk: Buffer): boolean;
  end(chunk: Buffer): unknown;
  destroy(): unknown;
  on(event: 'close' | 'error' | 'drain', listener: () => void): unknown;
}

/** One connection that reads a stream. */
export class StreamClient {
  /** Since when output waits for the client, by `performance.now()`; 0 when none does. */
  private blockedSince = 0;
  private drained: (() => void) | undefined;
  private isEnded = false;

  constructor(
    private readonly response: StreamOutput,
    private readonly limits: StreamLimits,
    readonly filter: StreamFilter,
    readonly show: ShowRow,
    private readonly left: (client: StreamClient) => void,
    /** Milliseconds since the epoch. */
    readonly endsAt = Number.POSITIVE_INFINITY,
  ) {
    response.on('close', () => this.leave());
    // A reset connection closes as well; without a listener its error would end the process.
    response.on('error', () => this.leave());
    response.on('drain', () => this.unblock());
  }

  get isClosed(): boolean {
    return this.isEnded;
  }

  /** Sends to a client that follows live: one that has not read what it was sent before is dropped. */
  sendLive(chunk: Buffer): void {
    if (this.response.writableLength > this.limits.unreadBytesMax) this.dropSlow();
    else this.send(chunk);
  }

  /** Sends, and resolves when the client can take more. */
  async sendAndDrain(chunk: Buffer): Promise<void> {
    this.send(chunk);
    if (this.blockedSince === 0 || this.isEnded) return;
    await new Promise<void>((resolve) => {
      this.drained = resolve;
    });
  }

  /** A comment, where nothing else is on its way. */
  beat(comment: Buffer): void {
    if (this.blockedSince === 0) this.send(comment);
  }

  /** Drops the client when it has not read for too long. */
  checkDrained(now: number): void {
    if (this.blockedSince !== 0 && now - this.blockedSince > this.limits.drainMsMax) this.dropSlow();
  }

  /** Ends the stream in good order. */
  end(last: Buffer): void {
    if (this.isEnded) return;
    this.response.end(last);
    this.leave();
  }

  /** Ends it at once: the client does not read, or cannot be served. */
  drop(): void {
    this.response.destroy();
    this.leave();
  }

  private dropSlow(): void {
    if (!this.isEnded) this.limits.onSlow?.();
    this.drop();
  }

  private send(chunk: Buffer): void {
    if (this.isEnded) return;
    if (!this.response.write(chunk) && this.blockedSince === 0) this.blockedSince = performance.now();
  }

  private unblock(): void {
    this.blockedSince = 0;
    this.drained?.();
    this.drained = undefined;
  }

  private leave(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.unblock();
    this.left(this);
  }
}
