import { processOf } from '../../kernel/process';
import { WriterFenced } from '../log/log.port';
import { eventually } from '../views/testing/reading-side';
import { findPosition } from './find-position';
import { ReactionHasBegun, UnknownReaction } from '../operations/operations.port';
import { reactionsOf } from './reactions-of';
import { StoredReactions } from './stored-reactions';
import { delivery, depot, parcelsFeature } from './testing/parcel.fixture';
import { COMMANDS, counted, arrivedFrom, EVENTS, sentTo, STATE } from './testing/parcel-records';
import { byValue, PARTITIONS, ReactionWorld, weightOf, type LogSite } from './testing/reaction-world';

const REACTOR = 'parcels.reactor';

/** What holds for processes and publications on every log. */
export function describeReactors(makeSite: () => Promise<LogSite>): void {
  const world = new ReactionWorld(makeSite);

  const positionOf = async (partition: number, consumer = REACTOR) =>
    (await findPosition({ log: world.log, topic: STATE, partition, consumer })).position;

  it('G2: send the commands and publish the messages of each event once, in its order', async () => {
    await world.begin();
    const side = await world.open();
    const weights = Array.from({ length: 40 }, (_, index) => index + 1);
    await world.write(weights.map((weight) => [`depot-${weight % 4}`, sentTo('depot-9', weight)]));
    await world.write([['depot-1', arrivedFrom('depot-0', 5)]]);
    await world.delivered(weights);
    await eventually(
      async () => (await world.read('parcels.arrivals')).length,
      (count) => count === 1,
    );
    const commands = await world.read(COMMANDS);
    for (const from of ['depot-0', 'depot-1', 'depot-2', 'depot-3']) {
      const sent = commands.filter(({ value }) => value?.includes(`"${from}"`) === true).map(weightOf);
      expect(sent).toEqual(sent.toSorted(byValue));
    }
    expect(new Set(commands.map(({ headers }) => headers['command-id'])).size).toBe(weights.length);
    expect(side.counts).toMatchObject({ outputs: weights.length + 1, parked: 0 });
    expect(side.failures).toEqual([]);
  });

  it('G2: go on after a restart where they were, also when the group has forgotten its offsets', async () => {
    await world.begin();
    await world.open();
    await world.write([
      ['depot-0', sentTo('depot-1', 1)],
      ['depot-1', sentTo('depot-1', 2)],
    ]);
    await world.delivered([1, 2]);
    await world.restart();
    await world.write([['depot-0', sentTo('depot-1', 3)]]);
    const second = await world.open({ hasForgotten: true });
    await world.delivered([1, 2, 3]);
    expect(second.failures).toEqual([]);
  });

  it('begin with the first event when none was there before, whenever they are started', async () => {
    await world.begin();
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    await world.begin();
    const side = await world.open();
    await world.delivered([1]);
    expect(side.failures).toEqual([]);
  });

  it('refuse events before them that nothing tells whether they have taken, and write nothing', async () => {
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    const side = await world.open();
    await eventually(
      () => side.failures.map(({ message }) => message),
      ([first]) => first?.includes('POSITION_LOST: parcels.events/0') === true,
    );
    expect(await world.read(COMMANDS)).toEqual([]);
    expect(await positionOf(0)).toBeUndefined();
  });

  it('begin where an operator says', async () => {
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    const stored = new StoredReactions(world.log, reactionsOf([parcelsFeature]));
    await expect(stored.begin('parcels.nothing', 'end')).rejects.toThrow(UnknownReaction);
    await stored.begin(REACTOR, 'end');
    await stored.begin('parcels.arrivals', 'start');
    const side = await world.open();
    await world.write([['depot-0', sentTo('depot-1', 2)]]);
    await world.delivered([2]);
    await world.idle(side);
    await expect(stored.begin(REACTOR, 'start')).rejects.toThrow(ReactionHasBegun);
    const listed = (await stored.list()).filter(({ consumer, partition }) => consumer === REACTOR && partition === 0);
    expect(listed).toEqual([
      {
        consumer: REACTOR,
        topic: EVENTS,
        partition: 0,
        next: expect.any(Number),
        lag: expect.any(Number),
        parkedKeys: 0,
      },
    ]);
  });

  it('write nothing for events that mean nothing, and still do not stay behind', async () => {
    await world.begin();
    const side = await world.open();
    await world.idle(side);
    const first = await eventually(
      () => positionOf(0),
      (found) => found !== undefined,
    );
    await world.write(Array.from({ length: 20 }, () => ['depot-0', counted] as const));
    await world.idle(side);
    expect(await positionOf(0)).toEqual(first);
    expect(side.counts.transactions).toBe(0);
    await eventually(
      () => positionOf(0),
      (found) => (found?.next ?? 0) > (first?.next ?? 0),
    );
    const found = await positionOf(0);
    expect(found?.next).toBe(((await world.events()).at(-1)?.offset ?? 0) + 1);
  });

  it('G4: the write of an owner that was overtaken changes nothing', async () => {
    await world.begin();
    const gate = Promise.withResolvers<void>();
    let isStuck = false;
    const refusals: unknown[] = [];
    const old = await world.open({
      commit: async (write) => {
        if (isStuck) await gate.promise;
        await write().catch((error: unknown) => {
          refusals.push(error);
          throw error;
        });
      },
    });
    await world.idle(old);
    isStuck = true;
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    // Whoever takes the right to write for the partition fences the one before, whatever the group says.
    await world.log.openWriter(REACTOR, EVENTS, 0);
    gate.resolve();
    await eventually(
      () => refusals,
      ([first]) => first instanceof WriterFenced,
    );
    expect(await world.read(COMMANDS)).toEqual([]);
    await old.close();
    await world.open();
    await world.delivered([1]);
  });

  it('take no second event into a transaction that is full, and none twice', async () => {
    await world.begin();
    const many = processOf({
      ...delivery,
      react: ({ id }) =>
        Array.from({ length: 300 }, (_, weight) => {
          return { to: depot, type: 'ReceiveParcel', aggregateId: `depot-${weight}`, data: { from: id, weight } };
        }),
    });
    const events = Array.from({ length: 5 }, () => ['depot-0', counted] as const);
    await world.write(events);
    const side = await world.open({ feature: { ...parcelsFeature, processes: [many] } });
    await eventually(
      async () => (await world.read(COMMANDS)).length,
      (count) => count === 5 * 300,
    );
    expect(side.counts.transactions).toBeGreaterThanOrEqual(2);
    const ids = (await world.read(COMMANDS)).map(({ headers }) => headers['command-id']);
    expect(new Set(ids).size).toBe(5 * 300);
    expect(PARTITIONS).toBe(2);
  });
}
