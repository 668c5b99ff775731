import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { runCliProcess } from './support/cli-process.ts';
import { DocumentedExample, documentedSteps } from './support/documented-example.ts';
import { describeModes } from './support/modes.ts';

const tutorial = readFileSync(join(repositoryRoot(), 'docs', 'tutorials', 'payments.md'), 'utf8');

describeModes('the tutorial of payments', ({ newSite }) => {
  it('shows what happens', async () => {
    const site = await newSite();
    const app = await site.start();
    const example = new DocumentedExample({ 'http://localhost:3000': app.url, 'http://127.0.0.1:3000': app.url });
    for (const name of ['tokens', 'register', 'pay', 'ask', 'watch']) {
      await example.run(documentedSteps(tutorial, name));
    }

    const settings = { ...site.settings, DATA_DIR: app.dataDirectory };
    const { code, output } = await runCliProcess(settings, 'payments', 'verify');
    expect(output).toMatch(
      /^2 users, 2 payments: 2 completed, 0 returned, 0 in flight\ngranted 200\.00, held and in flight 200\.00\n/,
    );
    expect(output).toMatch(/nothing is wrong\n$/);
    expect(code).toBe(0);
  }, 60_000);
});
