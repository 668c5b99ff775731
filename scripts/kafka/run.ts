import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startBroker } from './broker.ts';

/** `npm run kafka [-- --port 9092 --dir DIR]`: a broker in the foreground, until Ctrl-C. With a directory its data stay. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '9092' }, dir: { type: 'string', default: '.cache/kafka/data' } },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`--port ${values.port}: not a port`);
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  console.log(`Starting Apache Kafka, data in ${values.dir} …`);
  const broker = await startBroker({ port, directory: values.dir });
  console.log(
    `Apache Kafka is ready. Ctrl-C ends it. In another terminal:\n\nexport KAFKA_BROKERS=${broker.address}\n`,
  );
  await asked;
  await broker.close();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
