import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kustomize } from '../kubernetes/kubectl.ts';
import { SourceCopy } from '../process/source-copy.ts';

const MODULE = 'wish-lists';

describe('npm run new:module', () => {
  const copy = new SourceCopy();
  const newModule = (...names: readonly string[]) => copy.node(['scripts/new-module/run.ts', ...names]);

  beforeAll(() => newModule(MODULE, 'wish-list'));
  afterAll(() => copy.close());

  it('writes a module that is formatted, lints, compiles, keeps the rules of the code and serves its routes', async () => {
    const written = ['src/app.module.ts', `src/modules/${MODULE}`, `test/${MODULE}.e2e-spec.ts`];
    await copy.checkFormat(...written, 'docs', 'deploy');
    await copy.lint(...written);
    const specs = [MODULE, 'test/architecture', 'test/documents', 'test/published-schemas', 'route-scopes'];
    const tests = await copy.jest(['--selectProjects', 'unit', 'e2e', '--testPathPatterns', ...specs]);

    for (const spec of [
      'wish-list.decider',
      `${MODULE}.e2e`,
      'route-scopes.e2e',
      'architecture',
      'documents',
      'published-schemas',
    ]) {
      expect(tests).toMatch(new RegExp(`PASS .*${spec}-?\\.?spec\\.ts`));
    }
  }, 240_000);

  it('gives the module workers of its own on Kubernetes, and lets clients reach its routes', async () => {
    const manifests = await kustomize(join(copy.directory, 'deploy', 'kubernetes', 'split'));

    expect(manifests).toMatch(new RegExp(`^ {2}name: worker-${MODULE}$`, 'm'));
    expect(manifests).toMatch(new RegExp(`- name: MODULES\\n +value: ${MODULE}$`, 'm'));
    expect(manifests).toMatch(new RegExp(`path: /${MODULE}\\n +pathType: Prefix$`, 'm'));
  }, 60_000);

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
    for (const module of ['sums', 'values']) {
      expect(existsSync(join(copy.directory, 'src', 'modules', module))).toBe(false);
    }
  });
});
