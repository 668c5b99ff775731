import { untilInSight } from '../log/until-in-sight';
import { allInSight, findPosition, type PositionPlace } from './find-position';
import type { ReactionPosition } from './reaction-position';

/** A consumer has events before it, and nothing tells which of them it has taken. */
export class PositionLost extends Error {
  override readonly name = 'PositionLost';
}

/** Where an owner begins, and whether that stands in the changelog already. */
export interface Start {
  readonly position: ReactionPosition;
  readonly isStored: boolean;
}

/**
 * Where to go on: the higher of the group's offset, which Kafka forgets after a while, and the position in the changelog. To be called by
 * who has just taken the right to write: nobody else moves either of them any more.
 *
 * @param committed the group's offset
 * @param events the topic that is consumed
 * @returns undefined when the signal aborted meanwhile
 * @throws PositionLost going on from anywhere could do things twice, or never
 */
export async function startingPosition(
  place: PositionPlace,
  committed: number | undefined,
  events: string,
  signal: AbortSignal,
): Promise<Start | undefined> {
  // Offset and position were written in one transaction, so as long as the position is behind it has only not come to sight.
  let { position, begin } = await untilInSight(
    () => findPosition(place, signal),
    committed,
    (found) => found.position?.next,
    signal,
  );
  // What is parked changes without the offset: only then must the changelog be known to its very end.
  if (position !== undefined && position.parked.size > 0) {
    await allInSight(place, signal);
    ({ position, begin } = await findPosition(place, signal));
  }
  if (signal.aborted) return undefined;
  const parked: ReactionPosition['parked'] = position?.parked ?? new Map();
  const known = position?.next ?? committed;
  if (known !== undefined) {
    const next = Math.max(known, committed ?? 0);
    return { position: { next, parked }, isStored: position?.next === next };
  }
  const { start, end } = await place.log.bounds(events, place.partition);
  if (begin === undefined && end > start) {
    throw new PositionLost(
      `POSITION_LOST: ${events}/${place.partition} has events, but ${place.topic} holds no position of ${place.consumer}: ` +
        `say where it begins, by: reactions begin ${place.consumer} --at start|end`,
    );
  }
  return { position: { next: begin ?? start, parked }, isStored: false };
}
