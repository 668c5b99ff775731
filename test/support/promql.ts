import { parser } from '@prometheus-io/lezer-promql';

/** A series that a query reads, with the labels that the query expects it to have. */
export interface QueriedSeries {
  readonly name: string;
  readonly labels: readonly string[];
}

/** What Grafana puts in place of its own variables, with values that Prometheus takes. */
const grafanaVariables: Readonly<Record<string, string>> = { $__rate_interval: '1m', $__range: '1h' };

/**
 * The series of a PromQL query, as Prometheus' own grammar reads it.
 * @throws Error when it is no query
 */
export function seriesOf(query: string): QueriedSeries[] {
  const text = query.replace(/\$__\w+/g, (name) => grafanaVariables[name] ?? name);
  const found: { name: string; labels: string[]; from: number; to: number }[] = [];
  const groupings: { labels: string[]; from: number; to: number }[] = [];
  // A label belongs to the selector or to the aggregation that was entered last.
  let labels: string[] = [];
  parser.parse(text).iterate({
    enter({ name, type, from, to }) {
      const word = text.slice(from, to);
      if (type.isError) throw new Error(`no PromQL at ${from}: ${query}`);
      if (name === 'AggregateExpr') groupings.push({ labels: (labels = []), from, to });
      if (name === 'VectorSelector') found.push({ name: '', labels: (labels = []), from, to });
      if (name === 'LabelName') labels.push(word);
      const selector = found.at(-1);
      if (name === 'Identifier' && selector !== undefined && to <= selector.to) selector.name = word;
    },
  });
  return found.map((selector) => ({
    name: selector.name,
    labels: [
      ...selector.labels,
      ...groupings.filter(({ from, to }) => from <= selector.from && selector.to <= to).flatMap((each) => each.labels),
    ],
  }));
}
