/** How fast a view is written. */
export interface Tempo {
  /** Events in one transaction. */
  readonly batchMax: number;
  /** Events of one partition read ahead of the transaction under way. */
  readonly readAheadMax: number;
  /**
   * Transactions start this far apart while events keep coming: a few large ones cost a fraction of many small ones, since every one writes
   * whole pages.
   */
  readonly paceMs: number;
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
  paceMs: 60,
  paceAttendedMs: 5,
  paceCrowdMs: 300,
  crowd: 200,
  isPatient: false,
};

/** As fast as it goes; the next transaction is read while one is written. */
export const REBUILD_TEMPO: Tempo = {
  batchMax: 16_000,
  readAheadMax: 8_000,
  paceMs: 5,
  paceAttendedMs: 5,
  paceCrowdMs: 0,
  crowd: 200,
  isPatient: true,
};

/** Without indexes a large transaction saves no pages, and what is small dies young. */
export const BARE_TEMPO: Tempo = { ...REBUILD_TEMPO, batchMax: 2_000, readAheadMax: 1_000 };
