import type { Feature } from '../../feature';
import type { Log, LogRecord, NewRecord, PartitionWriter } from '../../log/log.port';
import { readRange } from '../../log/read-range';
import { topicSpecs } from '../../platform.topics';
import { eventually } from '../../views/testing/reading-side';
import { sqliteDatabase, type TestDatabase } from '../../views/testing/stores';
import { ParkedReactions } from '../parked-reactions';
import type { Reaction } from '../reaction';
import { ReactionRequests } from '../reaction-requests';
import { reactionsOf } from '../reactions-of';
import { noteBeginnings, Reactors } from '../reactors';
import { parcelsFeature, trouble, type ParcelEvent } from './parcel.fixture';
import { COMMANDS, EVENTS, ParcelWriter } from './parcel-records';

export const PARTITIONS = 2;

/** Where the logs of a suite come from. */
export interface LogSite {
  /** One more process on the same log, where the log allows it; else the same one. */
  open(): Promise<Log>;
  /** Ends a process; an embedded log goes on in its file. */
  leave(log: Log): Promise<void>;
  drop(): Promise<void>;
}

/** What happens to the commits of a process. */
export type Commit = (write: () => Promise<void>) => Promise<void>;

/** What is special about a process. */
export interface SideOptions {
  readonly feature?: Feature;
  readonly commit?: Commit;
  /** The groups' offsets are gone, as Kafka forgets them after a while. */
  readonly hasForgotten?: boolean;
  /** Called whenever it asks how far a topic reaches, or appends to it outside of a transaction. */
  readonly onCall?: (what: 'bounds' | 'append', topic: string) => void;
}

/** A process that reacts. */
export interface ReactingSide {
  readonly log: Log;
  readonly reactions: readonly Reaction[];
  readonly reactors: Reactors;
  readonly deadLetters: ParkedReactions;
  readonly failures: Error[];
  readonly troubles: string[];
  /** Records written by its transactions. */
  readonly counts: { outputs: number; parked: number; fenced: number; transactions: number };
  close(): Promise<void>;
}

/** A log, a database and the processes on them, new for every test of a suite. */
export class ReactionWorld {
  writer = new ParcelWriter(PARTITIONS);
  private site: LogSite | undefined;
  private database: TestDatabase | undefined;
  private readonly sides = new Set<ReactingSide>();
  private plain: Log | undefined;

  /** Registers the set-up and the clean-up with the suite around. */
  constructor(makeSite: () => Promise<LogSite>) {
    beforeEach(async () => {
      trouble.weights.clear();
      this.writer = new ParcelWriter(PARTITIONS);
      this.site = await makeSite();
      this.database = await sqliteDatabase();
      this.plain = await this.site.open();
      await this.plain.ensureTopics(topicSpecs([parcelsFeature]));
    });
    afterEach(async () => {
      await this.closeAll();
      await this.site?.leave(this.log);
      await this.site?.drop();
      await this.database?.drop();
    });
  }

  /** Reads and appends as anybody may. */
  get log(): Log {
    if (this.plain === undefined) throw new Error('no test is running');
    return this.plain;
  }

  /** As the first start of a process does, before anything is decided. */
  async begin(features: readonly Feature[] = [parcelsFeature]): Promise<void> {
    await noteBeginnings(this.log, reactionsOf(features));
  }

