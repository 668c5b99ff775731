import * as fc from 'fast-check';
import type { LogRecord } from '../log/log.port';
import { mergeFeeds } from './merge-feeds';
import { PartitionFeed } from './partition-feed';

const END = 100;

/** A partition whose records have these times; with all there is, or more to be read. */
function feedOf(partition: number, times: readonly number[], isLevel = true): PartitionFeed {
  const feed = new PartitionFeed('t', partition, {
    checkpoint: { epoch: 1, offset: 0, sequence: 0 },
    generation: 1,
    parkedKeys: new Set(),
    readAheadMax: END,
    end: isLevel ? times.length : END,
  });
  for (const [offset, timestamp] of times.entries()) {
    const record: LogRecord = {
      topic: 't',
      partition,
      offset,
      timestamp,
      key: null,
      value: null,
      headers: {},
      decoded: undefined,
    };
    feed.push({ record, changes: [], next: offset + 1, sequence: offset + 1 });
  }
  return feed;
}

const timesOf = ({ entries }: ReturnType<typeof mergeFeeds>): number[] => entries.map(({ record }) => record.timestamp);

describe('merging partitions', () => {
  it('takes the oldest first', () => {
    const batch = mergeFeeds([feedOf(0, [1, 4, 5]), feedOf(1, [2, 3, 9])], 10, false);
    expect(timesOf(batch)).toEqual([1, 2, 3, 4, 5, 9]);
    expect(batch.taken.map(({ entries }) => entries.length)).toEqual([3, 3]);
  });

  it('takes no more than asked for, and leaves out who has no share in it', () => {
    const batch = mergeFeeds([feedOf(0, [7, 8]), feedOf(1, [1, 2, 3])], 2, false);
    expect(timesOf(batch)).toEqual([1, 2]);
    expect(batch.taken.map(({ feed }) => feed.partition)).toEqual([1]);
  });

  it('waits for a partition that is still being read, when it has to', () => {
    const feeds = (): PartitionFeed[] => [feedOf(0, [1, 4], false), feedOf(1, [2, 3, 9])];
    expect(timesOf(mergeFeeds(feeds(), 10, true))).toEqual([1, 2, 3, 4]);
    expect(timesOf(mergeFeeds(feeds(), 10, false))).toEqual([1, 2, 3, 4, 9]);
    expect(timesOf(mergeFeeds([feedOf(0, [], false), feedOf(1, [2])], 10, true))).toEqual([]);
  });

  it('keeps the order within a partition, whatever its clock says, and takes a prefix of each', () => {
    const times = fc.array(fc.nat(50), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 4 }), fc.nat(60), fc.boolean(), (all, max, isPatient) => {
        const { taken, entries } = mergeFeeds(
          all.map((one, partition) => feedOf(partition, one)),
          max,
          isPatient,
        );
        const inAll = all.reduce((sum, { length }) => sum + length, 0);
        expect(entries).toHaveLength(Math.min(max, inAll));
        for (const share of taken) {
          const own = entries.filter(({ record }) => record.partition === share.feed.partition);
          expect(own).toEqual(share.entries);
          expect(own.map(({ record }) => record.offset)).toEqual(own.map((_, index) => index));
        }
      }),
    );
  });
});
