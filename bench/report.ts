import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import type { Figure } from './figures/figure.ts';
import type { Machine } from './machine.ts';
import type { Options } from './options.ts';

/** Everything that one run has measured. */
export interface Report {
  /** ISO 8601, UTC, of its start. */
  readonly at: string;
  readonly commit: string;
  /** The working tree held more than the commit. */
  readonly dirty: boolean;
  readonly machine: Machine;
  readonly loadGenerator: string;
  readonly options: Options;
  readonly figures: readonly Figure[];
}

/** @returns where it was written */
export async function saveReport(report: Report): Promise<string> {
  const directory = join(repositoryRoot(), 'bench', 'results');
  await mkdir(directory, { recursive: true });
  const time = report.at.slice(0, 19).replaceAll(':', '-');
  const path = join(directory, `${time}-${report.commit}${report.dirty ? '-dirty' : ''}.json`);
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
  return path;
}

/** The figures as lines of text, and below them what makes them doubtful. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, target, measured, met, medians }) => [
    name,
    'atLeast' in target ? `≥ ${target.atLeast} ${unit}` : `≤ ${target.atMost} ${unit}`,
    `${measured} ${unit}`,
    met ? 'met' : 'MISSED',
    Object.entries(medians)
      .map(([side, value]) => `${side} ${value}`)
      .join(', '),
  ]);
  const lines = [['figure', 'target', 'measured', '', 'medians'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const faults = figures.flatMap(({ name, faults }) => faults.map((fault) => `! ${name}: ${fault}`));
  return [...text, ...faults].join('\n');
}
