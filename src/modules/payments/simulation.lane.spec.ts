import { setTimeout as sleep } from 'node:timers/promises';
import { actInRhythm } from './simulation.lane';

describe('a lane of the simulation', () => {
  const stopping = new AbortController();

  /** Resolves when another lane of the same rhythm has acted so often. */
  async function beats(count: number): Promise<void> {
    const enough = new AbortController();
    let left = count;
    await actInRhythm({ everyMs: 1, inFlightMax: 1 }, async () => void (--left === 0 && enough.abort()), enough.signal);
  }

  afterAll(() => stopping.abort());

  it.each([1, 3])('never has more than %d under way, and makes up for nothing when they end', async (inFlightMax) => {
    const ended = new AbortController();
    const held: (() => void)[] = [];
    const lane = actInRhythm(
      { everyMs: 1, inFlightMax },
      () => new Promise<void>((resolve) => held.push(resolve)),
      ended.signal,
    );
    await beats(200);
    expect(held).toHaveLength(inFlightMax);
    held[0]?.();
    await beats(20);
    expect(held).toHaveLength(inFlightMax + 1);
    ended.abort();
    for (const release of held) release();
    await lane;
    expect(held).toHaveLength(inFlightMax + 1);
  });

  it('begins nothing after the signal, and ends though its interval is long', async () => {
    const ended = new AbortController();
    let acts = 0;
    const lane = actInRhythm({ everyMs: 3_600_000, inFlightMax: 1 }, async () => void acts++, ended.signal);
    ended.abort();
    await lane;
    expect(acts).toBe(0);
  });

  it('ends with what has failed, also while others are under way', async () => {
    let acts = 0;
    const act = (): Promise<void> => (++acts === 2 ? Promise.reject(new Error('away')) : sleep(5));
    await expect(actInRhythm({ everyMs: 1, inFlightMax: 4 }, act, stopping.signal)).rejects.toThrow('away');
  });
});
