import { decodeEvent } from '../../log/envelope';
import type { Log } from '../../log/log.port';
import { decodeOnce, projectionOf, type Projection } from '../projection';
import { Projector } from '../projector';
import type { ReadStore } from '../read-store.port';
import { ViewProgress } from '../view-progress';
import { ViewSignals } from '../view-signals';
import { accountsView, entriesView } from './ledger.fixture';

const decode = decodeOnce(decodeEvent);

export const ledgerProjections: readonly Projection[] = [
  projectionOf(accountsView, decode),
  projectionOf(entriesView, decode),
];

/** What a process needs to project and to answer queries. */
export interface ReadingSide {
  readonly log: Log;
  readonly store: ReadStore;
  readonly signals: ViewSignals;
  readonly progress: ViewProgress;
  readonly projector: Projector;
  readonly fatal: Error[];
  readonly reports: string[];
  close(): Promise<void>;
}

export async function readingSide(
  log: Log,
  store: ReadStore,
  projections: readonly Projection[] = ledgerProjections,
): Promise<ReadingSide> {
  await store.prepare(log.id, projections);
  const signals = new ViewSignals();
  store.onRemoteChange((view) => signals.emit(view));
  const progress = new ViewProgress(log, store, signals, projections);
  const fatal: Error[] = [];
  const reports: string[] = [];
  const callbacks = {
    fatal: (error: Error) => void fatal.push(error),
    report: (message: string, error: Error) => void reports.push(`${message}: ${error.message}`),
  };
  const projector = new Projector({ log, store, progress, signals, callbacks }, projections);
  return {
    log,
    store,
    signals,
    progress,
    projector,
    fatal,
    reports,
    close: async () => {
      await projector.close();
      progress.close();
      await store.close();
    },
  };
}

/** Asks until the answer is yes. @throws Error with what was seen last when the deadline passes */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  isMet: (value: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (isMet(value)) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
