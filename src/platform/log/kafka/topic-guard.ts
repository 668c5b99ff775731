import { LogSetupError, type TopicSpec } from '../log.port';
import { asError } from '../../as-error';
import { BrokerLink } from './broker-link';
import type { KafkaSettings } from './kafka-settings';
import type { KafkaTopics } from './kafka-topics';

const EARLIEST = -2;
const LATEST = -1;
const READ_UNCOMMITTED = 0;
const CONSUMER = -1;
/** What a broker that has fallen behind may say once. */
const DOUBTS_MAX = 2;

/** What a partition is known to hold. */
interface KnownPartition {
  readonly policy: TopicSpec['policy'];
  readonly start: number;
  end: number;
}

/** Where a batch was written, as the leader answers. */
export interface WrittenPlace {
  /** Bare. */
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number | undefined;
  readonly records: number;
  /** What {@link TopicGuard.endOf} told before it was sent: answers to several writers come in any order. */
  readonly leastOffset: number;
  /** First offset present in the partition, when told. */
  readonly logStart: number | undefined;
}

/**
 * Notices what nobody may do to a topic that is the system of record: empty it, make it anew, give it a policy that forgets. It looks
 * at all topics every few seconds; and since that leaves a moment, the answer to each write tells too, before a transaction is ended and
 * before a caller hears of it.
 */
export class TopicGuard {
  private readonly known = new Map<string, KnownPartition>();
  private readonly prefix: string;
  private doubts = 0;
  private timer: NodeJS.Timeout | undefined;
  private link: BrokerLink | undefined;
  private isStopped = false;

  /** @param fail told once the log cannot be trusted any more */
  constructor(
    private readonly settings: KafkaSettings,
    private readonly topics: Pick<KafkaTopics, 'verify'>,
    private readonly fail: (error: Error) => void,
  ) {
    this.prefix = settings.topicPrefix;
  }

  /** Looks again and again until {@link stop}. */
  watch(): void {
    this.timer ??= setTimeout(() => void this.round(), this.settings.topicCheckIntervalMs).unref();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.link?.close();
  }

  /** Takes a partition as it was found at the start. */
  learn({ name, policy }: TopicSpec, partition: number, { start, end }: { start: number; end: number }): void {
    const place = `${name}/${partition}`;
    if (!this.known.has(place)) this.known.set(place, { policy, start, end });
  }

  /** Offset that whatever is written from now on cannot be below. */
  endOf(topic: string, partition: number): number {
    return this.known.get(`${topic}/${partition}`)?.end ?? 0;
  }

  /** @throws LogSetupError LOG_DAMAGED when the partition cannot be the one that was there before */
  assertWritten({ topic, partition, firstOffset, records, leastOffset, logStart }: WrittenPlace): void {
    const place = `${topic}/${partition}`;
    const known = this.known.get(place);
    if (known === undefined) return;
    try {
      this.assertStart(place, known, logStart ?? known.start);
      if (firstOffset === undefined) return;
      if (firstOffset < leastOffset) throw this.madeAnew(place, leastOffset, firstOffset);
    } catch (error) {
      this.fail(asError(error));
      throw error;
    }
    known.end = Math.max(known.end, firstOffset + records);
  }

  private async round(): Promise<void> {
    const link = (this.link = new BrokerLink(this.settings, []));
    try {
      await this.look(link);
    } catch (error) {
      // Anything else says that no broker answers, of which others tell.
      if (error instanceof LogSetupError && error.code !== 'LOG_RIGHTS') this.fail(error);
    } finally {
      link.close();
    }
    this.timer = undefined;
    if (!this.isStopped) this.watch();
  }

  /** @throws LogSetupError LOG_DAMAGED or LOG_TOPIC_POLICY; any other error means only that it could not look */
  private async look(link: BrokerLink): Promise<void> {
    // As of now: what is written meanwhile is not yet in the answer.
    const before = [...this.known].map(([place, known]) => ({ place, known, least: known.end }));
    const [starts, ends] = await Promise.all([this.offsets(link, EARLIEST), this.offsets(link, LATEST)]);
    let doubt: Error | undefined;
    for (const { place, known, least } of before) {
      this.assertStart(place, known, starts.get(place) ?? known.start);
      const end = ends.get(place) ?? least;
      if (end < least) doubt ??= this.madeAnew(place, least, end);
    }
    await this.topics.verify(link).catch((error: unknown) => {
      if (!(error instanceof TopicGone)) throw error;
      doubt ??= error;
    });
    this.doubts = doubt === undefined ? 0 : this.doubts + 1;
    if (doubt !== undefined && this.doubts >= DOUBTS_MAX) throw doubt;
  }

  private async offsets(link: BrokerLink, timestamp: number): Promise<Map<string, number>> {
    const places = [...this.known.keys()].map((place) => {
      const slash = place.lastIndexOf('/');
      return { topic: this.prefix + place.slice(0, slash), partition: Number(place.slice(slash + 1)), timestamp };
    });
    const found = new Map<string, number>();
    for (const [leader, ofLeader] of await link.byLeader(places)) {
      const topics = [...Map.groupBy(ofLeader, ({ topic }) => topic)].map(([topic, partitions]) => ({
        topic,
        partitions,
      }));
      const { responses } = await leader.listOffsets({
        replicaId: CONSUMER,
        // What a transaction wrote is there before its marker is.
        isolationLevel: READ_UNCOMMITTED,
        topics,
      });
      for (const { topic, partitions } of responses) {
        for (const { partition, offset } of partitions) {
          found.set(`${topic.slice(this.prefix.length)}/${partition}`, Number(offset));
        }
      }
    }
    return found;
  }

  private assertStart(place: string, { policy, start }: KnownPartition, found: number): void {
    if (found <= start || (policy !== 'keep' && policy !== 'compact')) return;
    throw new LogSetupError('LOG_DAMAGED', `${this.prefix}${place} was emptied: it began at ${start}, now at ${found}`);
  }

  private madeAnew(place: string, known: number, found: number): LogSetupError {
    return new LogSetupError(
      'LOG_DAMAGED',
      `${this.prefix}${place} was made anew or cut off: it had ${known} offsets and has ${found}`,
    );
  }
}

/** A topic is not there, by the word of one broker. */
export class TopicGone extends LogSetupError {
  constructor(topics: readonly string[]) {
    super('LOG_DAMAGED', `the topics ${topics.join(', ')} are gone`);
  }
}
