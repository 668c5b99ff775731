import type { PartitionFeed } from './partition-feed';
import type { Projection } from './projection';
import type { ProjectionParts } from './projection-parts';
import type { ReadStore } from './read-store.port';
import { readCheckpoints } from './view-reads';
import { ProjectionInvariantBroken, StaleOwner } from './views.errors';

/**
 * Looks, after a transaction was refused, whether a checkpoint is not where we think. Either another owner has the partition or another
 * generation of the view has become live (the epoch is higher), or our last transaction was committed and the answer was lost.
 *
 * @returns whether any is elsewhere
 * @throws ViewsUnavailable
 */
export async function reconcile(
  { store, progress, signals, callbacks }: ProjectionParts,
  projection: Projection,
  feeds: readonly PartitionFeed[],
): Promise<boolean> {
  let isOvertaken = false;
  const { name } = projection;
  const checkpoints = await readCheckpoints(store, name);
  for (const feed of feeds) {
    const { topic, partition } = feed;
    const found = checkpoints.find((one) => one.topic === topic && one.partition === partition);
    if (found?.epoch === feed.epoch && found.offset === feed.offset) continue;
    isOvertaken = true;
    if (found === undefined || found.epoch !== feed.epoch) {
      const isSwapped = found !== undefined && (await generationOf(store, projection)) !== feed.generation;
      feed.lose(isSwapped);
      const hasEnded = found === undefined && projection.consumer !== undefined;
      if (!isSwapped && !hasEnded)
        callbacks.report(`view ${name} has lost ${topic}/${partition}`, new StaleOwner('another has it'));
    } else if (found.offset > feed.offset) {
      feed.committed(found.offset, found.sequence);
      progress.advance(name, topic, partition, { ...found, hasParked: feed.hasParked });
    } else {
      const reason = `the checkpoint of ${topic}/${partition} went back from ${feed.offset} to ${found.offset}`;
      callbacks.fatal(new ProjectionInvariantBroken(`view ${name}: ${reason}`));
      feed.lose(false);
    }
  }
  if (isOvertaken) signals.emit(name);
  return isOvertaken;
}

/** Of the view now; a rebuild is of one generation from its beginning to its end. */
async function generationOf(store: ReadStore, { name, consumer }: Projection): Promise<number> {
  return consumer === undefined ? (await store.refresh(name)).generation : store.view(name).generation;
}