  /** One more process. */
  async open(options: SideOptions = {}): Promise<ReactingSide> {
    const { feature = parcelsFeature } = options;
    if (this.site === undefined || this.database === undefined) throw new Error('no test is running');
    const { site } = this;
    const own = await site.open();
    if (own !== this.log) await own.ensureTopics(topicSpecs([feature]));
    const log = withWriters(own, options);
    const store = await this.database.open();
    await store.prepare(log.id, []);
    const requests = new ReactionRequests(store);
    const reactions = reactionsOf([feature]);
    const failures: Error[] = [];
    const troubles: string[] = [];
    const counts = { outputs: 0, parked: 0, fenced: 0, transactions: 0 };
    own.onFailure((error) => failures.push(error));
    const reactors = new Reactors(log, reactions, requests, {
      reacted: ({ outputs, parked }) => {
        counts.transactions++;
        counts.outputs += outputs;
        counts.parked += parked;
      },
      fenced: () => void counts.fenced++,
      trouble: (message) => void troubles.push(message),
    });
    const side: ReactingSide = {
      log,
      reactions,
      reactors,
      deadLetters: new ParkedReactions(own, reactions, requests),
      failures,
      troubles,
      counts,
      close: async () => {
        this.sides.delete(side);
        await reactors.close();
        await store.close();
        if (own !== this.plain) await site.leave(own);
      },
    };
    this.sides.add(side);
    await reactors.start();
    return side;
  }

  async closeAll(): Promise<void> {
    for (const side of this.sides) await side.close();
  }

  /** Another start of the machine: an embedded log is opened from its file again. */
  async restart(): Promise<void> {
    await this.closeAll();
    await this.site?.leave(this.log);
    this.plain = await this.site?.open();
    await this.log.ensureTopics(topicSpecs([parcelsFeature]));
  }

  write(entries: readonly (readonly [string, ParcelEvent])[]): Promise<void> {
    return this.log.append(entries.map(([id, event]) => this.writer.record(id, event)));
  }

  append(records: readonly NewRecord[]): Promise<void> {
    return this.log.append(records);
  }

  /** All records of a topic, partition by partition. */
  async read(topic: string): Promise<LogRecord[]> {
    const read: LogRecord[] = [];
    for (let partition = 0; partition < this.log.partitions(topic); partition++) {
      const { start, end } = await this.log.bounds(topic, partition);
      for await (const records of readRange(this.log, topic, partition, start, end)) read.push(...records);
    }
    return read;
  }

  /** Waits until the commands hold what these events lead to: each once. */
  async delivered(weights: readonly number[]): Promise<void> {
    const seen = await eventually(
      async () => (await this.read(COMMANDS)).map(weightOf),
      (found) => found.length >= weights.length,
    );
    expect(seen.toSorted(byValue)).toEqual(weights.toSorted(byValue));
  }

  /** Waits until a side has read all events there are. */
  async idle({ reactors }: ReactingSide, consumers = 2): Promise<void> {
    await eventually(
      () => reactors.lag(),
      // On Kafka the marker of a transaction may stand behind the last event.
      (lag) => lag.length === consumers * PARTITIONS && lag.every(({ behind }) => behind <= 1),
    );
  }

  async events(): Promise<LogRecord[]> {
    return this.read(EVENTS);
  }
}

export function weightOf({ value }: LogRecord): number {
  const { weight } = JSON.parse(value ?? '{}') as { weight?: number };
  return weight ?? NaN;
}

export function byValue(left: number, right: number): number {
  return left - right;
}

/** The log as a process with these options has it. */
export function withWriters(log: Log, { commit = (write) => write(), hasForgotten = false, onCall }: SideOptions): Log {
  return new Proxy(log, {
    get(target, property) {
      if (property === 'bounds') {
        return (topic: string, partition: number) => {
          onCall?.('bounds', topic);
          return target.bounds(topic, partition);
        };
      }
      if (property === 'append') {
        return (records: readonly NewRecord[]) => {
          for (const { topic } of records) onCall?.('append', topic);
          return target.append(records);
        };
      }
      if (property === 'openWriter') {
        return async (...place: Parameters<Log['openWriter']>): Promise<PartitionWriter> => {
          const writer = await target.openWriter(...place);
          return {
            get committed() {
              return hasForgotten ? undefined : writer.committed;
            },
            commit: (...batch) => commit(() => writer.commit(...batch)),
            close: () => writer.close(),
          };
        };
      }
      const member: unknown = Reflect.get(target, property);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
