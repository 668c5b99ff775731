import { deadLetterTopic, originalHeaders, placeOf, settlement } from '../log/dead-letter';
import { topicsOf } from '../log/envelope';
import type { Log, LogRecord, NewRecord } from '../log/log.port';
import { OpenDeadLetters } from '../operations/open-dead-letters';
import {
  UnknownDeadLetter,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLetterOperations,
} from '../operations/operations.port';

/** The dead letters of the processors, which stand in the log alone. Commands park alone: nothing waits behind them. */
export class ParkedCommands implements DeadLetterOperations {
  private readonly letters: OpenDeadLetters;

  constructor(
    private readonly log: Log,
    modules: readonly string[],
  ) {
    const topics = modules.map((module) => deadLetterTopic(topicsOf(module).commands));
    this.letters = new OpenDeadLetters(log, topics, (consumer) => consumer.endsWith('.processor'));
  }

  list(): Promise<DeadLetter[]> {
    return this.letters.list();
  }

  /** Dead letters of each processor. */
  count(): Promise<Record<string, number>> {
    return this.letters.count();
  }

  show(id: string): Promise<DeadLetterDetail | undefined> {
    return this.letters.show(id);
  }

  /**
   * Sends the command once more under its own id. Its decision is remembered by that id, so a retry that is repeated after a crash takes
   * effect once.
   */
  async retry(id: string): Promise<void> {
    const parked = await this.letters.parked(id);
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
    await this.settle(id, await this.letters.parked(id), 'dropped');
  }

  private async settle(id: string, parked: LogRecord, how: 'retried' | 'dropped'): Promise<void> {
    await this.log.append([settlement(parked, how)]);
    this.letters.forget(id);
  }
}
