import type { TaskParts } from '../../platform/tasks/sole-task';
import type { Cast, Person } from './domain/virtual-attempt.choice';
import { VIRTUAL_IDS, virtualId, virtualNumber } from './domain/virtual-user.profile';
import { userView } from './views/user.view';

/** So many real users take part at a time; the next look takes the next ones, so that everybody has a turn. */
const REAL_USERS_SEEN_MAX = 200;

/** So many new virtual users are looked for at a time. */
const AWAITED_SEEN_MAX = 200;

const END_OF_LOG_MS = 1_000;

/** Who is there, as the view of the users tells. */
export class SimulationCast implements Cast {
  real: readonly Person[] = [];
  /** Registered, and not in the view yet. */
  private readonly awaited = new Set<string>();
  /** Real users are read after this id. */
  private after = '';

  private constructor(
    private readonly models: TaskParts['models'],
    public virtual: readonly Person[],
    /** The highest N of a virtual user. */
    public highest: number,
  ) {}

  /**
   * @param usersMax most virtual users that take part
   * @throws Error while the view has not read the whole log: somebody with a higher number may be in it
   * @throws ViewsUnavailable
   */
  static async read({ models, progress }: Pick<TaskParts, 'models' | 'progress'>, usersMax: number) {
    if ((await progress.waitUntilEnd(userView.name, END_OF_LOG_MS)) === 'behind') {
      throw new Error(`the view ${userView.name} has not read the whole log yet`);
    }
    const numbered = models
      .from(userView)
      .select(['row.id', 'row.name'])
      .where('row.id', '>=', VIRTUAL_IDS.from)
      .where('row.id', '<', VIRTUAL_IDS.to);
    const inOrder = numbered.orderBy(({ fn }) => fn<number>('length', ['row.id'])).orderBy('row.id');
    const last = numbered.orderBy(({ fn }) => fn<number>('length', ['row.id']), 'desc').orderBy('row.id', 'desc');
    const highest = await last.executeTakeFirst();
    const virtual = await inOrder.limit(usersMax).execute();
    const cast = new SimulationCast(models, virtual, virtualNumber(highest?.id ?? '') ?? 0);
    cast.awaitMissing(usersMax);
    await cast.look();
    return cast;
  }

  /** Somebody was sent to register, and takes part as soon as the view shows it. */
  registered(id: string): void {
    this.awaited.add(id);
    this.highest = virtualNumber(id) ?? this.highest;
  }

  /** Looks who has come. @throws ViewsUnavailable */
  async look(): Promise<void> {
    await this.lookForAwaited();
    await this.lookForReal();
  }

  /** Who was sent to register a moment ago may come after somebody with a higher number: their partitions are read apart. */
  private awaitMissing(usersMax: number): void {
    const known = new Set(this.virtual.map(({ id }) => id));
    for (let number = 1; number <= Math.min(this.highest, usersMax); number++) {
      const id = virtualId(number);
      if (!known.has(id)) this.awaited.add(id);
    }
  }

  private async lookForAwaited(): Promise<void> {
    if (this.awaited.size === 0) return;
    const ids = [...this.awaited].slice(0, AWAITED_SEEN_MAX);
    const come = await this.models.from(userView).select(['row.id', 'row.name']).where('row.id', 'in', ids).execute();
    if (come.length === 0) return;
    for (const { id } of come) this.awaited.delete(id);
    this.virtual = [...this.virtual, ...come].sort((a, b) => (virtualNumber(a.id) ?? 0) - (virtualNumber(b.id) ?? 0));
  }

  private async lookForReal(): Promise<void> {
    const real = await this.models
      .from(userView)
      .select(['row.id', 'row.name'])
      .where((row) => row.or([row('row.id', '<', VIRTUAL_IDS.from), row('row.id', '>=', VIRTUAL_IDS.to)]))
      .where('row.id', '>', this.after)
      .orderBy('row.id')
      .limit(REAL_USERS_SEEN_MAX)
      .execute();
    // The last page may be empty, and those of the one before are still there.
    if (real.length > 0) this.real = real;
    this.after = real.length < REAL_USERS_SEEN_MAX ? '' : (real.at(-1)?.id ?? '');
  }
}
