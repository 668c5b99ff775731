import { runToEnd } from './run-to-end.ts';

/** The ids of the processes that a process has started and that still run; those which they have started are left out. */
export async function childrenOf(parent: number): Promise<number[]> {
  const lines = (await runToEnd('ps', ['-A', '-o', 'pid=,ppid='])).trim().split('\n');
  return lines.flatMap((line) => {
    const [pid = 0, ppid = 0] = line.trim().split(/\s+/).map(Number);
    return ppid === parent ? [pid] : [];
  });
}

/** Sends a signal to each of them that is still there. Signal 0 only asks. @returns how many were */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals | 0): number {
  let reached = 0;
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
      reached++;
    } catch {
      // It has ended.
    }
  }
  return reached;
}
