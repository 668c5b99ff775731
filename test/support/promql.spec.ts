import { seriesOf } from './promql.ts';

describe('seriesOf', () => {
  it('finds every series, with the labels of its selector and of the aggregations around it', () => {
    const query =
      'sum by (view, le) (rate(a_bucket{instance=~"$i"}[$__rate_interval])) > 3 and max by (module) (b) == 0 or c';

    expect(seriesOf(query)).toEqual([
      { name: 'a_bucket', labels: ['instance', 'view', 'le'] },
      { name: 'b', labels: ['module'] },
      { name: 'c', labels: [] },
    ]);
  });

  it.each(['sum(rate(a[5m])', 'rate(a[$__other])', 'sum by view (a)', ''])('refuses %j', (query) => {
    expect(() => seriesOf(query)).toThrow('no PromQL');
  });
});
