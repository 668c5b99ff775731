/** How fast a view is written. */
export interface Tempo {
  /** Events in one transaction. */
  readonly batchMax: number;
  /** Events of one partition read ahead of the transaction under way. */
  readonly readAheadMax: number;
  /**
   * Transactions start so far apart for each event of the last one: a few large ones cost a fraction of many small ones, since every one
   * writes whole pages, and while there are few nobody has to wait for more.
   */
  readonly paceMsPerEvent: number;
  readonly paceMsMin: number;
  readonly paceMsMax: number;
  /** The distance when somebody waits for the view or watches it: then freshness comes first. */
  readonly paceAttendedMs: number;
  /** The distance after a transaction of {@link crowd} events or more. */
  readonly paceCrowdMs: number;
  readonly crowd: number;
  /**
   * Log streams wait for partitions that are still being read, so that what happened first comes first. Whoever is live writes what there is.
   */
  readonly isPatient: boolean;
}

export const LIVE_TEMPO: Tempo = {
  batchMax: 4_000,
  readAheadMax: 2_000,
  paceMsPerEvent: 5,
  paceMsMin: 15,
  paceMsMax: 60,
  paceAttendedMs: 5,
  paceCrowdMs: 300,
  crowd: 200,
  isPatient: false,
};

/** As fast as it goes; the next transaction is read while one is written. */
export const REBUILD_TEMPO: Tempo = {
  batchMax: 16_000,
  readAheadMax: 8_000,
  paceMsPerEvent: 0,
  paceMsMin: 5,
  paceMsMax: 5,
  paceAttendedMs: 5,
  paceCrowdMs: 0,
  crowd: 200,
  isPatient: true,
};

/** Without indexes a large transaction saves no pages, and what is small dies young. */
export const BARE_TEMPO: Tempo = { ...REBUILD_TEMPO, batchMax: 2_000, readAheadMax: 1_000 };

/** How far apart transactions start after one of so many events, in milliseconds, when nobody waits for the view. */
export function paceOf(tempo: Tempo, events: number): number {
  const { crowd, paceCrowdMs, paceMsPerEvent, paceMsMin, paceMsMax } = tempo;
  if (events >= crowd) return paceCrowdMs;
  return Math.min(paceMsMax, Math.max(paceMsMin, events * paceMsPerEvent));
}
