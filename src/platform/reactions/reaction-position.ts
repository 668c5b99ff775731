import { z } from 'zod';
import { stateKey } from '../commands/stored-state';
import type { LogRecord, NewRecord } from '../log/log.port';

/** A key whose events wait for an operator, one and all. */
export interface ParkedKey {
  /** Of the first event that waits: the dead letter. */
  readonly offset: number;
  /** Why it could not be taken. */
  readonly cause: string;
  /** Events of the key that wait, the first one too. */
  readonly count: number;
  /** When it was parked, in milliseconds since the epoch. */
  readonly at: number;
}

/** Where a consumer stands in one events partition. */
export interface ReactionPosition {
  /** Offset of the first event that is not taken. */
  readonly next: number;
  /** By key. What waits for one is in the events topic, from its offset up to {@link next}. */
  readonly parked: ReadonlyMap<string, ParkedKey>;
}

const storedPosition = z.object({
  next: z.number(),
  parked: z
    .array(
      z.tuple([z.string(), z.object({ offset: z.number(), cause: z.string(), count: z.number(), at: z.number() })]),
    )
    .default([]),
});

/** Events without a key share one. */
export function parkingKeyOf({ key }: Pick<LogRecord, 'key'>): string {
  return key ?? '';
}

/** Keys in `<module>.state` under which a consumer of events is known. */
export const positionKeys = (consumer: string): { position: string; begin: string; look: string } => ({
  position: stateKey.position(consumer),
  /** Where it is to begin, as long as it has no position. */
  begin: `${stateKey.position(consumer)}/begin`,
  look: `${stateKey.position(consumer)}/look`,
});

/** The record that moves with the consumed offset, in the same transaction. */
export function encodePosition(
  topic: string,
  partition: number,
  consumer: string,
  { next, parked }: ReactionPosition,
): NewRecord {
  const value = JSON.stringify({ next, parked: [...parked] });
  return { topic, partition, key: positionKeys(consumer).position, value, headers: {} };
}

/** Lets a consumer that has no position begin here. */
export function encodeBegin(topic: string, partition: number, consumer: string, next: number): NewRecord {
  return { topic, partition, key: positionKeys(consumer).begin, value: JSON.stringify({ next }), headers: {} };
}

/** @throws Error when it is no position */
export function decodePosition({ value }: Pick<LogRecord, 'value'>): ReactionPosition {
  const { next, parked } = storedPosition.parse(JSON.parse(value ?? 'null'));
  return { next, parked: new Map(parked) };
}
