import { asError } from '../../as-error';
import type { Projection } from '../projection';
import type { ProjectionParts } from '../projection-parts';
import { RowCodec } from '../row.codec';
import { REBUILD_TEMPO } from '../tempo';
import { definitionHash } from '../view-tables';
import { ViewRunner } from '../view-runner';
import {
  allRebuilds,
  failRebuild,
  forgetEnded,
  generationOf,
  isLevel,
  retiredTable,
  swapGenerations,
} from './rebuild-tables';

/** How often another process's request is looked for. */
const IDLE_LOOK_MS = 1_000;
const RUNNING_LOOK_MS = 100;

interface Running {
  readonly projection: Projection;
  readonly generation: number;
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
      this.isWaiting = false;
    } catch (error) {
      // The database is away for a while: the next look finds what there is to do.
      if (!this.isWaiting) this.parts.callbacks.report('rebuilds of views wait', asError(error));
      this.isWaiting = true;
    }
  }

  /** Brings what runs here in line with what stands in the database. */
  private async follow(): Promise<void> {
    const wanted = (await allRebuilds(this.parts.store.db)).filter(({ failure }) => failure === null);
    for (const rebuild of this.running.values()) {
      const { projection, generation } = rebuild;
      if (!wanted.some((one) => one.view === projection.name && one.generation === generation)) await this.end(rebuild);
    }
    for (const { view, generation, definition } of wanted) {
      const projection = this.projections.find(({ name }) => name === view);
      // A table of another shape belongs to processes of another version.
      if (projection === undefined || this.running.has(view) || definitionHash(projection) !== definition) continue;
      await this.begin(projection, generation);
    }
  }

  private async begin(projection: Projection, generation: number): Promise<void> {
    const { store, callbacks } = this.parts;
    const filled = generationOf(projection, generation);
    store.adopt({ projection: filled, codec: new RowCodec(filled.table), generation });
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
      REBUILD_TEMPO,
    );
    this.running.set(projection.name, { projection, generation, runner });
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
    if (!(await isLevel(store.db, projection, generation))) return;
    if (!(await store.transact((db) => swapGenerations(db, projection, generation)))) return;
    await this.end(rebuild);
    // Outside the swap, since it may take a while; the next swap drops what a crash has left here.
    await store.write(store.db.schema.dropTable(retiredTable(projection)).ifExists());
  }
}
