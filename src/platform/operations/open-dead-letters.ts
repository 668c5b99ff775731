import { originalHeaders, placeOf, readDeadLetter } from '../log/dead-letter';
import type { Log, LogRecord } from '../log/log.port';
import { readRange } from '../log/read-range';
import { UnknownDeadLetter, type DeadLetter, type DeadLetterDetail } from './operations.port';

/**
 * The dead letters that stand in the log alone: what is parked is what has no settlement after it. Each look reads on from where the last
 * one ended.
 */
export class OpenDeadLetters {
  private readonly open = new Map<string, LogRecord>();
  private readonly positions = new Map<string, number>();
  private reading: Promise<unknown> = Promise.resolve();

  /**
   * @param topics dead letter topics
   * @param isOurs of a consumer; dead letters of others are passed over
   */
  constructor(
    private readonly log: Log,
    private readonly topics: readonly string[],
    private readonly isOurs: (consumer: string) => boolean,
  ) {}

  /** By id. What waits behind them is not told here. */
  async list(): Promise<DeadLetter[]> {
    await this.refresh();
    return [...this.open.values()].flatMap((parked) => described(parked) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** By consumer; those who have none are left out. */
  async count(): Promise<Record<string, number>> {
    await this.refresh();
    const counts: Record<string, number> = {};
    for (const id of this.open.keys()) {
      const consumer = placeOf(id)?.consumer ?? '';
      counts[consumer] = (counts[consumer] ?? 0) + 1;
    }
    return counts;
  }

  async show(id: string): Promise<DeadLetterDetail | undefined> {
    await this.refresh();
    const parked = this.open.get(id);
    const letter = parked === undefined ? undefined : described(parked);
    if (parked === undefined || letter === undefined) return undefined;
    return { ...letter, headers: originalHeaders(parked), value: parked.value };
  }

  /** As it stands in the topic. @throws UnknownDeadLetter */
  async parked(id: string): Promise<LogRecord> {
    await this.refresh();
    const parked = this.open.get(id);
    if (parked === undefined) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    return parked;
  }

  /** A settlement of it was just written here. */
  forget(id: string): void {
    this.open.delete(id);
  }

  /** One after the other, so that each starts where the one before ended. */
  private refresh(): Promise<unknown> {
    const done = this.reading.then(() => Promise.all(this.topics.map((topic) => this.readTopic(topic))));
    this.reading = done.catch(() => undefined);
    return done;
  }

  private async readTopic(topic: string): Promise<void> {
    for (let partition = 0; partition < this.log.partitions(topic); partition++) {
      const place = `${topic}/${partition}`;
      const { start, end } = await this.log.bounds(topic, partition);
      const from = Math.max(this.positions.get(place) ?? 0, start);
      if (from >= end) continue;
      for await (const records of readRange(this.log, topic, partition, from, end)) {
        for (const record of records) this.take(record);
      }
      this.positions.set(place, end);
    }
  }

  private take(record: LogRecord): void {
    const letter = readDeadLetter(record);
    const consumer = letter === undefined ? undefined : placeOf(letter.id)?.consumer;
    if (letter === undefined || consumer === undefined || !this.isOurs(consumer)) return;
    if (letter.isSettled) this.open.delete(letter.id);
    else this.open.set(letter.id, record);
  }
}

function described(parked: LogRecord): DeadLetter | undefined {
  const letter = readDeadLetter(parked);
  const place = letter === undefined ? undefined : placeOf(letter.id);
  if (letter === undefined || place === undefined) return undefined;
  const { id, cause } = letter;
  return { id, ...place, key: parked.key, cause, parkedAt: new Date(parked.timestamp).toISOString(), behind: 0 };
}
