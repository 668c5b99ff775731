import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { repositoryRoot } from '../scripts/process/repository.ts';
import type { AppProcess } from './support/app-process.ts';
import { DocumentedExample, documentedSteps } from './support/documented-example.ts';
import { describeModes } from './support/modes.ts';

const readme = readFileSync(join(repositoryRoot(), 'README.md'), 'utf8');

describeModes('the README', (context) => {
  let app: AppProcess;
  let example: DocumentedExample;
  let databaseUrl: string | undefined;

  beforeAll(async () => {
    const site = await context.newSite();
    databaseUrl = site.settings['DATABASE_URL'];
    app = await site.start();
    example = new DocumentedExample({ 'http://localhost:3000': app.url, 'http://127.0.0.1:3000': app.url });
  }, 60_000);

  // In the order of the document: each goes on with the value that the first has made.
  it.each(['commands', 'token', 'retry', 'stream'])('shows what happens: %s', async (name) => {
    await example.run(documentedSteps(readme, name));
  });

  it('shows what is there after kill -9', async () => {
    await app.kill9();
    await app.restart();

    await example.run(documentedSteps(readme, 'after-a-crash'));
  });

  it('tells the truth about data that may be lost: views and state come back from the log', async () => {
    await app.kill9();
    if (databaseUrl !== undefined) await dropViews(databaseUrl);
    for (const file of ['views.db', 'state.db']) {
      for (const suffix of ['', '-wal', '-shm']) await rm(join(app.dataDirectory, file + suffix), { force: true });
    }
    await app.restart();

    await example.run(documentedSteps(readme, 'after-a-crash'));
    // Decisions came back too: the key is still known.
    await example.run(documentedSteps(readme, 'retry').slice(1, 2));
  });
});

async function dropViews(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('drop schema views cascade');
  await client.end();
}
