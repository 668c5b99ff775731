import type { SeededRandom } from '../../../test/support/seeded-random';
import { eventually } from '../views/testing/reading-side';
import { trouble } from './testing/parcel.fixture';
import { COMMANDS, counted, sentTo } from './testing/parcel-records';
import { ReactionWorld, weightOf, type Commit, type LogSite, type ReactingSide } from './testing/reaction-world';

const DEPOTS = 8;
const EVENTS_PER_LIFE_MAX = 6;

/** Processes die at random commits, before and after these are safe, and others go on. */
export function describeReactorCrashes(
  makeSite: () => Promise<LogSite>,
  crashes: number,
  random: () => SeededRandom,
): void {
  const world = new ReactionWorld(makeSite);

  it(`G2 G9: lose nothing, do nothing twice and keep order through ${crashes} crashes`, async () => {
    const chance = random();
    await world.begin();
    const expected = new Map<string, number[]>();
    let weight = 0;
    let met = 0;
    for (let life = 0; met < crashes; life++) {
      // Now and then an event that cannot be taken, until an operator has it retried in a later life.
      if (chance.chance(0.05)) trouble.weights.add(weight + 1);
      else if (chance.chance(0.5)) trouble.weights.clear();
      const entries = Array.from({ length: chance.between(1, EVENTS_PER_LIFE_MAX) }, () => {
        const id = `depot-${chance.between(0, DEPOTS - 1)}`;
        if (chance.chance(0.2)) return [id, counted] as const;
        expected.set(id, [...(expected.get(id) ?? []), ++weight]);
        return [id, sentTo('depot-1', weight)] as const;
      });
      await world.write(entries);
      const crash = crashAt(chance.between(1, 3), chance.chance(0.5));
      const side = await world.open({ commit: crash.commit, hasForgotten: chance.chance(0.3) });
      await retryAll(side);
      await eventually(
        async () => crash.hasMet || side.failures.length > 0 || (await isLevel(side)),
        (isOver) => isOver,
      );
      if (crash.hasMet) met++;
      await (chance.chance(0.1) ? world.restart() : side.close());
    }
    trouble.weights.clear();
    const last = await world.open();
    await eventually(
      async () => {
        await retryAll(last);
        return (await world.read(COMMANDS)).length;
      },
      (count) => count >= weight,
    );
    await world.idle(last);
    const commands = Map.groupBy(await world.read(COMMANDS), ({ value }) => {
      return (JSON.parse(value ?? '{}') as { from: string }).from;
    });
    for (const [id, weights] of expected) {
      expect({ id, weights: (commands.get(id) ?? []).map(weightOf) }).toEqual({ id, weights });
    }
    expect((await world.read(COMMANDS)).length).toBe(weight);
    expect(last.failures).toEqual([]);
  });

  const isLevel = async ({ reactors }: ReactingSide): Promise<boolean> => {
    const lag = await reactors.lag();
    return lag.length === 4 && lag.every(({ behind }) => behind <= 1);
  };
}

async function retryAll({ deadLetters }: ReactingSide): Promise<void> {
  for (const { id } of await deadLetters.list()) await deadLetters.retry(id).catch(() => undefined);
}

function crashAt(at: number, isAfter: boolean): { commit: Commit; readonly hasMet: boolean } {
  let commits = 0;
  let hasMet = false;
  return {
    get hasMet() {
      return hasMet;
    },
    commit: async (write) => {
      if (++commits !== at) return write();
      if (isAfter) await write();
      hasMet = true;
      throw new Error('crashed');
    },
  };
}
