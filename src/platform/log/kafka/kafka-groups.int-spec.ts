import { eventually } from '../../../../test/support/eventually';
import { aborted } from '../contract/contract-tools.contract';
import { WriterFenced } from '../log.port';
import { openLogs } from './testing/test-options';

describe('a group of several members on Kafka', () => {
  const logs = openLogs();

  afterEach(() => logs.close());

  it('shares the partitions evenly, hands them over, and gives all to the last', async () => {
    const running = new Set<string>();
    const owner =
      (member: string) =>
      async ({ partition, signal }: { partition: number; signal: AbortSignal }): Promise<void> => {
        const place = `${member}/${partition}`;
        if (running.has(place)) throw new Error(`${place} runs twice`);
        running.add(place);
        await aborted(signal);
        running.delete(place);
      };
    const [one, two] = [await logs.open(), await logs.open()];
    const failures: Error[] = [];
    for (const log of [one, two]) log.onFailure((error) => failures.push(error));
    const first = await one.join({ group: 'm.view', topics: ['m.commands'], own: owner('one') });
    await eventually(() => first.owned.length === 4);
    const second = await two.join({ group: 'm.view', topics: ['m.commands'], own: owner('two') });
    await eventually(() => expect([first.owned.length, second.owned.length]).toEqual([2, 2]), { within: 15_000 });
    await eventually(() => expect(running.size).toBe(4));
    const kept = [...running].filter((place) => place.startsWith('one/'));
    await first.leave();
    await eventually(() => expect(second.owned).toHaveLength(4), { within: 15_000 });
    await eventually(() => expect([...running].every((place) => place.startsWith('two/'))).toBe(true));
    expect(kept).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('G4 takes over from a member that dies without a word', async () => {
    const one = await logs.open({ sessionTimeoutMs: 6_000 });
    const two = await logs.open({ sessionTimeoutMs: 6_000 });
    const first = await one.join({ group: 'm.view', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
    await eventually(() => first.owned.length === 4);
    stopHeartbeats(first);
    const second = await two.join({ group: 'm.view', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
    await eventually(() => expect(second.owned).toHaveLength(4), { within: 25_000 });
  });

  it('owns a partition afresh when a zombie has fenced its writer', async () => {
    const one = await logs.open();
    const zombie = await logs.open();
    const runs: number[] = [];
    const membership = await one.join({
      group: 'm.processor',
      topics: ['m.commands'],
      own: async ({ topic, partition, signal }) => {
        const writer = await one.openWriter('m.processor', topic, partition);
        runs.push(partition);
        for (let from = writer.committed ?? 0; !signal.aborted; from++) {
          await writer.commit(from, from + 1, []);
          await Promise.race([aborted(signal), new Promise((resolve) => setTimeout(resolve, 20))]);
        }
      },
    });
    await eventually(() => expect(runs).toHaveLength(4));
    await zombie.openWriter('m.processor', 'm.commands', 2);
    await eventually(() => expect(runs.filter((partition) => partition === 2)).toHaveLength(2));
    expect(runs).toHaveLength(5);
    await membership.leave();
  });

  it('lets nobody write for a partition that the group has given away', async () => {
    const one = await logs.open();
    const two = await logs.open();
    const first = await one.join({
      group: 'm.processor',
      topics: ['m.commands'],
      own: ({ signal }) => aborted(signal),
    });
    await eventually(() => first.owned.length === 4);
    await two.join({ group: 'm.processor', topics: ['m.commands'], own: ({ signal }) => aborted(signal) });
    await eventually(() => first.owned.length === 2, { within: 15_000 });
    const lost = [0, 1, 2, 3].find((partition) => !first.owned.some((held) => held.partition === partition));
    await expect(one.openWriter('m.processor', 'm.commands', lost ?? -1)).rejects.toThrow(WriterFenced);
  });
});

/** A process that is stopped by the operating system, as far as the group can see. */
function stopHeartbeats(membership: object): void {
  Object.assign(membership, { heartbeat: () => Promise.reject(new Error('stopped')) });
}
