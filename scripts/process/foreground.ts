import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { LocalServer } from './local-server.ts';

/** A server that a developer keeps running in a terminal. */
export interface ForegroundServer {
  readonly name: string;
  readonly port: string;
  readonly directory: string;
  readonly start: (options: { readonly port: number; readonly directory: string }) => Promise<LocalServer>;
  /** What to tell the shells of those who use it. */
  readonly settings: (port: number) => string;
}

/** `npm run … [-- --port PORT --dir DIR]`: a server in the foreground, until Ctrl-C; its data stay in the directory. */
export function runInForeground(server: ForegroundServer): void {
  run(server).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

async function run({ name, start, settings, ...defaults }: ForegroundServer): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: defaults.port },
      dir: { type: 'string', default: defaults.directory },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`--port ${values.port}: not a port`);
  const asked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), once(process, 'SIGHUP')]);
  console.log(`Starting ${name}, data in ${values.dir} …`);
  const server = await start({ port, directory: values.dir });
  console.log(`${name} is ready. Ctrl-C ends it. In another terminal:\n\n${settings(port)}\n`);
  await asked;
  await server.close();
}
