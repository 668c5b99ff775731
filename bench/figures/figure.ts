import { median, rounded } from '../statistics.ts';
import type { LoadRun } from './load-run.ts';

/** What a figure has to reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table, with all that it was made from. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly target: Target;
  readonly measured: number;
  /** Reached, and with nothing in `faults`. */
  readonly met: boolean;
  /** What makes the figure doubtful: answers other than 200, counts that do not agree, views too far behind. */
  readonly faults: readonly string[];
  readonly medians: Readonly<Record<string, number>>;
  /** Every repetition as it was measured. */
  readonly repetitions: readonly object[];
}

/** A process is idle when it has been ready for so long and nobody has asked it anything. */
export const idleAfterMs = 10_000;

export function figure(parts: Omit<Figure, 'met'>): Figure {
  const { target, measured, faults } = parts;
  const reached = 'atLeast' in target ? measured >= target.atLeast : measured <= target.atMost;
  return { ...parts, met: reached && faults.length === 0 };
}

/**
 * Median of our commands per second ÷ what the other side does: its median, or what it did in trials if that was more.
 * @param trials of the other side with nothing else running; our waiting process takes a little of the machine in its turns
 */
export function ratioFigure(
  parts: { name: string; other: string; atLeast: number },
  runs: readonly LoadRun[],
  trials: readonly LoadRun[] = [],
): Figure {
  const { name, other, atLeast } = parts;
  const medians = mediansBySide([...runs, ...trials], ({ perSecond }) => perSecond);
  const { commands: ours = 0, ...others } = medians;
  return figure({
    name,
    unit: '×',
    target: { atLeast },
    measured: rounded(ours / Math.max(others[other] ?? 0, ...trials.map(({ perSecond }) => perSecond)), 3),
    medians,
    faults: [...runs, ...trials].flatMap(({ faults }) => faults),
    repetitions: [...trials, ...runs],
  });
}

/** Median of the repetitions' p50 of our commands; the other side's stands beside it. */
export function latencyFigure(name: string, atMost: number, runs: readonly LoadRun[]): Figure {
  const medians = mediansBySide(runs, ({ load }) => load.latencyMs.p50);
  return figure({
    name,
    unit: 'ms',
    target: { atMost },
    measured: medians['commands'] ?? Number.NaN,
    medians,
    faults: runs.flatMap(({ faults }) => faults),
    repetitions: runs,
  });
}

export function memoryFigure(name: string, atMost: number, megabytes: number): Figure {
  const repetitions = [{ megabytes }];
  return figure({ name, unit: 'MB', target: { atMost }, measured: megabytes, medians: {}, faults: [], repetitions });
}

function mediansBySide(runs: readonly LoadRun[], valueOf: (run: LoadRun) => number): Record<string, number> {
  const bySide = Map.groupBy(runs, ({ side }) => side);
  return Object.fromEntries([...bySide].map(([side, own]) => [side, rounded(median(own.map(valueOf)), 3)]));
}
