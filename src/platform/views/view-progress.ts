import type { Log } from '../log/log.port';
import { partitionsOf } from '../log/partitions-of';
import { isParked, parkedPlaces } from './parking/parked-records';
import type { ReadStore } from './read-store.port';
import { readCheckpoints } from './view-reads';
import type { ViewSignals } from './view-signals';

/** In a process that does not project a view, a notification may be lost with its connection: look again this often while someone waits. */
const POLL_MS = 250;

/** A place in a topic that a reader wants to see in a view. */
export interface EventPlaceInLog {
  readonly topic: string;
  readonly partition: number;
  /** Sequence of the event. */
  readonly sequence: number;
}

/** How far a view has read one partition. */
export interface Position {
  /** Offset that it goes on from. */
  readonly offset: number;
  readonly sequence: number;
  /** Some of its records wait in the dead letters. */
  readonly hasParked: boolean;
}

interface Waiter {
  readonly isDone: (known: ReadonlyMap<string, Position>) => boolean;
  readonly resolve: () => void;
}

class Watched {
  readonly known = new Map<string, Position>();
  readonly waiters = new Set<Waiter>();
  refreshing: Promise<void> | undefined;
  isStale = false;
  poll: NodeJS.Timeout | undefined;

  constructor(readonly topics: ReadonlySet<string>) {}

  /** Positions only move forward. */
  advance(topic: string, partition: number, position: Position): void {
    const place = placeOf(topic, partition);
    const known = this.known.get(place);
    if (known === undefined || known.offset < position.offset) this.known.set(place, position);
  }

  settle(): void {
    for (const waiter of this.waiters) {
      if (waiter.isDone(this.known)) waiter.resolve();
    }
  }
}

/** Lets a read wait until a view has seen a write (G8): at once in the process that projects it, through the checkpoints elsewhere. */
export class ViewProgress {
  private readonly views = new Map<string, Watched>();
  private readonly unsubscribe: () => void;

  /** @param views all views of this process's queries, with the topics that feed them */
  constructor(
    private readonly log: Pick<Log, 'bounds' | 'partitions'>,
    private readonly store: ReadStore,
    private readonly signals: ViewSignals,
    views: readonly { readonly name: string; readonly topics: readonly string[] }[],
  ) {
    for (const { name, topics } of views) this.views.set(name, new Watched(new Set(topics)));
    this.unsubscribe = signals.on((view) => this.changed(view));
  }

  /** Called by the projector after its commit, before it signals. */
  advance(view: string, topic: string, partition: number, position: Position): void {
    this.views.get(view)?.advance(topic, partition, position);
  }

  /**
   * Waits until the view shows an event.
   * @returns `unrelated` at once when the topic does not feed the view; `parked` when the event waits in the view's dead letters
   * @throws ViewsUnavailable
   */
  async waitFor(
    view: string,
    place: EventPlaceInLog,
    timeoutMs: number,
  ): Promise<'reached' | 'behind' | 'parked' | 'unrelated'> {
    const watched = this.watched(view);
    if (!watched.topics.has(place.topic)) return 'unrelated';
    const key = placeOf(place.topic, place.partition);
    const isDone: Waiter['isDone'] = (known) => (known.get(key)?.sequence ?? 0) >= place.sequence;
    const seen = await this.until(view, watched, timeoutMs, isDone);
    if (seen === 'behind' || watched.known.get(key)?.hasParked !== true) return seen;
    return (await isParked(this.store.db, view, place)) ? 'parked' : 'reached';
  }

  /**
   * Waits until the view has read all that its topics hold as of now: only then does "not found" count.
   * @throws ViewsUnavailable
   */
  async waitUntilEnd(view: string, timeoutMs: number): Promise<'reached' | 'behind'> {
    const watched = this.watched(view);
    const started = performance.now();
    const ends = new Map<string, number>();
    await Promise.all(
      partitionsOf(this.log, [...watched.topics]).map(async ({ topic, partition }) => {
        const { start, end } = await this.log.bounds(topic, partition, 'written');
        if (end > start) ends.set(placeOf(topic, partition), end);
      }),
    );
    const isDone = (known: ReadonlyMap<string, Position>): boolean => {
      for (const [place, end] of ends) {
        if ((known.get(place)?.offset ?? 0) < end) return false;
      }
      return true;
    };
    return this.until(view, watched, timeoutMs - (performance.now() - started), isDone);
  }

  /** Somebody waits for the view in a way of his own. @returns ends it */
  attend(view: string): () => void {
    return this.signals.attend(view);
  }

  close(): void {
    this.unsubscribe();
    for (const { poll } of this.views.values()) clearInterval(poll);
  }

  private async until(
    view: string,
    watched: Watched,
    timeoutMs: number,
    isDone: Waiter['isDone'],
  ): Promise<'reached' | 'behind'> {
    if (isDone(watched.known)) return 'reached';
    await this.refresh(view, watched);
    if (isDone(watched.known)) return 'reached';
    if (timeoutMs <= 0) return 'behind';
    const release = this.signals.attend(view);
    return new Promise((resolve) => {
      const end = (outcome: 'reached' | 'behind'): void => {
        release();
        clearTimeout(timer);
        watched.waiters.delete(waiter);
        if (watched.waiters.size === 0) {
          clearInterval(watched.poll);
          watched.poll = undefined;
        }
        resolve(outcome);
      };
      const waiter: Waiter = { isDone, resolve: () => end('reached') };
      const timer = setTimeout(() => end('behind'), timeoutMs);
      watched.waiters.add(waiter);
      watched.poll ??= setInterval(() => this.look(view, watched), POLL_MS);
    });
  }

  private changed(view: string | undefined): void {
    for (const [name, watched] of this.views) {
      if (view !== undefined && view !== name) continue;
      watched.settle();
      if (this.store.kind === 'postgres' && watched.waiters.size > 0) this.look(name, watched);
    }
  }

  /** A failed look is followed by the next one; the waiters have deadlines. */
  private look(view: string, watched: Watched): void {
    // A read under way may have begun before what we heard of.
    if (watched.refreshing !== undefined) {
      watched.isStale = true;
      return;
    }
    this.refresh(view, watched)
      .catch(() => undefined)
      .finally(() => {
        watched.settle();
        const again = watched.isStale && watched.waiters.size > 0;
        watched.isStale = false;
        if (again) this.look(view, watched);
      });
  }

  private refresh(view: string, watched: Watched): Promise<void> {
    watched.refreshing ??= this.read(view, watched).finally(() => {
      watched.refreshing = undefined;
    });
    return watched.refreshing;
  }

  private async read(view: string, watched: Watched): Promise<void> {
    // What is parked is read after the checkpoints: it may only seem to be more.
    const checkpoints = await readCheckpoints(this.store, view);
    const parked = await parkedPlaces(this.store.db, view);
    for (const { topic, partition, offset, sequence } of checkpoints) {
      const hasParked = parked.some((place) => place.topic === topic && place.partition === partition);
      watched.advance(topic, partition, { offset, sequence, hasParked });
    }
  }

  private watched(view: string): Watched {
    const watched = this.views.get(view);
    if (watched === undefined) throw new Error(`no view is called ${view}`);
    return watched;
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
