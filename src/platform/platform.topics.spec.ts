import type { Feature } from './feature';
import { topicSpecs } from './platform.topics';
import { projectionsOf } from './platform.projections';
import type { Projection } from './views/projection';

const feature = (name: string, views: readonly Projection[] = []): Feature => ({
  name,
  aggregates: [],
  views,
  rejections: [],
});
const letters = feature('letters');
const parcels = feature('parcels', [
  {
    name: 'parcels.mail',
    topics: ['letters.events', 'parcels.events'],
    table: { name: 'mail', columns: { id: 'text' }, key: ['id'] },
    read: () => undefined,
  },
]);
const product = [letters, parcels];

describe('A process of one module of several', () => {
  it('knows the outcomes of all, as every other process does: they share one group', () => {
    const outcomes = (features: readonly Feature[]) =>
      projectionsOf(features, product).find(({ name }) => name === 'platform.command-outcomes');

    expect(outcomes([letters])?.topics).toEqual(['letters.commands', 'parcels.commands', 'replies']);
    expect(outcomes([parcels])?.topics).toEqual(outcomes([letters])?.topics);
    expect(projectionsOf([letters], product).map(({ name }) => name)).not.toContain('parcels.mail');
  });

  it('has every topic that its views read, and where what they cannot take is parked, and no more', () => {
    const topics = (features: readonly Feature[]) => topicSpecs(features, product).map(({ name }) => name);
    const foreign = (own: Feature, other: string) => topics([own]).filter((name) => name.startsWith(`${other}.`));

    expect(foreign(parcels, 'letters').sort()).toEqual([
      'letters.commands',
      'letters.commands.dead-letters',
      'letters.events',
      'letters.events.dead-letters',
    ]);
    expect(foreign(letters, 'parcels').sort()).toEqual(['parcels.commands', 'parcels.commands.dead-letters']);
    expect(topicSpecs([letters], product)).toContainEqual({ name: 'parcels.commands', policy: 'keep' });
    expect(topics(product).sort()).toEqual(
      topicSpecs(product)
        .map(({ name }) => name)
        .sort(),
    );
  });
});
