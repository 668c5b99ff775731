import { BalancerWatch } from './balancer-watch';

describe('the watch over the balancer', () => {
  let watch: BalancerWatch;
  let isOver: boolean;

  beforeEach(() => {
    jest.useFakeTimers();
    watch = new BalancerWatch();
    isOver = false;
  });
  afterEach(() => jest.useRealTimers());

  it('waits for nobody when nobody asks for the readiness, or asked only until the start', async () => {
    watch.probed(true);
    watch.requested();
    await leave(0);
    expect(isOver).toBe(true);
  });

  it('waits for nobody who has not asked for a minute', async () => {
    watched();
    await jest.advanceTimersByTimeAsync(61_000);
    await leave(0);
    expect(isOver).toBe(true);
  });

  it('waits until the balancer was told and a second went by without a request', async () => {
    watched();
    await leave(500);
    watch.probed(false);
    await jest.advanceTimersByTimeAsync(400);
    watch.requested();
    await jest.advanceTimersByTimeAsync(950);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(150);
    expect(isOver).toBe(true);
  });

  it('takes silence for nothing while the balancer has not been told', async () => {
    watched();
    watch.probed(false);
    watch.probed(true);
    await leave(2_900);
    expect(isOver).toBe(false);
  });

  it('waits three seconds at most', async () => {
    watched();
    await leave(0);
    for (let waitedMs = 0; waitedMs < 3_100; waitedMs += 100) {
      expect(waitedMs < 3_000 || isOver).toBe(true);
      watch.probed(false);
      watch.requested();
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(isOver).toBe(true);
  });

  function watched(): void {
    watch.probed(true);
    watch.probed(true);
  }

  async function leave(ms: number): Promise<void> {
    void watch.untilUnused().then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(ms);
  }
});
