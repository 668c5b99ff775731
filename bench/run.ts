import { mkdir, mkdtemp } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { Tether } from '../scripts/process/tether.ts';
import { buildProduct } from '../test/support/product-build.ts';
import type { BenchContext } from './figures/bench-context.ts';
import { customersFigures, customersKafkaFigures } from './figures/customers.figures.ts';
import { embeddedFigures } from './figures/embedded.figures.ts';
import type { Figure } from './figures/figure.ts';
import { kafkaFigures } from './figures/kafka.figures.ts';
import { overloadFigures } from './figures/overload.figures.ts';
import { paymentStreamsFigures } from './figures/payment-streams.figures.ts';
import { paymentsFigures, paymentsKafkaFigures } from './figures/payments.figures.ts';
import { scaleFigures } from './figures/scale.figures.ts';
import { scaleKafkaFigures } from './figures/scale-kafka.figures.ts';
import { simulationFigures, simulationKafkaFigures } from './figures/simulation.figures.ts';
import { startFigures } from './figures/start.figures.ts';
import { streamsFigures } from './figures/streams.figures.ts';
import { findLoadGenerator } from './load/load-generator.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { type Part, readOptions } from './options.ts';
import { buildBench } from './process/bench-build.ts';
import { saveReport, table } from './report.ts';

const figuresOf: Readonly<Record<Part, (context: BenchContext) => Promise<Figure[]>>> = {
  embedded: embeddedFigures,
  kafka: kafkaFigures,
  start: startFigures,
  overload: overloadFigures,
  scale: scaleFigures,
  'scale-kafka': scaleKafkaFigures,
  streams: streamsFigures,
  payments: paymentsFigures,
  'payments-kafka': paymentsKafkaFigures,
  'payment-streams': paymentStreamsFigures,
  customers: customersFigures,
  'customers-kafka': customersKafkaFigures,
  simulation: simulationFigures,
  'simulation-kafka': simulationKafkaFigures,
};

/** `npm run bench [-- --only PART] [--seconds N] [--repeat N] [--aggregates N] [--customers N]`: measures, reports, and judges nothing. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const at = new Date().toISOString();
  // On the disk of the repository: what is written to a memory disk would cost nothing.
  const place = join(repositoryRoot(), '.cache', 'bench');
  await mkdir(place, { recursive: true });
  const directory = await mkdtemp(join(place, 'run-'));
  const tether = new Tether({ directories: [directory] });
  try {
    const machine = await describeMachine(directory);
    const commit = await describeCommit();
    console.log('building');
    await buildProduct();
    const build = await buildBench();
    const generator = await findLoadGenerator(directory);
    const { seconds, repeat, aggregates, customers } = options;
    const tell = (line: string): void => console.log(line);
    const figures: Figure[] = [];
    for (const part of options.only) {
      try {
        const context = { seconds, repeat, aggregates, customers, generator, build, directory, tell };
        figures.push(...(await figuresOf[part](context)));
      } catch (error) {
        // What the other parts have measured is not lost by it.
        console.error(`${part}:`, error);
        process.exitCode = 1;
      }
    }
    const report = { at, ...commit, machine, loadGenerator: generator.name, options, figures };
    const path = await saveReport(report);
    console.log(`\n${table(figures)}\n\nAll repetitions: ${relative(process.cwd(), path)}`);
  } finally {
    await tether.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
