import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { runToEnd } from '../../scripts/process/run-to-end.ts';
import { requestSeparator } from './load-result.ts';
import { type OpenLoadResult, openLoadResult } from './open-load-result.ts';

/** Where to send what, how often and for how long. */
export interface OpenLoad {
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
  /** Of `rawRequest`; sent in turn. */
  readonly requests: readonly string[];
}

/** More than the server takes on at once; beyond them requests wait in the generator, and that counts as waiting. */
const connectionsMax = 1_000;

/** Sends by the clock and not by the answers, in a process of its own. @throws Error when it cannot run */
export async function runOpenLoad(directory: string, load: OpenLoad): Promise<OpenLoadResult> {
  const requestFile = join(directory, 'open-requests.txt');
  await writeFile(requestFile, load.requests.join(requestSeparator), 'latin1');
  const size = [load.port, load.perSecond, load.seconds, connectionsMax].map(String);
  const program = join(repositoryRoot(), 'bench', 'load', 'open-load.ts');
  const options = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'];
  const output = await runToEnd(process.execPath, [...options, program, ...size, requestFile]);
  return openLoadResult.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
}
