import { HealthRegistry } from './health-registry';

describe('readiness', () => {
  it('is the readiness of every part, with what they tell', async () => {
    const health = new HealthRegistry();
    health.register({ name: 'log', check: () => ({ lag: 1 }) });
    health.register({ name: 'views', check: () => Promise.reject(new Error('not migrated')) });

    expect(await health.readiness()).toEqual({
      status: 'unavailable',
      parts: { log: { status: 'ok', details: { lag: 1 } }, views: { status: 'failed', reason: 'not migrated' } },
    });
  });

  it('fails when a part does not answer, without waiting for it', async () => {
    jest.useFakeTimers();
    const health = new HealthRegistry();
    health.register({ name: 'log', check: () => new Promise(() => undefined) });
    const readiness = health.readiness();
    await jest.advanceTimersByTimeAsync(2000);
    jest.useRealTimers();

    expect((await readiness).parts['log']).toEqual({ status: 'failed', reason: 'no answer within 2000 ms' });
  });

  it('takes a name once', () => {
    const health = new HealthRegistry();
    health.register({ name: 'log', check: () => undefined });

    expect(() => health.register({ name: 'log', check: () => undefined })).toThrow('log');
  });
});
