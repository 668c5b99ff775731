import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';
import { rounded } from '../statistics.ts';
import { rawRequest, requestSeparator } from './load-result.ts';

const count = z.int().min(0);

const fillCounts = z.object({
  created: count,
  seconds: z.number().positive(),
  /** Answers other than 201 by status, and connections that were lost. */
  others: z.record(z.string(), count),
});

/** What the program that fills prints. */
export type FillCounts = z.infer<typeof fillCounts>;

export interface Fill {
  readonly ids: readonly string[];
  readonly perSecond: number;
  readonly faults: readonly string[];
}

/**
 * Creates values over so many connections, each with one request at a time, in a process of its own.
 * @param directory for files that are needed meanwhile
 * @throws Error when not all of them could be created
 */
export async function fillValues(
  directory: string,
  { port, connections, values }: { port: number; connections: number; values: number },
): Promise<Fill> {
  const requests = [rawRequest({ port, method: 'POST', path: '/values', body: { value: 0 } })];
  return fill(directory, { port, connections, count: values, requests });
}

/** As {@link fillValues}, for whatever answers 201 with an `id` or an `orderId`. @param requests sent in turn */
export async function fill(
  directory: string,
  {
    port,
    connections,
    count: wanted,
    requests,
  }: { port: number; connections: number; count: number; requests: readonly string[] },
): Promise<Fill> {
  const requestFile = join(directory, 'fill-request.txt');
  const idFile = join(directory, 'fill-ids.txt');
  await writeFile(requestFile, requests.join(requestSeparator), 'latin1');
  const program = join(repositoryRoot(), 'bench', 'load', 'fill-load.ts');
  const args = [program, String(port), String(connections), String(wanted), requestFile, idFile];
  const output = await runToEnd(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', ...args]);
  const { created, seconds, others } = fillCounts.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  if (created < wanted) throw new Error(`only ${created} of ${wanted} were created: ${JSON.stringify(others)}`);
  const ids = (await readFile(idFile, 'latin1')).split('\n');
  await Promise.all([rm(idFile), rm(requestFile)]);
  const faults = Object.entries(others).map(([kind, many]) => `fill: ${many} answers of kind ${kind}`);
  return { ids, perSecond: rounded(created / seconds, 1), faults };
}
