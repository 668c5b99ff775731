import { MemoryLog } from '../platform/log/testing/memory-log';
import { reactionsOf } from '../platform/reactions/reactions-of';
import { StoredReactions } from '../platform/reactions/stored-reactions';
import { parcelsFeature } from '../platform/reactions/testing/parcel.fixture';
import { ParcelWriter, sentTo } from '../platform/reactions/testing/parcel-records';
import { topicSpecs } from '../platform/platform.topics';
import { runCommand } from './testing/cli-run';

describe('reactions', () => {
  it('are listed, and told once where they begin when they have never run', async () => {
    const log = new MemoryLog('log', 1);
    await log.ensureTopics(topicSpecs([parcelsFeature]));
    await log.append([new ParcelWriter(1).record('depot-0', sentTo('depot-1'))]);
    const world = { log, services: { reactions: new StoredReactions(log, reactionsOf([parcelsFeature])) } };

    const listed = await runCommand('reactions list', world);
    expect(listed.output).toMatch(/parcels\.reactor +parcels\.events\/0 +never run +1 +0/);
    expect(await runCommand('reactions begin parcels.reactor', world)).toMatchObject({ code: 64 });
    expect(await runCommand('reactions begin parcels.nothing --at end', world)).toMatchObject({ code: 66 });
    expect(await runCommand('reactions begin parcels.reactor --at end', world)).toMatchObject({ code: 0 });

    const [reactor] = JSON.parse((await runCommand('reactions list --json', world)).output) as unknown[];
    expect(reactor).toEqual({
      consumer: 'parcels.reactor',
      topic: 'parcels.events',
      partition: 0,
      next: 1,
      lag: 0,
      parkedKeys: 0,
    });
  });

  it('cannot be told where nobody knows them', async () => {
    expect(await runCommand('reactions list')).toMatchObject({
      code: 69,
      told: expect.stringContaining('UNAVAILABLE'),
    });
  });
});
