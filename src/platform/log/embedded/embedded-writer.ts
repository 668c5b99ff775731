import {
  WriterFenced,
  type LogRecord,
  type NewRecord,
  type Participant,
  type ParticipantWork,
  type PartitionWriter,
} from '../log.port';
import type { OffsetMove } from './embedded-store';
import type { PartitionTail } from './partition-tail';

/** What the log gives a writer to work with. */
export interface WriterSurroundings {
  readonly group: string;
  /** What it consumes. */
  readonly tail: PartitionTail;
  /** Names the writer in errors. */
  readonly name: string;
  /** Writes records and moves the group's offset, in one commit. */
  readonly write: (records: readonly NewRecord[], move: OffsetMove) => Promise<void>;
  /** Asks for a commit although nothing is appended. */
  readonly kick: () => void;
  /** Resolves when no commit is on its way. */
  readonly idle: () => Promise<void>;
}

/** The right to write for one partition of a group; ends when another is opened for it. */
export class EmbeddedWriter implements PartitionWriter {
  private participant: Participant | undefined;
  /** Where the participant goes on. */
  private next = 0;
  private ended: PromiseWithResolvers<void> | undefined;
  private isFenced = false;

  constructor(
    private readonly around: WriterSurroundings,
    private committedOffset: number | undefined,
  ) {}

  get committed(): number | undefined {
    return this.committedOffset;
  }

  get tail(): PartitionTail {
    return this.around.tail;
  }

  /** How a commit moves the group's offset. */
  moveTo(next: number): OffsetMove {
    const { group, tail } = this.around;
    return { group, partitionId: tail.partitionId, next };
  }

  async commit(_from: number, next: number, records: readonly NewRecord[]): Promise<void> {
    if (this.isFenced) throw this.fencedError();
    await this.around.write(records, this.moveTo(next));
    this.committedOffset = next;
  }

  participate(from: number, participant: Participant, signal: AbortSignal): Promise<void> | undefined {
    if (this.isFenced) throw this.fencedError();
    if (this.backlog(from) === undefined) return undefined;
    this.participant = participant;
    this.next = from;
    this.ended = Promise.withResolvers<void>();
    const ended = this.untilEnded(this.ended.promise, signal);
    // Nobody need be waiting.
    ended.catch(() => undefined);
    if (this.hasBacklog) this.around.kick();
    return ended;
  }

  /** Whether records wait for the participant although nothing is being appended. */
  get hasBacklog(): boolean {
    return this.participant !== undefined && this.next < this.tail.end;
  }

  /**
   * The participant's share of a commit.
   *
   * @param appended what the commit adds to the partition
   */
  share(appended: readonly LogRecord[]): ParticipantWork | undefined {
    const { participant } = this;
    if (participant === undefined) return undefined;
    const backlog = this.backlog(this.next);
    if (backlog === undefined) {
      this.leave();
      return undefined;
    }
    const records = backlog.length === 0 ? appended : [...backlog, ...appended];
    if (records.length === 0) return undefined;
    try {
      const work = participant.decide(records);
      return {
        ...work,
        committed: () => {
          this.next = work.next;
          this.committedOffset = work.next;
          return work.committed();
        },
      };
    } catch (error) {
      this.participant = undefined;
      this.ended?.reject(error);
      return undefined;
    }
  }

  /** Another writer takes over. */
  fence(): void {
    this.isFenced = true;
    this.participant = undefined;
    this.ended?.reject(this.fencedError());
  }

  async close(): Promise<void> {
    this.fence();
  }

  private async untilEnded(ended: Promise<void>, signal: AbortSignal): Promise<void> {
    const leave = (): void => this.leave();
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      await ended;
    } finally {
      signal.removeEventListener('abort', leave);
      await this.around.idle();
    }
  }

  private leave(): void {
    this.participant = undefined;
    this.ended?.resolve();
  }

  /** Committed records that the participant has not taken, as long as they are in memory. */
  private backlog(from: number): LogRecord[] | undefined {
    const { tail } = this;
    if (from === tail.end) return [];
    return tail.cached(from, tail.end - from);
  }

  private fencedError(): WriterFenced {
    return new WriterFenced(`${this.around.name} has a newer writer, or was closed`);
  }
}
