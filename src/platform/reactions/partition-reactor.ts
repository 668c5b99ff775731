import { setTimeout as sleep } from 'node:timers/promises';
import { NewerSchema } from '../../kernel/event-contract';
import { topicsOf } from '../log/envelope';
import {
  DiskFull,
  LogUnavailable,
  WriterFenced,
  type Log,
  type LogRecord,
  type NewRecord,
  type PartitionWriter,
} from '../log/log.port';
import type { PositionPlace } from './find-position';
import type { Reaction } from './reaction';
import { takeBatch, type ReactionBatch } from './reaction-batch';
import { encodePosition, type ReactionPosition } from './reaction-position';
import type { ReactionRequest, ReactionRequests } from './reaction-requests';
import { settleKey, type KeyRequest } from './settle-key';
import { startingPosition } from './starting-position';

/** Why a partition does not go on: after an upgrade, or after an operator has retried or dropped something. */
export type HoldCode = 'NEWER_SCHEMA' | 'PARKING_FULL';

/** A transaction, after its commit. */
export interface ReactedBatch {
  readonly reaction: Reaction;
  /** Events taken, those without meaning too. */
  readonly records: readonly LogRecord[];
  /** Commands or messages written. */
  readonly outputs: number;
  /** Events put among the dead letters. */
  readonly parked: number;
  /** By `performance.now()`. */
  readonly started: number;
}

/** What the owner of a partition works with. */
export interface ReactorContext {
  readonly log: Log;
  readonly reaction: Reaction;
  /** Of the module whose events are read. */
  readonly source: string;
  readonly requests: ReactionRequests;
  /** Destroys the keys of persons; a repeat changes nothing. @throws while the keys are out of reach */
  readonly erase?: ((persons: readonly string[]) => Promise<void>) | undefined;
  /** Called when the partition stands still, and with nothing when it goes on. */
  readonly onHold: (code?: HoldCode, error?: Error) => void;
  /** Told of every commit. It must not throw. */
  readonly onBatch?: (batch: ReactedBatch) => void;
  readonly onFenced?: () => void;
  /** For the log of the process. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

/**
 * Kafka's transactions cost the same for one event as for a hundred: those of one partition begin so far apart for each event of the last
 * one. Whoever pays waits for commands; messages are for other systems, which are told a little later while there is a crowd. On the embedded
 * log whoever commits at the same time shares a commit anyway.
 */
const PACES_KAFKA = {
  commands: { msMin: 25, msPerEvent: 5, msMax: 60 },
  messages: { msMin: 100, msPerEvent: 5, msMax: 300 },
  erasures: { msMin: 25, msPerEvent: 5, msMax: 60 },
} as const;
/** Events without meaning move the position this late, so that a consumer that does not care writes next to nothing. */
const SKIP_LINGER_MS = 2_000;
const REQUESTS_LOOK_MS = 500;
const HOLD_LOOK_MS = 500;
const RETRY_MS = 200;

/**
 * Reacts to the events of one owned partition: what they lead to, the consumed offset, what is parked, and the position of all this are
 * written in one log transaction (G2), by the one writer that the log lets through (G4).
 */
export class PartitionReactor {
  /** All that is taken, though what had no meaning may not be committed yet. */
  private ahead: ReactionPosition;
  private skippedSince: number | undefined;
  /** What operators have asked for, as far as it was read; a database that is away or slow holds no event back. */
  private asked: readonly ReactionRequest[] = [];
  private looking: Promise<void> | undefined;
  private requestsDueAt = 0;
  private isBlind = false;

  private constructor(
    private readonly context: ReactorContext,
    private readonly partition: number,
    private readonly writer: PartitionWriter,
    private position: ReactionPosition,
    private readonly signal: AbortSignal,
  ) {
    this.ahead = position;
  }

