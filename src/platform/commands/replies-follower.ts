import type { Log } from '../log/log.port';
import { REPLIES_TOPIC } from '../log/envelope';
import { decodeReply, type Reply } from './decision';
import { asError } from '../as-error';

const CHECK_MS = 500;
/** The place noted may be old: what follows it is read and passed over. */
const CHECKS_PER_NOTE = 10;

/**
 * Hears the replies to this instance that other processes write. It reads only while some commands are decided elsewhere; the place to
 * start from is noted before that, so a partition that moves away takes no reply with it.
 */
export class RepliesFollower {
  private readonly closing = new AbortController();
  private readonly noted = new Map<number, number>();
  private timer: NodeJS.Timeout | undefined;
  private checks = 0;
  private following: Promise<unknown> | undefined;

  constructor(
    private readonly log: Log,
    private readonly instance: string,
    private readonly isNeeded: () => boolean,
    private readonly onReply: (reply: Reply) => void,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Notes where the topic ends now. */
  async start(): Promise<void> {
    await this.check();
    this.timer = setInterval(() => {
      this.check().catch((error: unknown) => {
        // The log is away for a while: what was noted still holds.
        void error;
      });
    }, CHECK_MS);
    this.timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    await this.following;
  }

  private async check(): Promise<void> {
    if (this.following !== undefined) return;
    if (this.isNeeded() && this.noted.size > 0) {
      this.following = Promise.all(Array.from(this.noted, ([partition, from]) => this.follow(partition, from)));
      this.following.catch((error: unknown) => {
        if (!this.closing.signal.aborted) this.onFailure(asError(error));
      });
      return;
    }
    if (this.checks++ % CHECKS_PER_NOTE > 0) return;
    const partitions = Array.from({ length: this.log.partitions(REPLIES_TOPIC) }, (_, partition) => partition);
    const ends = await Promise.all(partitions.map((partition) => this.log.bounds(REPLIES_TOPIC, partition)));
    for (const [partition, { end }] of ends.entries()) this.noted.set(partition, end);
  }

  private async follow(partition: number, from: number): Promise<void> {
    for await (const { records } of this.log.follow(REPLIES_TOPIC, partition, from, this.closing.signal)) {
      for (const record of records) {
        if (record.headers['reply-to'] === this.instance) this.onReply(decodeReply(record));
      }
    }
  }
}
