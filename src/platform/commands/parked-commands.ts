import { deadLetterTopic, originalHeaders, placeOf, readDeadLetter, settlement } from '../log/dead-letter';
import { topicsOf } from '../log/envelope';
import type { Log, LogRecord, NewRecord } from '../log/log.port';
import { readRange } from '../log/read-range';
import {
  UnknownDeadLetter,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLetterOperations,
} from '../operations/operations.port';

/**
 * The dead letters of the processors, which stand in the log alone: what is parked is what has no settlement after it. Each look reads on
 * from where the last one ended.
 */
export class ParkedCommands implements DeadLetterOperations {
  private readonly open = new Map<string, LogRecord>();
  private readonly positions = new Map<string, number>();
  private reading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: Log,
    private readonly modules: readonly string[],
  ) {}

  async list(): Promise<DeadLetter[]> {
    await this.refresh();
    return [...this.open.values()].flatMap((parked) => described(parked) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Dead letters of each processor. */
  async count(): Promise<Record<string, number>> {
    await this.refresh();
    const counts = this.modules.map((module) => {
      const consumer = `${module}.processor`;
      return [consumer, [...this.open.keys()].filter((id) => id.startsWith(`${consumer}:`)).length] as const;
    });
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  async show(id: string): Promise<DeadLetterDetail | undefined> {
    await this.refresh();
    const parked = this.open.get(id);
    const letter = parked === undefined ? undefined : described(parked);
    if (parked === undefined || letter === undefined) return undefined;
    return { ...letter, headers: originalHeaders(parked), value: parked.value };
  }

  /**
   * Sends the command once more under its own id. Its decision is remembered by that id, so a retry that is repeated after a crash takes
   * effect once.
   */
  async retry(id: string): Promise<void> {
    const parked = await this.parked(id);
    const place = placeOf(id);
    if (place === undefined) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    const headers = originalHeaders(parked);
    const again: NewRecord = {
      topic: place.topic,
      partition: parked.partition,
      key: parked.key,
      value: parked.value,
      headers: { ...headers, fingerprint: headers['fingerprint'] ?? id },
    };
    await this.log.append([again]);
    await this.settle(id, parked, 'retried');
  }

  async drop(id: string): Promise<void> {
    await this.settle(id, await this.parked(id), 'dropped');
  }

  private async settle(id: string, parked: LogRecord, how: 'retried' | 'dropped'): Promise<void> {
    await this.log.append([settlement(parked, how)]);
    this.open.delete(id);
  }

  private async parked(id: string): Promise<LogRecord> {
    await this.refresh();
    const parked = this.open.get(id);
    if (parked === undefined) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    return parked;
  }

  /** One after the other, so that each starts where the one before ended. */
  private refresh(): Promise<unknown> {
    const done = this.reading.then(() => Promise.all(this.modules.map((module) => this.readModule(module))));
    this.reading = done.catch(() => undefined);
    return done;
  }

  private async readModule(module: string): Promise<void> {
    const topic = deadLetterTopic(topicsOf(module).commands);
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
    if (letter === undefined || placeOf(letter.id)?.consumer.endsWith('.processor') !== true) return;
    if (letter.isSettled) this.open.delete(letter.id);
    else this.open.set(letter.id, record);
  }
}

function described(parked: LogRecord): DeadLetter | undefined {
  const letter = readDeadLetter(parked);
  const place = letter === undefined ? undefined : placeOf(letter.id);
  if (letter === undefined || place === undefined) return undefined;
  const { id, cause } = letter;
  // Commands park alone: nothing waits for them.
  return { id, ...place, key: parked.key, cause, parkedAt: new Date(parked.timestamp).toISOString(), behind: 0 };
}
