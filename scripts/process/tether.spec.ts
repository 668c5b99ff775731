import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Child } from './child.ts';
import { repositoryRoot } from './repository.ts';
import { Tether } from './tether.ts';
import { waitUntil } from './wait.ts';

const sleeper = { command: '/bin/sleep', args: ['300'] };
const started: number[] = [];

// A test that fails must not leave behind what it was about.
afterEach(() => {
  for (const pid of started.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

describe('a tether', () => {
  it('kills the child and removes the directory when the parent is killed with -9', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tether-'));
    const { parent, childPid } = await parentWithTetheredChild(directory);
    started.push(childPid);
    expect(isAlive(childPid)).toBe(true);
    parent.kill('SIGKILL');
    await waitUntil(() => !isAlive(childPid), { withinMs: 5_000, what: 'child gone' });
    await waitUntil(() => !existsSync(directory), { withinMs: 5_000, what: 'directory gone' });
  });

  it('kills a frozen child too', async () => {
    const tether = new Tether();
    const child = await Child.start({ ...sleeper, tether });
    started.push(child.pid);
    await child.freeze();
    await tether.close();
    await waitUntil(() => !isAlive(child.pid), { withinMs: 5_000, what: 'child gone' });
  });

  it('leaves alone a process id that it was told to release', async () => {
    const tether = new Tether();
    const stranger = spawn(sleeper.command, sleeper.args);
    const pid = stranger.pid ?? 0;
    started.push(pid);
    tether.hold(pid);
    tether.release();
    await tether.close();
    expect(isAlive(pid)).toBe(true);
  });
});

describe('a child process', () => {
  it('ends on SIGTERM and tells its exit code and output', async () => {
    const tether = new Tether();
    const script = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done';
    const child = await Child.start({ command: '/bin/sh', args: ['-c', script], tether });
    await waitUntil(() => child.output.includes('ready'), { withinMs: 5_000, what: 'output' });
    expect(await child.terminate({ graceMs: 5_000 })).toEqual({ code: 3, signal: null });
    await tether.close();
  });

  it('is killed when it ignores SIGTERM past its grace', async () => {
    const tether = new Tether();
    const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
    const child = await Child.start({ command: '/bin/sh', args: ['-c', script], tether });
    await waitUntil(() => child.output.includes('ready'), { withinMs: 5_000, what: 'output' });
    expect(await child.terminate({ graceMs: 100 })).toEqual({ code: null, signal: 'SIGKILL' });
    await tether.close();
  });

  it('that does not exist is an error', async () => {
    const tether = new Tether();
    await expect(Child.start({ command: '/no/such/program', args: [], tether })).rejects.toThrow('cannot start');
    await tether.close();
  });
});

async function parentWithTetheredChild(directory: string): Promise<{ parent: ChildProcess; childPid: number }> {
  const folder = pathToFileURL(join(repositoryRoot(), 'scripts', 'process')).href;
  const program = `
    import { Child } from '${folder}/child.ts';
    import { Tether } from '${folder}/tether.ts';
    const tether = new Tether({ directories: [${JSON.stringify(directory)}] });
    const child = await Child.start({ ...${JSON.stringify(sleeper)}, tether });
    console.log(child.pid);
    setInterval(() => undefined, 1_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
  return { parent, childPid: Number(line) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
