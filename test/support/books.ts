import type { Settings } from './app-process.ts';
import { runCliProcess } from './cli-process.ts';

/** What `payments verify` has found. */
export interface Books {
  readonly payments: number;
  readonly inFlight: number;
  readonly count: number;
  readonly findings: readonly unknown[];
}

/** Runs `payments verify`. */
export async function auditOf(settings: Settings): Promise<Books> {
  const { output, told } = await runCliProcess(settings, 'payments', 'verify', '--json');
  expect(told).toBe('');
  return JSON.parse(output) as Books;
}

/** The same, once every payment has its second leg. @throws Error before that */
export function settledBooks(books: Books): Books {
  expect(books.inFlight).toBe(0);
  return books;
}
