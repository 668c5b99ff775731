import type { Kysely } from 'kysely';
import type { PlatformTables } from './platform-tables';
import type { PreparedView } from './read-store.port';
import { currentView } from './view-reads';

/** The writers of a store's views, by name: one for each view whose table is there. */
export class ViewWriters<Writer extends { readonly view: PreparedView }> {
  private readonly writers = new Map<string, Writer>();

  constructor(
    private readonly db: Kysely<PlatformTables>,
    private readonly make: (view: PreparedView) => Writer,
  ) {}

  /** @throws Error when there is no such view */
  get(name: string): Writer {
    const writer = this.writers.get(name);
    if (writer === undefined) throw new Error(`no view is called ${name}`);
    return writer;
  }

  adopt(view: PreparedView): void {
    this.writers.set(view.projection.name, this.make(view));
  }

  forget(name: string): void {
    this.writers.delete(name);
  }

  /** Looks which generation is live now; another one gets a writer that knows nothing of the old one. */
  async refresh(name: string): Promise<PreparedView> {
    const { view: known } = this.get(name);
    const view = await currentView(this.db, known);
    if (view.generation !== known.generation) this.adopt(view);
    return view;
  }
}
