/** One sample: labels by name, and the value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a process tells at `/metrics`. */
export class MetricsPage {
  private constructor(private readonly text: string) {}

  /** @throws Error when the process does not answer 200 */
  static async read(url: string): Promise<MetricsPage> {
    const answer = await fetch(`${url}/metrics`);
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
    return new MetricsPage(await answer.text());
  }

  /** Names of all series, also of those that have no sample yet. */
  get names(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const [, name = '', type] of this.text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      names.add(name);
      if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`);
    }
    return names;
  }

  /** Names of the labels that the samples of a series have. */
  labelsOf(name: string): ReadonlySet<string> {
    return new Set(this.samples(name).flatMap(({ labels }) => Object.keys(labels)));
  }

  samples(name: string): Sample[] {
    return [...this.text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(
      ([, labels = '', value]) => ({
        labels: Object.fromEntries(
          [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]),
        ),
        value: Number(value),
      }),
    );
  }

  /** The sum of all samples that carry these labels; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.samples(name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }
}
