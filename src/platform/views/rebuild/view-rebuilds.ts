import { asError } from '../../as-error';
import type { Projection } from '../projection';
import type { ProjectionParts } from '../projection-parts';
import { RowCodec } from '../row.codec';
import { BARE_TEMPO, REBUILD_TEMPO } from '../tempo';
import { definitionHash, indexingOfRebuild, refillIndexed } from '../view-tables';
import { RowsRefused } from '../views.errors';
import { ViewRunner } from '../view-runner';
import {
  allRebuilds,
  failRebuild,
  forgetEnded,
  generationOf,
  isLevel,
  retiredTable,
  rowsOf,
  runningRebuild,
  swapGenerations,
} from './rebuild-tables';

/** How often another process's request is looked for. */
const IDLE_LOOK_MS = 1_000;
const RUNNING_LOOK_MS = 100;
/** Rows filled in before a table gets its indexes. SQLite writes nothing else meanwhile, about a second for each million; PostgreSQL does. */
const BARE_ROWS_MAX = { sqlite: 2_000_000, postgres: Number.POSITIVE_INFINITY };

interface Running {
  readonly projection: Projection;
  readonly generation: number;
  readonly isBare: boolean;
  readonly runner: ViewRunner;
}

/**
 * Does the rebuilds that somebody has asked for, here or in another process: fills the new generation as a view of its own, next to the
 * live one, and swaps when it is level. What is to be done stands in the database alone, so a process that dies leaves nothing behind but
 * a rebuild that the next one goes on with.
 */
export class ViewRebuilds {
  private readonly running = new Map<string, Running>();
  private looking: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** The database is prepared for it. */
  private isFilling = false;
  /** The last look has failed. */
  private isWaiting = false;

  /** @param projections the views that this process projects */
  constructor(
    private readonly parts: ProjectionParts,
    private readonly projections: readonly Projection[],
  ) {}

  start(): void {
    this.lookAgain();
  }

  /** Something was asked for in this process. */
  look(): Promise<void> {
    for (const { runner } of this.running.values()) runner.lookForRequests();
    this.looking = this.looking.then(() => this.lookOnce());
    return this.looking;
  }

  /** Lets the transactions under way end; the rebuilds go on with the next start. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all([...this.running.values()].map(({ runner }) => runner.close()));
  }

  private lookAgain(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(
      () => void this.look().then(() => this.lookAgain()),
      this.running.size > 0 ? RUNNING_LOOK_MS : IDLE_LOOK_MS,
    );
    this.timer.unref();
  }

  private async lookOnce(): Promise<void> {
    if (this.isClosed) return;
    try {
      await this.follow();
      for (const rebuild of this.running.values()) await this.swapWhenLevel(rebuild);
      await this.prepareToFill();
      this.isWaiting = false;
    } catch (error) {
      // The database is away for a while: the next look finds what there is to do.
      if (!this.isWaiting) this.parts.callbacks.report('rebuilds of views wait', asError(error));
      this.isWaiting = true;
    }
  }

  /** What is filled without indexes only appends: it needs nothing. */
  private async prepareToFill(): Promise<void> {
    const isFilling = [...this.running.values()].some(({ isBare }) => !isBare);
    if (isFilling === this.isFilling) return;
    await this.parts.store.prepareToFill(isFilling);
    this.isFilling = isFilling;
  }

  /** Brings what runs here in line with what stands in the database. */
  private async follow(): Promise<void> {
    const wanted = (await allRebuilds(this.parts.store.db)).filter(({ failure }) => failure === null);
    for (const rebuild of this.running.values()) {
      const { projection, generation } = rebuild;
      if (!wanted.some((one) => one.view === projection.name && one.generation === generation)) await this.end(rebuild);
    }
    for (const { view, generation, definition, is_indexed: isIndexed } of wanted) {
      const projection = this.projections.find(({ name }) => name === view);
      // A table of another shape belongs to processes of another version.
      if (projection === undefined || this.running.has(view) || definitionHash(projection) !== definition) continue;
      await this.begin(projection, generation, isIndexed === 0);
    }
  }

  private async begin(projection: Projection, generation: number, isBare: boolean): Promise<void> {
    const { store, callbacks } = this.parts;
    const filled = generationOf(projection, generation);
    store.adopt({ projection: filled, codec: new RowCodec(filled.table), generation, filling: { isBare } });
    const fatal = (error: Error): void => {
      callbacks.report(`the rebuild of ${projection.name} has failed`, error);
      this.fail(projection, generation, error).catch((failure: unknown) =>
        callbacks.report(`the rebuild of ${projection.name} has failed, which could not be noted`, asError(failure)),
      );
    };
    const runner = new ViewRunner(
      // Its events are old by intention: they tell nothing of how old what is shown is.
      { ...this.parts, callbacks: { ...callbacks, fatal }, onProjected: undefined },
      filled,
      isBare ? BARE_TEMPO : REBUILD_TEMPO,
    );
    this.running.set(projection.name, { projection, generation, isBare, runner });
    try {
      await runner.start();
    } catch (error) {
      // The next look begins anew.
      this.running.delete(projection.name);
      await runner.close();
      throw error;
    }
  }

  private async fail({ name }: Projection, generation: number, error: Error): Promise<void> {
    await this.parts.store.transact((db) => failRebuild(db, name, generation, error.message));
    await this.look();
  }

  private async end({ projection, generation, runner }: Running): Promise<void> {
    const { store, signals } = this.parts;
    this.running.delete(projection.name);
    await runner.close();
    store.forget(generationOf(projection, generation).name);
    await store.transact((db) => forgetEnded(db, projection, generation));
    await store.refresh(projection.name);
    signals.emit(projection.name);
  }

  private async swapWhenLevel(rebuild: Running): Promise<void> {
    const { store } = this.parts;
    const { projection, generation } = rebuild;
    const isLevelNow = await isLevel(store.db, projection, generation);
    if (!(await this.isIndexed(rebuild, isLevelNow)) || !isLevelNow) return;
    if (!(await store.transact((db) => swapGenerations(db, projection, generation)))) return;
    await this.end(rebuild);
    // Outside the swap, since it may take a while; the next swap drops what a crash has left here.
    await store.write(store.db.schema.dropTable(retiredTable(projection)).ifExists());
  }

  /** Whether the table has its indexes: makes them once it is as full as it may be without. */
  private async isIndexed(rebuild: Running, isLevelNow: boolean): Promise<boolean> {
    const { store } = this.parts;
    const { projection, generation } = rebuild;
    const asked = await runningRebuild(store.db, projection.name);
    if (asked?.generation !== generation) return false;
    if (asked.is_indexed === 1) return true;
    if (!isLevelNow && (await rowsOf(store.db, projection, generation)) < BARE_ROWS_MAX[store.kind]) return false;
    try {
      await store.writeAll(indexingOfRebuild(store.db, store.kind, projection, generation));
      if (isLevelNow) return true;
      // The next look goes on with it, at the tempo of a table with indexes.
      await this.end(rebuild);
      return false;
    } catch (error) {
      if (!(error instanceof RowsRefused)) throw error;
      // One of the rows should never have got in. With indexes from the start the one that came later is refused, and its event parked.
      await store.transact((db) => refillIndexed(db, store.kind, projection, generation));
      await this.end(rebuild);
      return false;
    }
  }
}
