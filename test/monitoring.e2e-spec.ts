import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { eventually } from './support/eventually.ts';
import { Payer } from './support/payments.ts';
import { MetricsPage } from './support/metrics-page.ts';
import { describeModes } from './support/modes.ts';
import { seriesOf } from './support/promql.ts';

const textOf = (path: string): string => readFileSync(join(repositoryRoot(), path), 'utf8');

const dashboardFile = z.object({
  templating: z.object({ list: z.array(z.object({ definition: z.string().optional() })) }),
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
});
const alertsFile = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});
const prometheusFile = z.object({
  rule_files: z.array(z.string()),
  scrape_configs: z.array(z.object({ job_name: z.string() })),
});

const dashboard = dashboardFile.parse(JSON.parse(textOf('deploy/grafana/dashboard.json')));
const alerts = alertsFile.parse(parse(textOf('deploy/prometheus/alerts.yml'))).groups.flatMap(({ rules }) => rules);
const prometheus = prometheusFile.parse(parse(textOf('deploy/prometheus/prometheus.yml')));
const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);

/** What Prometheus adds to every series by itself. */
const addedLabels = ['instance', 'job'];
const addedSeries = 'up';
/** They have samples only in trouble: their labels cannot be looked up. */
const quietSeries = [
  'cqrs_view_failures',
  'cqrs_view_oldest_waiting_seconds',
  'cqrs_metrics_unread_total',
  'cqrs_reaction_holds',
];

const queries = [
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
  ...alerts.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...variables.map((definition) => {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
    return [`variable ${definition}`, `sum by (${label}) (${metric})`] as const;
  }),
];

describeModes('The dashboard and the alerts', ({ startApp }) => {
  let page: MetricsPage;

  beforeAll(async () => {
    const app = await startApp();
    const http = request(app.url);
    const created = await http.post('/values').set('Prefer', 'wait=10').send({ value: 2 }).expect(201);
    const { id } = created.body;
    await http
      .get(`/values/${id}`)
      .set('Consistency-Token', created.headers['consistency-token'] ?? '')
      .expect(200);
    const unknown = '2753b941-eb10-497c-b58c-2b3dec1eeeef';
    await http.put(`/values/${unknown}`).set('Prefer', 'wait=10').send({ operation: 'ADD', value: 1 }).expect(404);
    // What is published of it makes a reaction.
    await Payer.register(app, 'Alice');
    const awaited = ['cqrs_view_age_seconds_count', 'cqrs_reaction_transaction_seconds_count'];
    page = await eventually(async () => {
      const now = await MetricsPage.read(app.url);
      return awaited.every((name) => now.samples(name).length > 0) && now;
    });
  }, 60_000);

  it.each(queries)('%s reads only what a process tells', (_where, query) => {
    const series = seriesOf(query).filter(({ name }) => name !== addedSeries);

    for (const { name, labels } of series) {
      expect(page.names).toContain(name);
      if (quietSeries.includes(name)) continue;
      expect(page.samples(name)).not.toEqual([]);
      expect([...page.labelsOf(name), ...addedLabels]).toEqual(expect.arrayContaining([...labels]));
    }
    expect(seriesOf(query).length).toBeGreaterThan(0);
  });

  it('are told of in the how-to, which names only metrics that are there', () => {
    const howTo = textOf('docs/how-to/observe.md');
    const named = [...howTo.matchAll(/`(\w+)[`{]/g)].flatMap(([, word]) => word ?? []);
    const metrics = named.filter((word) => /^(cqrs|nodejs|process)_\w+[a-z]$/.test(word));

    expect(metrics.length).toBeGreaterThan(10);
    expect([...page.names]).toEqual(expect.arrayContaining(metrics));
    expect(named).toEqual(expect.arrayContaining(alerts.map(({ alert }) => alert)));
    expect(
      named
        .filter((word) => /^[A-Z][a-z]+[A-Z]\w+$/.test(word))
        .filter((word) => !alerts.some(({ alert }) => alert === word)),
    ).toEqual([]);
  });

  it('are what prometheus.yml loads and scrapes', () => {
    expect(prometheus.rule_files).toEqual(['alerts.yml']);
    const [job] = prometheus.scrape_configs;
    expect(
      alerts.filter(({ expr }) => expr.includes('job=')).every(({ expr }) => expr.includes(`job="${job?.job_name}"`)),
    ).toBe(true);
  });
});