  /**
   * Runs until the signal aborts or another owner takes over.
   * @param running is told the reactor as long as it runs
   * @throws PositionLost
   * @throws OutcomeUnknown what is committed is to be read anew, by another run
   */
  static async run(
    context: ReactorContext,
    partition: number,
    signal: AbortSignal,
    running?: Set<PartitionReactor>,
  ): Promise<void> {
    const { log, reaction, source } = context;
    const { events, state } = topicsOf(source);
    const writer = await log.openWriter(reaction.name, events, partition);
    let reactor: PartitionReactor | undefined;
    try {
      const place: PositionPlace = { log, topic: state, partition, consumer: reaction.name };
      const start = await startingPosition(place, writer.committed, events, signal);
      if (start === undefined) return;
      reactor = new PartitionReactor(context, partition, writer, start.position, signal);
      running?.add(reactor);
      if (!start.isStored) await reactor.commit(start.position, []);
      await reactor.follow(events);
    } catch (error) {
      const isFenced = error instanceof WriterFenced;
      if (!isFenced && !signal.aborted) throw error;
      if (isFenced && !signal.aborted) context.onFenced?.();
    } finally {
      if (reactor !== undefined) running?.delete(reactor);
      await writer.close();
    }
  }

  /** Topic, partition and offset of the first event that is not taken. */
  get place(): { topic: string; partition: number; next: number } {
    return { topic: topicsOf(this.context.source).events, partition: this.partition, next: this.ahead.next };
  }

  private async follow(events: string): Promise<void> {
    const { context, partition, signal } = this;
    await this.settleRequests();
    for await (const { records } of context.log.follow(events, partition, this.ahead.next, signal)) {
      await this.takeAll(records);
      // At least once a second a batch comes, if only an empty one.
      if (this.skippedSince !== undefined && performance.now() - this.skippedSince > SKIP_LINGER_MS) await this.flush();
      await this.settleRequests();
    }
  }

  private async takeAll(records: readonly LogRecord[]): Promise<void> {
    const [first] = records;
    if (first !== undefined && first.offset < this.ahead.next) {
      throw new Error(`${first.topic}/${first.partition} gives offset ${first.offset} again after ${this.ahead.next}`);
    }
    const { log, reaction, onHold } = this.context;
    let rest = records;
    while (rest.length > 0 && !this.signal.aborted) {
      const started = performance.now();
      const batch = takeBatch(reaction, this.ahead.parked, rest, (topic) => log.partitions(topic), Date.now());
      await this.take(rest.slice(0, batch.taken), batch, started);
      rest = rest.slice(batch.taken);
      if (batch.obstacle === undefined) onHold();
      else await this.hold(batch.obstacle);
    }
  }

  private async take(records: readonly LogRecord[], batch: ReactionBatch, started: number): Promise<void> {
    const last = records.at(-1);
    if (last === undefined) return;
    const { outputs, deadLetters, erased, parked } = batch;
    this.ahead = { next: last.offset + 1, parked };
    if (outputs.length + deadLetters.length + erased.length === 0) {
      this.skippedSince ??= started;
      return;
    }
    await this.erase(erased);
    await this.commit(this.ahead, [...outputs, ...deadLetters]);
    this.told(records, outputs.length, deadLetters.length, started);
    if (this.context.log.kind === 'kafka') await this.pause(started + this.paceMs(records.length) - performance.now());
  }

  private paceMs(events: number): number {
    const { msMin, msPerEvent, msMax } = PACES_KAFKA[this.context.reaction.kind];
    return Math.max(msMin, Math.min(msMax, events * msPerEvent));
  }

  /** The next record can neither be taken nor parked: what was taken is made safe, and the partition waits. */
  private async hold(obstacle: Error): Promise<void> {
    await this.flush();
    this.context.onHold(obstacle instanceof NewerSchema ? 'NEWER_SCHEMA' : 'PARKING_FULL', obstacle);
    await this.settleRequests();
    await this.pause(HOLD_LOOK_MS);
  }

