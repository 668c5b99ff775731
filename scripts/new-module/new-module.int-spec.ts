import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repositoryRoot } from '../process/repository.ts';
import { runToEnd } from '../process/run-to-end.ts';

/** What lies in the root and is no source. */
const LEFT_OUT = /^(node_modules|dist|coverage|data.*|\.cache|\.git|\.env)$/;
const MODULE = 'wish-lists';

describe('npm run new:module', () => {
  const root = repositoryRoot();
  const modules = join(root, 'node_modules');
  const copy = mkdtempSync(join(tmpdir(), 'new-module-'));
  // The servers of this run are none of the copy's business, nor are the colours of the terminal.
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TMPDIR: process.env['TMPDIR'],
    TEST_MODES: 'embedded',
  };
  const node = (...args: readonly string[]): Promise<string> => runToEnd(process.execPath, args, { cwd: copy, env });
  const newModule = (...names: readonly string[]): Promise<string> => node('scripts/new-module/run.ts', ...names);

  beforeAll(async () => {
    cpSync(root, copy, { recursive: true, filter: (source) => !LEFT_OUT.test(relative(root, source)) });
    symlinkSync(modules, join(copy, 'node_modules'));
    await newModule(MODULE, 'wish-list');
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('writes a module that is formatted, lints, compiles, keeps the rules of the code and serves its routes', async () => {
    const written = ['src/app.module.ts', `src/modules/${MODULE}`, `test/${MODULE}.e2e-spec.ts`, 'docs'];
    await node(join(modules, 'prettier/bin/prettier.cjs'), '--check', ...written);
    await node(join(modules, 'oxlint/bin/oxlint'), '--type-aware', '--type-check', '--deny-warnings', ...written);
    const jest = ['--experimental-vm-modules', join(modules, 'jest/bin/jest.js'), '--selectProjects', 'unit', 'e2e'];
    const specs = [MODULE, 'test/architecture', 'test/documents', 'test/published-schemas'];
    const tests = await node(...jest, '--testPathPatterns', ...specs);

    for (const spec of [
      'wish-list.decider.spec.ts',
      `${MODULE}.e2e-spec.ts`,
      'architecture.spec.ts',
      'documents.spec.ts',
    ]) {
      expect(tests).toMatch(new RegExp(`PASS .*${spec}`));
    }
  }, 240_000);

  it.each([
    [['calculator'], 'the module calculator is there already'],
    [['sums', 'value'], 'commands for Value are in'],
    [['values', 'sum'], 'the route /values is in'],
    [['Wishes'], '"Wishes" is not kebab-case'],
    [[], 'use it as npm run new:module -- <module> [noun]'],
  ])('refuses %j in one line, with an exit code, and writes nothing', async (names, reason) => {
    const refusal = await newModule(...names).then(String, (error: unknown) => error);

    expect(refusal).toMatchObject({ cause: { code: 64 } });
    expect(String(refusal)).toContain(`new:module: ${reason}`);
    expect(existsSync(join(copy, 'src', 'modules', 'sums'))).toBe(false);
    expect(existsSync(join(copy, 'src', 'modules', 'values'))).toBe(false);
  });
});
