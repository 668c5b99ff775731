import { eventually } from '../../../../test/support/eventually';
import type { Log, OwnedPartition } from '../log.port';
import { PARTITIONS, aborted, places, readAll, record } from './contract-tools.contract';

const TAKE_OVER_MS = 30_000;

/** A member owns what the group hands to it, once at a time, until it leaves. */
export function describeGroups(current: () => Log): void {
  describe('groups', () => {
    it('owns every partition, and aborts every signal on leaving', async () => {
      const { own, running } = recordingOwner();
      const membership = await current().join({ group: 'orders.processor', topics: ['orders.commands'], own });
      await eventually(() => expect([...running].sort()).toEqual(places('orders.commands')));
      expect(membership.owned.map(({ topic, partition }) => `${topic}/${partition}`).sort()).toEqual(
        places('orders.commands'),
      );
      await membership.leave();
      expect(running.size).toBe(0);
    });

    it('owns the partitions of several topics', async () => {
      const { own, running } = recordingOwner();
      const topics = ['orders.events', 'orders.state'];
      const membership = await current().join({ group: 'orders.view', topics, own });
      await eventually(() => expect([...running].sort()).toEqual(topics.flatMap(places)));
      await membership.leave();
    });

    it('lets a member that joins again own afresh, and write', async () => {
      for (let round = 0; round < 2; round++) {
        const written: number[] = [];
        const membership = await current().join({
          group: 'orders.processor',
          topics: ['orders.commands'],
          own: async ({ topic, partition, signal }) => {
            const writer = await current().openWriter('orders.processor', topic, partition);
            const from = writer.committed ?? 0;
            await writer.commit(from, from + 1, [record({ topic: 'orders.events', partition, value: `${from}` })]);
            written.push(partition);
            await aborted(signal);
            await writer.close();
          },
        });
        await eventually(() => expect(written).toHaveLength(PARTITIONS), { within: TAKE_OVER_MS });
        await membership.leave();
      }
      const events = await readAll(current(), 'orders.events', PARTITIONS);
      expect(events.map(({ partition, value }) => `${partition}:${value}`).sort()).toEqual(
        [0, 1, 2, 3].flatMap((partition) => [`${partition}:0`, `${partition}:1`]),
      );
    });

    it('reports an error of an owner as fatal', async () => {
      const failure = new Promise<Error>((resolve) => current().onFailure(resolve));
      await current().join({
        group: 'orders.processor',
        topics: ['orders.commands'],
        own: async ({ partition, signal }) => {
          if (partition === 1) throw new Error('broken owner');
          await aborted(signal);
        },
      });
      expect((await failure).message).toContain('broken owner');
    });

    it('closes to the end: signals abort, followers finish, nothing more is taken', async () => {
      const { own, running } = recordingOwner();
      await current().join({ group: 'orders.processor', topics: ['orders.commands'], own });
      await eventually(() => running.size === PARTITIONS);
      const following = (async (): Promise<void> => {
        const never = new AbortController().signal;
        for await (const _ of current().follow('orders.events', 0, 0, never)) void _;
      })();
      const writer = await current().openWriter('orders.reactor', 'orders.events', 0);
      await current().close();
      expect(running.size).toBe(0);
      await following;
      await expect(current().append([record({ partition: 0 })])).rejects.toThrow();
      await expect(writer.commit(0, 1, [])).rejects.toThrow();
    });
  });
}

/** Records who runs, and fails the test when one partition runs twice at once. */
function recordingOwner(): { own: (partition: OwnedPartition) => Promise<void>; running: Set<string> } {
  const running = new Set<string>();
  return {
    running,
    own: async ({ topic, partition, signal }) => {
      const place = `${topic}/${partition}`;
      if (running.has(place)) throw new Error(`${place} is owned twice`);
      running.add(place);
      await aborted(signal);
      running.delete(place);
    },
  };
}
