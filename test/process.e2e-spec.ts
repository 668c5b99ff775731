import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { freePort } from '../scripts/process/ports.ts';
import { eventually } from './support/eventually.ts';
import { productMain } from './support/product-build.ts';
import { describeModes } from './support/modes.ts';

describeModes('the process', (context) => {
  it('ends with 0 on SIGTERM, in good order', async () => {
    const app = await context.startApp();

    expect(await app.terminate()).toMatchObject({ code: 0 });
    expect(app.output).toContain('SIGTERM: stopping');
    expect(app.output).not.toContain('"level":"error"');
  });

  it('tells every fault of its settings, one line each, and ends with 78', async () => {
    const site = await context.newSite();
    const { code, output } = await site.runToEnd({ PORT: 'x', LOG_LEVEL: 'loud' });

    expect(code).toBe(78);
    expect(output.trim().split('\n')).toEqual([
      'SETTINGS: PORT must be a whole number from 0 to 65535',
      'SETTINGS: LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent',
    ]);
  });

  it('says in one line that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const site = await context.newSite();
    const { code, output } = await site.runToEnd({ PORT: String(port), LOG_LEVEL: 'error' });
    other.close();

    expect(code).toBe(1);
    expect(output.trim()).toBe(`PORT_IN_USE: another process listens on 127.0.0.1:${port}`);
  });

  const threads = context.mode === 'embedded' ? ['the log', 'views and state'] : ['state'];
  it.each(threads.map((name, number) => ({ name, number })))(
    'ends with 70, and says why, when the thread of $name dies under load',
    async ({ number }) => {
      const preload = join(repositoryRoot(), 'test', 'fixtures', 'kill-thread.cjs');
      const app = await context.startApp({ NODE_OPTIONS: `--require ${preload}`, KILLED_THREAD: String(number) });
      const sending = new AbortController();
      const senders = Array.from({ length: 4 }, () => createValues(app.url, sending.signal));
      await new Promise((resolve) => setTimeout(resolve, 200));
      process.kill(app.pid, 'SIGUSR2');
      expect(await app.exited()).toMatchObject({ code: 70 });
      sending.abort();
      await Promise.all(senders);
      expect(app.output).toMatch(/"level":"fatal".+has died/);
    },
  );

  if (context.mode === 'embedded') {
    it('goes on, and ends in good order, when nobody reads what it prints any more', async () => {
      const port = await freePort();
      const { settings, directory } = await context.newSite();
      const env = { PATH: process.env['PATH'], ...settings, PORT: String(port), DATA_DIR: join(directory, 'data') };
      const child = spawn(process.execPath, [productMain()], {
        cwd: directory,
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      try {
        const ended = once(child, 'exit');
        const url = `http://127.0.0.1:${port}`;
        await eventually(async () => expect((await fetch(`${url}/health/ready`)).status).toBe(200));
        child.stdout.destroy();
        for (let count = 0; count < 300; count++) expect((await fetch(`${url}/values/none`)).status).toBe(400);
        child.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
      }
    });

    it('prints a line to try to a person', async () => {
      const app = await context.startApp({ LOG_FORMAT: 'pretty' });

      expect(app.output).toContain(`curl -d '{"value": 2}' -H 'Content-Type: application/json' ${app.url}/values`);
    });

    it('refuses to run a part only, because the embedded log is one process', async () => {
      const site = await context.newSite();
      const { code, output } = await site.runToEnd({ ROLES: 'api' });

      expect(code).toBe(78);
      expect(output.trim()).toMatch(/^SETTINGS: ROLES lacks processor, reactor, projector: .*$/);
    });
  }
});

/** Until the signal or the end of the process. */
async function createValues(url: string, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  try {
    while (!signal.aborted) {
      await (await fetch(`${url}/values`, { method: 'POST', headers, body: '{"value":1}', signal })).arrayBuffer();
    }
  } catch {
    // The process has gone.
  }
}
