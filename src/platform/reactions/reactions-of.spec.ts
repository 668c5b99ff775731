import { z } from 'zod';
import { NewerSchema } from '../../kernel/event-contract';
import { processOf } from '../../kernel/process';
import { publicationOf } from '../../kernel/publication';
import { BatchDecider } from '../commands/batch-decider';
import { checkFeatures, type Feature } from '../feature';
import { partitionOf } from '../log/murmur2';
import { topicSpecs } from '../platform.topics';
import { reactionsOf } from './reactions-of';
import { arrivals, delivery, depot, parcelEvents, parcelsFeature, type ParcelEvent } from './testing/parcel.fixture';
import { arrivedFrom, counted, ParcelWriter, read, sentTo } from './testing/parcel-records';

const FOUR = (): number => 4;
const traced = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const written = new ParcelWriter(1);

function reaction(name: string, feature: Feature = parcelsFeature) {
  const found = reactionsOf([feature]).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function withProcess(react: typeof delivery.react): Feature {
  return { ...parcelsFeature, processes: [processOf({ ...delivery, react })] };
}

describe('A process', () => {
  const event = read(written.record('depot-0', sentTo('depot-7', 3), traced));
  const [sent] = reaction('parcels.reactor').react(event, FOUR);

  it('sends commands as its module, caused by the event, at its time, in its trace', () => {
    expect(sent).toEqual({
      topic: 'parcels.commands',
      partition: partitionOf('depot-7', 4),
      key: 'depot-7',
      value: '{"from":"depot-0","weight":3}',
      headers: {
        'domain-model': 'ReceiveParcel',
        'command-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/),
        'correlation-id': sent?.headers['command-id'],
        'causation-id': 'c-0-1:0',
        identity: 'system:parcels',
        'content-type': 'application/json',
        ...traced,
      },
      timestamp: 7,
    });
  });

  it('sends the same bytes again, and another command for another event (G10)', () => {
    expect(reaction('parcels.reactor').react(event, FOUR)).toEqual([sent]);
    const [other] = reaction('parcels.reactor').react(read(written.record('depot-0', sentTo('depot-7', 3))), FOUR);
    expect(other?.headers['command-id']).not.toBe(sent?.headers['command-id']);
  });

  it('sends what its target can decide', () => {
    const aggregates = new Map(depot.commands.map(({ type }) => [type, depot]));
    const loaded = { aggregate: () => undefined, decision: () => undefined };
    const command = read(sent ?? { topic: '', key: '', value: '', headers: {} });
    const result = BatchDecider.decide({ module: 'parcels', aggregates }, loaded, { sequence: 0, time: 0 }, [command]);
    expect(result.events).toMatchObject([{ value: '{"from":"depot-0","weight":3}', timestamp: 7 }]);
    expect(result.replies).toMatchObject([{ replyTo: '', reply: { decision: { status: 'accepted' } } }]);
  });

  it.each([
    ['data that the command refuses', { type: 'ReceiveParcel', data: { from: 1 } }, 'a malformed ReceiveParcel'],
    ['data that JSON does not carry', { type: 'ReceiveParcel', data: { from: 'x', weight: NaN } }, 'malformed'],
    ['a command that its target does not take', { type: 'Burn', data: {} }, 'sends Burn, which its target'],
  ])('may not send %s', (_what, intent, told) => {
    const feature = withProcess(() => [{ to: depot, aggregateId: 'a', ...intent }]);
    expect(() => reaction('parcels.reactor', feature).react(event, FOUR)).toThrow(told);
  });

  it('may not send to a module that it does not name', () => {
    const to = { ...depot, module: 'elsewhere' };
    const feature = withProcess(() => [{ to, type: 'CountParcels', aggregateId: 'a', data: {} }]);
    expect(() => reaction('parcels.reactor', feature).react(event, FOUR)).toThrow('does not name elsewhere');
  });

  it('tells a newer schema from a bad record', () => {
    const newer = { ...event, decoded: undefined, headers: { ...event.headers, 'schema-version': '2' } };
    expect(() => reaction('parcels.reactor').react(newer, FOUR)).toThrow(NewerSchema);
  });
});

describe('A publication', () => {
  it('makes CloudEvents that name their event', () => {
    const event = read(written.record('depot-9', arrivedFrom('depot-1', 5), traced));
    expect(reaction('parcels.arrivals').react(event, FOUR)).toEqual([
      {
        topic: 'parcels.arrivals',
        key: 'depot-9',
        value: '{"from":"depot-1","weight":5}',
        headers: {
          ce_specversion: '1.0',
          ce_id: `${event.headers['ce_id']}:parcels.arrivals:0`,
          ce_type: 'ParcelArrived',
          ce_source: '/parcels/arrivals',
          ce_time: '1970-01-01T00:00:00.007Z',
          ce_subject: 'depot-9',
          'content-type': 'application/json',
          'correlation-id': 'a request',
          'causation-id': event.headers['ce_id'],
          ...traced,
        },
        timestamp: 7,
      },
    ]);
    expect(reaction('parcels.arrivals').react(read(written.record('depot-9', counted)), FOUR)).toEqual([]);
  });

  it('may not say what its schema refuses', () => {
    const event = read(written.record('depot-9', arrivedFrom('depot-1', 1_001)));
    expect(() => reaction('parcels.arrivals').react(event, FOUR)).toThrow('malformed ParcelArrived');
  });

  it.each([
    ['makes a tombstone on a compacted topic', 'compact' as const],
    ['may not make one on a topic that keeps every message', 'keep' as const],
  ])('%s', (_what, policy) => {
    const gone = publicationOf<ParcelEvent, object>({
      ...arrivals,
      schema: z.object({}),
      policy,
      publish: ({ aggregateId: key }) => [{ key, type: 'Gone', data: null }],
    });
    const made = () =>
      reaction('parcels.arrivals', { ...parcelsFeature, publications: [gone] }).react(
        read(written.record('depot-9', counted)),
        FOUR,
      );
    if (policy === 'keep') expect(made).toThrow('tombstone');
    else expect(made()).toMatchObject([{ key: 'depot-9', value: null }]);
  });
});

describe('What features declare', () => {
  const again: Feature = { ...parcelsFeature, name: 'more', aggregates: [] };

  it.each([
    ['two processes', { ...again, publications: [] }, 'the process parcels.delivery is bound twice'],
    [
      'two publications',
      { ...again, processes: [] },
      'the view, publication or erasure parcels.arrivals is bound twice',
    ],
    [
      'a publication and the processes of a module',
      { ...again, processes: [], publications: [{ ...arrivals, name: 'parcels.reactor' }] },
      'the view, publication or erasure parcels.reactor is bound twice',
    ],
    [
      'two policies of one public topic',
      { ...again, processes: [], publications: [{ ...arrivals, name: 'more.arrivals', policy: 'keep' as const }] },
      'the topic parcels.arrivals is to be compact and keep',
    ],
  ])('may not hold %s of one name', (_what, other, told) => {
    expect(() => checkFeatures([parcelsFeature, other])).toThrow(told);
  });

  it('names every topic once, that of a publication and those of another module too', () => {
    const watching: Feature = {
      name: 'watchers',
      aggregates: [],
      views: [],
      rejections: [],
      processes: [processOf({ ...delivery, name: 'watchers.watch', targets: ['watchers'] })],
    };
    const names = topicSpecs([watching]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['parcels.events', 'parcels.state', 'parcels.events.dead-letters']));
    expect(names).not.toContain('parcels.commands');
    const all = topicSpecs([parcelsFeature, watching]);
    expect(all).toHaveLength(new Set(all.map(({ name }) => name)).size);
    expect(all).toContainEqual({ name: 'parcels.arrivals', policy: 'compact' });
    expect(parcelEvents.module).toBe('parcels');
  });
});
