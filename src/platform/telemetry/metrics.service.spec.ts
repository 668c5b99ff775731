import { MetricsService } from './metrics.service';

describe('the metrics', () => {
  const service = (): MetricsService => new MetricsService();

  it('carry one prefix, and leave the names of Node as they are', async () => {
    const metrics = service();
    metrics.counter('things_total', 'Things').inc();
    metrics.histogram('thing_seconds', 'Durations').observe(0.003);
    const text = await metrics.text();

    expect(text).toMatch(/^cqrs_things_total 1$/m);
    expect(text).toMatch(/^cqrs_thing_seconds_bucket\{le="0.005"\} 1$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^cqrs_build_info\{version="\d[^"]*",node="v\d+[^"]*"\} 1$/m);
  });

  it('no longer tell of a label that is gone', async () => {
    const metrics = service();
    let owned = ['0', '1'];
    metrics.gauge('behind', 'By partition', ['partition'], (gauge) => {
      for (const partition of owned) gauge.set({ partition }, 7);
    });

    expect(await metrics.text()).toMatch(/^cqrs_behind\{partition="1"\} 7$/m);
    owned = ['0'];
    const later = await metrics.text();
    expect(later).toMatch(/^cqrs_behind\{partition="0"\} 7$/m);
    expect(later).not.toContain('partition="1"');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('the log is away'))],
    ['fails at once', () => { throw new Error('the log is away'); }], // prettier-ignore
    ['does not answer', () => new Promise<void>(() => undefined)],
  ])('leave out a gauge whose source %s, tell that, and tell all others', async (_how, collect) => {
    const metrics = service();
    metrics.gauge('sick', 'With labels', ['partition'], collect).set({ partition: '0' }, 3);
    metrics.gauge('sick_alone', 'Without labels', [], collect);
    metrics.gauge('well', 'Another', [], (gauge) => gauge.set(5));
    await metrics.text();
    const text = await metrics.text();

    expect(text).toMatch(/^cqrs_well 5$/m);
    expect(text).not.toMatch(/^cqrs_sick(_alone)?[{ ]/m);
    expect(text).toMatch(/^cqrs_metrics_unread_total\{metric="cqrs_sick"\} [12]$/m);
    expect(text).toMatch(/^cqrs_metrics_unread_total\{metric="cqrs_sick_alone"\} [12]$/m);
  });
});
