import { deadLetterTopic, placeOf } from '../log/dead-letter';
import { topicsOf } from '../log/envelope';
import type { Log } from '../log/log.port';
import { OpenDeadLetters } from '../operations/open-dead-letters';
import {
  UnknownDeadLetter,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLetterOperations,
} from '../operations/operations.port';
import { findPosition } from './find-position';
import type { Reaction } from './reaction';
import type { ReactionRequests } from './reaction-requests';
import { sourceOf } from './reactors';
import type { KeyRequest } from './settle-key';

/** The dead letters of processes and publications. What is asked for here is done by the owner of the partition, within a second or two. */
export class ParkedReactions implements DeadLetterOperations {
  private readonly letters: OpenDeadLetters;
  private readonly names: ReadonlySet<string>;

  constructor(
    private readonly log: Log,
    reactions: readonly Reaction[],
    private readonly requests: Pick<ReactionRequests, 'ask'>,
  ) {
    this.names = new Set(reactions.map(({ name }) => name));
    const topics = new Set(reactions.flatMap((reaction) => reaction.topics.map(deadLetterTopic)));
    this.letters = new OpenDeadLetters(log, [...topics], (consumer) => this.names.has(consumer));
  }

  /** Whether the dead letter is of a process or a publication known here. */
  owns(id: string): boolean {
    return this.names.has(placeOf(id)?.consumer ?? '');
  }

  async list(): Promise<DeadLetter[]> {
    const letters = await this.letters.list();
    return this.withBehind(letters);
  }

  /** Dead letters of each consumer. */
  count(): Promise<Record<string, number>> {
    return this.letters.count();
  }

  async show(id: string): Promise<DeadLetterDetail | undefined> {
    const letter = await this.letters.show(id);
    return letter === undefined ? undefined : (await this.withBehind([letter]))[0];
  }

  retry(id: string): Promise<void> {
    return this.ask(id, 'retry');
  }

  drop(id: string): Promise<void> {
    return this.ask(id, 'drop');
  }

  private async ask(id: string, request: KeyRequest): Promise<void> {
    const place = placeOf(id);
    await this.letters.parked(id);
    if (place === undefined) throw new UnknownDeadLetter(`there is no dead letter ${id}`);
    await this.requests.ask(place.consumer, place.topic, place.partition, place.offset, request);
  }

  /** The position of the consumer in a partition counts what waits there. */
  private async withBehind<Letter extends DeadLetter>(letters: readonly Letter[]): Promise<Letter[]> {
    const byPlace = Map.groupBy(letters, ({ consumer, topic, partition }) => `${consumer}:${topic}:${partition}`);
    const told = await Promise.all(
      Array.from(byPlace.values(), async (ofPlace) => {
        const [first] = ofPlace;
        if (first === undefined) return [];
        const { consumer, topic, partition } = first;
        const { state } = topicsOf(sourceOf(topic));
        const { position } = await findPosition({ log: this.log, topic: state, partition, consumer });
        const counts = new Map(Array.from(position?.parked.values() ?? [], ({ offset, count }) => [offset, count]));
        return ofPlace.map((letter) => ({ ...letter, behind: (counts.get(letter.offset) ?? 1) - 1 }));
      }),
    );
    return told.flat().sort((left, right) => (left.id < right.id ? -1 : 1));
  }
}
