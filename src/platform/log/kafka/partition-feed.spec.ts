import type { LogRecord } from '../log.port';
import { PartitionFeed } from './partition-feed';
import type { WrittenBatch } from './written-batch';

const writer = {};
const record: LogRecord = { topic: 't', partition: 0, offset: 10, key: null, value: '1', headers: {}, timestamp: 0 };

function batch(firstOffset: number, by?: object): WrittenBatch {
  const place = { topic: 't', partition: 0, firstOffset, records: [record], time: 0 };
  return by === undefined ? place : { ...place, writer: by };
}

describe('What this process writes, at a follower', () => {
  let feed: PartitionFeed;
  beforeEach(() => {
    feed = new PartitionFeed('t', 0, 10, () => undefined);
  });

  it('is next at the very offset that would be fetched', () => {
    expect(feed.isBefore(batch(10))).toBe(true);
    expect(feed.isBefore(batch(11))).toBe(false);
    expect(feed.isBefore(batch(9))).toBe(false);
  });

  it('is next after the marker of the same writer’s transaction, and of no other’s', () => {
    feed.acceptWritten(batch(10, writer), [record], 1);
    expect(feed.isBefore(batch(11, writer))).toBe(true);
    expect(feed.isBefore(batch(12, writer))).toBe(true);
    expect(feed.isBefore(batch(13, writer))).toBe(false);
    expect(feed.isBefore(batch(12, {}))).toBe(false);
    expect(feed.isBefore(batch(12))).toBe(false);
  });

  it('is not next one offset later once the marker was fetched', () => {
    feed.acceptWritten(batch(10, writer), [record], 1);
    feed.accept([], 12, 0);
    expect(feed.isBefore(batch(12, writer))).toBe(true);
    expect(feed.isBefore(batch(13, writer))).toBe(false);
  });

  it('is left to a fetch when the buffer is full or nobody reads any more', () => {
    feed.accept([], 10, 0);
    feed.acceptWritten(batch(10), [record], 2 * 1024 * 1024);
    expect(feed.isBefore(batch(11))).toBe(false);
    feed = new PartitionFeed('t', 0, 10, () => undefined);
    feed.end();
    expect(feed.isBefore(batch(10))).toBe(false);
  });
});
