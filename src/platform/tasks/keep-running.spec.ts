import { keepRunning, type Patience, type TaskTold } from './keep-running';
import type { SoleTask } from './sole-task';

const patience: Patience = { pauseMsMin: 1, pauseMsMax: 4, calmMs: 20 };

describe('a task that is kept running', () => {
  let told: string[];
  let stopping: AbortController;

  beforeEach(() => {
    told = [];
    stopping = new AbortController();
  });

  const teller: TaskTold = {
    failing: ({ message }) => told.push(`failing: ${message}`),
    recovered: () => told.push('recovered'),
  };

  /** Each run does what the next of these does; after the last one everything ends. */
  function scripted(...runs: readonly (() => Promise<void>)[]): SoleTask & { readonly count: number } {
    let count = 0;
    return {
      get count() {
        return count;
      },
      run: () => {
        const run = runs[count++];
        if (run !== undefined) return run();
        stopping.abort();
        return Promise.resolve();
      },
    };
  }

  const fail = (message: string) => () => Promise.reject(new Error(message));

  it('is tried again until it can go on, and tells of the first failure alone', async () => {
    const task = scripted(fail('log away'), fail('log away'), fail('views away'), fail('log away'));
    await keepRunning(task, stopping.signal, teller, patience);

    expect(task.count).toBe(5);
    expect(told).toEqual(['failing: log away']);
  });

  it('has recovered when a run lasts, and then tells of the next failure', async () => {
    const recovered = Promise.withResolvers<void>();
    const task = scripted(fail('away'), () => recovered.promise.then(fail('away again')));
    const listener: TaskTold = {
      ...teller,
      recovered: () => {
        teller.recovered();
        recovered.resolve();
      },
    };
    await keepRunning(task, stopping.signal, listener, patience);

    expect(told).toEqual(['failing: away', 'recovered', 'failing: away again']);
  });

  it('ends at once when it is stopped, whatever it waits for', async () => {
    const hangs = scripted(() => {
      queueMicrotask(() => stopping.abort());
      return new Promise<void>(() => undefined);
    });
    await keepRunning(hangs, stopping.signal, teller, patience);

    expect(hangs.count).toBe(1);
    expect(told).toEqual([]);
  });

  it('does not tell of what fails because it is stopped', async () => {
    const task = scripted(() => {
      stopping.abort();
      return Promise.reject(new Error('closed'));
    });
    await keepRunning(task, stopping.signal, teller, patience);

    expect(task.count).toBe(1);
    expect(told).toEqual([]);
  });
});
