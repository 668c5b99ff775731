import { UnknownDeadLetter } from '../operations/operations.port';
import { eventually } from '../views/testing/reading-side';
import { findPosition } from './find-position';
import { newerParcelEvents, delivery, parcelsFeature, trouble } from './testing/parcel.fixture';
import { COMMANDS, counted, EVENTS, sentTo, STATE } from './testing/parcel-records';
import { ReactionWorld, weightOf, type LogSite, type ReactingSide } from './testing/reaction-world';

const REACTOR = 'parcels.reactor';
const BAD = 13;

/** What holds for events that a process or a publication cannot take. */
export function describeParkedReactions(makeSite: () => Promise<LogSite>): void {
  const world = new ReactionWorld(makeSite);

  const letters = (side: ReactingSide, count: number) =>
    eventually(
      () => side.deadLetters.list(),
      (found) => found.length === count,
    );
  const sent = async (): Promise<number[]> => (await world.read(COMMANDS)).map(weightOf);
  const sentBy = async (from: string): Promise<number[]> =>
    (await world.read(COMMANDS)).filter(({ value }) => value?.includes(`"${from}"`) === true).map(weightOf);
  const reactorId = (letter: { id: string } | undefined): string => letter?.id ?? '';

  /** `depot-0` has a bad event, with two behind it; `depot-2` shares its partition. */
  async function parked(side: ReactingSide): Promise<string> {
    trouble.weights.add(BAD);
    await world.write([
      ['depot-0', sentTo('depot-1', 1)],
      ['depot-0', sentTo('depot-1', BAD)],
      ['depot-2', sentTo('depot-1', 2)],
      ['depot-0', sentTo('depot-1', 3)],
      ['depot-0', sentTo('depot-1', 4)],
      ['depot-2', sentTo('depot-1', 5)],
    ]);
    await world.delivered([1, 2, 5]);
    await world.idle(side);
    return reactorId((await letters(side, 1))[0]);
  }

  it('G9: park an event alone with what follows of its key, with cause and origin', async () => {
    await world.begin();
    const side = await world.open();
    const id = await parked(side);
    const [bad] = (await world.events()).filter((event) => weightOf(event) === BAD);
    expect(id).toBe(`${REACTOR}:${EVENTS}:0:${bad?.offset}`);
    const [letter] = await eventually(
      () => side.deadLetters.list(),
      ([first]) => first?.behind === 2,
      15_000,
    );
    expect(letter).toMatchObject({ key: 'depot-0', cause: `${BAD} is too heavy`, behind: 2 });
    expect(await side.deadLetters.show(id)).toMatchObject({ value: bad?.value, headers: bad?.headers });
    expect(await side.deadLetters.count()).toEqual({ [REACTOR]: 1 });
    expect(side.failures).toEqual([]);
  });

  it('G9 G2: take what is retried in order, before anything newer of its key, and let the key go on', async () => {
    await world.begin();
    const id = await parked(await world.open());
    await world.restart();
    await world.write([['depot-0', sentTo('depot-1', 6)]]);
    const side = await world.open({ hasForgotten: true });
    trouble.weights.clear();
    await side.deadLetters.retry(id);
    await letters(side, 0);
    await world.write([['depot-0', sentTo('depot-1', 7)]]);
    await world.delivered([1, 2, 5, BAD, 3, 4, 6, 7]);
    expect(await sentBy('depot-0')).toEqual([1, BAD, 3, 4, 6, 7]);
    await expect(side.deadLetters.retry(id)).rejects.toThrow(UnknownDeadLetter);
  });

  it('G9: give up what is dropped, and nothing else', async () => {
    await world.begin();
    const side = await world.open();
    const id = await parked(side);
    await side.deadLetters.drop(id);
    await letters(side, 0);
    await world.delivered([1, 2, 5, 3, 4]);
    expect(await sentBy('depot-0')).toEqual([1, 3, 4]);
  });

  it('G9: park the first that fails again, with those behind it, and take those before', async () => {
    await world.begin();
    const side = await world.open();
    const id = await parked(side);
    trouble.weights = new Set([4]);
    await side.deadLetters.retry(id);
    const [next] = await eventually(
      () => side.deadLetters.list(),
      (found) => found.length === 1 && found[0]?.cause === '4 is too heavy',
    );
    await world.write([['depot-0', sentTo('depot-1', 8)]]);
    expect(await sentBy('depot-0')).toEqual([1, BAD, 3]);
    trouble.weights.clear();
    await side.deadLetters.retry(reactorId(next));
    await letters(side, 0);
    await world.delivered([1, 2, 5, BAD, 3, 4, 8]);
    expect(await sentBy('depot-0')).toEqual([1, BAD, 3, 4, 8]);
  });

  it('G9: stay parked when a retry fails as before', async () => {
    await world.begin();
    const side = await world.open();
    const id = await parked(side);
    const before = (await world.read(`${EVENTS}.dead-letters`)).length;
    await side.deadLetters.retry(id);
    await eventually(
      async () => (await world.read(`${EVENTS}.dead-letters`)).length,
      (count) => count > before,
    );
    expect((await letters(side, 1))[0]).toMatchObject({ id, behind: 2 });
    expect(await sentBy('depot-0')).toEqual([1]);
  });

  it('G9 G2: take more than a transaction holds, each once, through a crash in between', async () => {
    await world.begin();
    const first = await world.open();
    trouble.weights.add(BAD);
    const weights = Array.from({ length: 1_200 }, (_, index) => 100 + index);
    await world.write([BAD, ...weights].map((weight) => ['depot-0', sentTo('depot-1', weight)]));
    const [letter] = await eventually(
      () => first.deadLetters.list(),
      ([one]) => one?.behind === weights.length,
    );
    await first.close();
    trouble.weights.clear();
    let commits = 0;
    const second = await world.open({
      commit: async (write) => {
        await write();
        // The second transaction of the retry is in the log, and the process dies.
        if (++commits === 2) throw new Error('crashed');
      },
    });
    await second.deadLetters.retry(reactorId(letter));
    await eventually(
      () => second.failures.length,
      (count) => count > 0,
    );
    await second.close();
    await eventually(
      () => sent(),
      (commands) => commands.length === 1_000,
    );
    const third = await world.open();
    const [moved] = await eventually(
      () => third.deadLetters.list(),
      (found) => found.length === 1 && found[0]?.id !== letter?.id,
    );
    await third.deadLetters.retry(reactorId(moved));
    await letters(third, 0);
    expect(await sentBy('depot-0')).toEqual([BAD, ...weights]);
  });

  it('wait for the upgrade before an event of a newer schema, and park nothing', async () => {
    await world.begin();
    const newer = world.writer.record('depot-0', sentTo('depot-1', 2), { 'schema-version': '2' });
    const side = await world.open();
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    await world.append([{ ...newer, value: '{"to":"depot-1","grams":2}' }]);
    await world.write([['depot-0', counted]]);
    await eventually(
      () => side.reactors.holds(),
      (holds) => holds.some(({ code, consumer }) => code === 'NEWER_SCHEMA' && consumer === REACTOR),
    );
    await world.delivered([1]);
    expect(await side.deadLetters.list()).toEqual([]);
    await side.close();
    const upgraded = { ...delivery, source: newerParcelEvents, react: () => [] };
    const after = await world.open({ feature: { ...parcelsFeature, processes: [upgraded], publications: [] } });
    await world.idle(after, 1);
    expect(after.reactors.holds()).toEqual([]);
  });

  it('stand still when a thousand keys are parked, tell of it, and go on when there is room', async () => {
    await world.begin();
    const side = await world.open();
    trouble.weights.add(BAD);
    const bad = Array.from({ length: 1_001 }, (_, index) => [`depot-${index}0`, sentTo('depot-1', BAD)] as const);
    await world.write(bad);
    await eventually(
      () => side.reactors.holds(),
      (holds) => holds.some(({ code }) => code === 'PARKING_FULL'),
    );
    const found = await letters(side, 1_000);
    expect(
      (await findPosition({ log: world.log, topic: STATE, partition: 0, consumer: REACTOR })).position?.parked.size,
    ).toBe(1_000);
    await side.deadLetters.drop(reactorId(found[0]));
    await eventually(
      () => side.reactors.holds(),
      (holds) => holds.length === 0,
    );
    await letters(side, 1_000);
    expect(side.failures).toEqual([]);
  });
}