  private async flush(): Promise<void> {
    if (this.ahead !== this.position) await this.commit(this.ahead, []);
  }

  /** Does what operators have asked for the keys that are parked here. */
  private async settleRequests(): Promise<void> {
    this.look();
    const { reaction, requests, onTrouble } = this.context;
    const { topic, partition } = this.place;
    const { asked } = this;
    this.asked = [];
    for (const { offset, request } of asked) {
      const parked = [...this.ahead.parked].find(([, entry]) => entry.offset === offset);
      if (parked !== undefined) await this.settle(parked[0], request);
      if (this.signal.aborted) return;
      // Should this fail, the request is met again, and then nothing has that offset any more, or it has failed once more.
      await requests.done(reaction.name, topic, partition, offset).catch((error: unknown) => {
        onTrouble(`${reaction.name}: what was done for a dead letter cannot be noted`, error);
      });
    }
  }

  private look(): void {
    const now = performance.now();
    const isDue = this.looking === undefined && now >= this.requestsDueAt;
    if (this.ahead.parked.size === 0 || !isDue || this.signal.aborted) return;
    this.requestsDueAt = now + REQUESTS_LOOK_MS;
    const { reaction, requests, onTrouble } = this.context;
    const { topic, partition } = this.place;
    this.looking = requests
      .open(reaction.name, topic, partition)
      .then(
        (open) => {
          this.asked = open;
          this.isBlind = false;
        },
        (error: unknown) => {
          if (!this.isBlind) onTrouble(`${reaction.name}: what was asked for dead letters cannot be read`, error);
          this.isBlind = true;
        },
      )
      .finally(() => (this.looking = undefined));
  }

  private async settle(key: string, request: KeyRequest): Promise<void> {
    await this.flush();
    const head = this.position.parked.get(key);
    if (head === undefined) return;
    const { log, reaction } = this.context;
    const { topic, partition } = this.place;
    const events = { log, reaction, topic, partition, next: this.position.next, signal: this.signal };
    for await (const { outputs, erased, notes, entry } of settleKey(events, key, head, request)) {
      const started = performance.now();
      const parked = new Map(this.position.parked);
      if (entry === undefined) parked.delete(key);
      else parked.set(key, entry);
      await this.erase(erased);
      await this.commit({ next: this.position.next, parked }, [...outputs, ...notes]);
      this.told([], outputs.length, 0, started);
    }
  }

  /** Before the event counts as taken: after a crash in between it is done once more. */
  private async erase(persons: readonly string[]): Promise<void> {
    const { erase, reaction, onTrouble } = this.context;
    for (let isTold = false; persons.length > 0; isTold = true) {
      try {
        if (erase === undefined) throw new Error(`${reaction.name}: this process has no keys of persons`);
        await erase(persons);
        return;
      } catch (error) {
        if (this.signal.aborted) throw error;
        if (!isTold) onTrouble(`${reaction.name}: keys cannot be destroyed yet`, error);
        await this.pause(RETRY_MS);
      }
    }
  }

  /** A full disk or a log that is away for a while is waited out: the batch is in memory, and nothing of it was written. */
  private async commit(to: ReactionPosition, records: readonly NewRecord[]): Promise<void> {
    const { source, reaction } = this.context;
    const position = encodePosition(topicsOf(source).state, this.partition, reaction.name, to);
    for (;;) {
      try {
        await this.writer.commit(this.position.next, to.next, [...records, position]);
        break;
      } catch (error) {
        const passing = error instanceof DiskFull || error instanceof LogUnavailable;
        if (!passing || this.signal.aborted) throw error;
        await this.pause(RETRY_MS);
      }
    }
    this.position = to;
    this.ahead = to;
    this.skippedSince = undefined;
  }

  private told(records: readonly LogRecord[], outputs: number, parked: number, started: number): void {
    this.context.onBatch?.({ reaction: this.context.reaction, records, outputs, parked, started });
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
