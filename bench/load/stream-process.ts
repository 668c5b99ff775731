import { createInterface } from 'node:readline';
import { GiveUp, pause, waitUntil } from '../../scripts/process/wait.ts';
import { delayStepMs, type Finale, type Heard, monotonicMs } from './stream-audience.ts';
import type { StreamConnection } from './stream-connection.ts';

const openAtOnce = 50;
const caughtUpWithinMs = 60_000;
const lingerMs = 5_000;

/** What one client has got of what it should get. */
export interface StreamListener {
  readonly connection: StreamConnection;
  /** By what was sent: when it came; 0 when it has not, undefined when it is not for this client. */
  readonly arrivedAtMs: { readonly [sent: number]: number | undefined };
  /** Rows that were not the next one. */
  readonly irregular: number;
  readonly isComplete: boolean;
}

/**
 * The other half of a `StreamAudience`: opens clients as its first line of input asks, prints a line when all have caught up, then waits for
 * a line that tells when each thing was sent, and prints what was heard. It ends when nobody is there any more to tell.
 *
 * @param prepare reads the task; answers how many clients there are and how one is opened
 */
export function runStreamProcess<Task>(
  prepare: (task: Task) => { readonly clients: number; readonly open: (index: number) => StreamListener },
): void {
  const lines: ((line: string) => void)[] = [];
  const line = (): Promise<string> => new Promise((resolve) => lines.push(resolve));
  const input = createInterface({ input: process.stdin });
  input.on('close', () => process.exit(1));
  input.on('line', (text) => lines.shift()?.(text));
  const run = async (): Promise<void> => {
    const listeners = await gathered(prepare(JSON.parse(await line())));
    const finale = line();
    process.stdout.write('caught up\n');
    const told: Finale = JSON.parse(await finale);
    await untilAllHaveCome(listeners);
    process.stdout.write(`${JSON.stringify(report(listeners, told))}\n`, () => process.exit(0));
  };
  run().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

async function gathered({
  clients,
  open,
}: {
  readonly clients: number;
  readonly open: (index: number) => StreamListener;
}): Promise<StreamListener[]> {
  const listeners: StreamListener[] = [];
  while (listeners.length < clients) {
    const size = Math.min(openAtOnce, clients - listeners.length);
    const wave = Array.from({ length: size }, (_, index) => open(listeners.length + index));
    listeners.push(...wave);
    const allCaughtUp = (): boolean => {
      if (wave.some(({ connection }) => connection.isLost)) throw new GiveUp('a client was not served');
      return wave.every(({ connection }) => connection.isCaughtUp);
    };
    await waitUntil(allCaughtUp, { withinMs: caughtUpWithinMs, what: 'clients caught up with the stream' });
  }
  return listeners;
}

async function untilAllHaveCome(listeners: readonly StreamListener[]): Promise<void> {
  const deadline = monotonicMs() + lingerMs;
  while (listeners.some(({ isComplete }) => !isComplete) && monotonicMs() < deadline) await pause(20);
}

function report(listeners: readonly StreamListener[], { sentAtMs }: Finale): Heard {
  const delays: Record<string, number> = {};
  let [arrivals, missing] = [0, 0];
  for (const [index, sentMs] of sentAtMs.entries()) {
    for (const { arrivedAtMs } of listeners) {
      const arrivedMs = arrivedAtMs[index];
      if (arrivedMs === undefined) continue;
      if (arrivedMs === 0) {
        missing++;
        continue;
      }
      const step = Math.ceil((arrivedMs - sentMs) / delayStepMs);
      delays[step] = (delays[step] ?? 0) + 1;
      arrivals++;
    }
  }
  const irregular = listeners.reduce((sum, listener) => sum + listener.irregular, 0);
  const lost = listeners.filter(({ connection }) => connection.isLost).length;
  return { arrivals, delays, irregular, missing, lost };
}
