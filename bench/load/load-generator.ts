import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';
import { outputOf, runToEnd } from '../../scripts/process/run-to-end.ts';
import { loadResult, requestSeparator, type LoadResult } from './load-result.ts';

/** Where to send what, and for how long. */
export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Of {@link rawRequest}; sent in turn. */
  readonly requests: readonly string[];
}

/** Keeps every connection busy with one request at a time. It runs in a process of its own and needs little of the machine. */
export interface LoadGenerator {
  readonly name: string;
  /** @throws Error when it cannot run */
  run(load: Load): Promise<LoadResult>;
}

/**
 * wrk where it is installed, else a generator in Node, which takes more of the processor from the server.
 * @param directory for files that are needed while a run goes on
 */
export async function findLoadGenerator(directory: string): Promise<LoadGenerator> {
  const folder = join(repositoryRoot(), 'bench', 'load');
  const requestFile = join(directory, 'requests.txt');
  const run = async (load: Load, command: string, args: readonly string[]): Promise<LoadResult> => {
    await writeFile(requestFile, load.requests.join(requestSeparator), 'latin1');
    const output = await runToEnd(command, args);
    return loadResult.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  };
  if (await hasWrk()) {
    return {
      name: 'wrk',
      run: (load) => {
        const size = ['-t', '1', '-c', String(load.connections), '-d', `${load.seconds}s`, '--timeout', '20s'];
        const script = ['-s', join(folder, 'requests.lua')];
        return run(load, 'wrk', [...size, ...script, `http://127.0.0.1:${load.port}`, '--', requestFile]);
      },
    };
  }
  return {
    name: `node ${process.version}`,
    run: (load) => {
      const size = [String(load.port), String(load.connections), String(load.seconds)];
      const program = ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', join(folder, 'socket-load.ts')];
      return run(load, process.execPath, [...program, ...size, requestFile]);
    },
  };
}

/** `wrk --version` ends with 1, so its output is what tells. `BENCH_LOAD=node` does without it. */
async function hasWrk(): Promise<boolean> {
  if (process.env['BENCH_LOAD'] === 'node') return false;
  return (await outputOf('sh', ['-c', 'command -v wrk'])) !== undefined;
}
