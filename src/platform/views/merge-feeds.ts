import type { FeedEntry, PartitionFeed } from './partition-feed';

/** What one partition has a share of in a transaction: its first entries that wait. */
export interface Taken {
  readonly feed: PartitionFeed;
  readonly entries: readonly FeedEntry[];
}

/** What goes into one transaction. */
export interface ViewBatch {
  readonly taken: readonly Taken[];
  /** All of it, the oldest first over all partitions; those of one partition in their order. */
  readonly entries: readonly FeedEntry[];
}

/**
 * Takes what waits, the oldest first over all partitions.
 *
 * @param countMax entries at most
 * @param isPatient ends before a partition that is still being read: something older may come of it
 */
export function mergeFeeds(feeds: readonly PartitionFeed[], countMax: number, isPatient: boolean): ViewBatch {
  const counts = feeds.map(() => 0);
  const entries: FeedEntry[] = [];
  while (entries.length < countMax) {
    let oldest: FeedEntry | undefined;
    let from = 0;
    for (const [index, feed] of feeds.entries()) {
      const entry = feed.waitingAt(counts[index] ?? 0);
      if (entry === undefined && isPatient && !feed.isLevel) return taken(feeds, counts, entries);
      if (entry === undefined || (oldest !== undefined && entry.record.timestamp >= oldest.record.timestamp)) continue;
      oldest = entry;
      from = index;
    }
    if (oldest === undefined) break;
    entries.push(oldest);
    counts[from] = (counts[from] ?? 0) + 1;
  }
  return taken(feeds, counts, entries);
}

function taken(feeds: readonly PartitionFeed[], counts: readonly number[], entries: readonly FeedEntry[]): ViewBatch {
  const shares = feeds.flatMap((feed, index) => {
    const count = counts[index] ?? 0;
    return count === 0 ? [] : [{ feed, entries: feed.take(count) }];
  });
  return { taken: shares, entries };
}
