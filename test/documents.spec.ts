import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import { known, modules } from '../src/app.module';
import { variables } from '../src/platform/config/variables';
import { pageName } from '../src/platform/http/problem-catalog';
import { kafkaPlan } from '../src/platform/operations/plan/kafka-plan';
import { projectionsOf } from '../src/platform/platform.projections';
import { topicNames, topicSpecs } from '../src/platform/platform.topics';
import {
  anchorsOf,
  guaranteeTests,
  namedPaths,
  namedScripts,
  readDocuments,
  relativeLinks,
  type MarkdownDocument,
} from './support/documents.ts';

const root = repositoryRoot();
const documents = readDocuments();
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const isThere = (path: string): boolean => existsSync(join(root, path));

describe('the documents', () => {
  it('are all there', () => {
    const wanted = ['README', 'ARCHITECTURE', 'CONTRIBUTING', 'SECURITY', 'CHANGELOG'].map((name) => `${name}.md`);
    const paths = documents.map(({ path }) => path);

    expect(paths).toEqual(expect.arrayContaining([...wanted, 'src/modules/calculator/README.md']));
  });

  it('link to files and headings that exist', () => {
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  it('name paths that exist', () => {
    const missing = documents.flatMap(({ path, text }) =>
      namedPaths(text)
        .filter((named) => !isThere(named))
        .map((named) => `${path}: ${named}`),
    );

    expect(missing).toEqual([]);
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const unknown = documents.flatMap(({ path, text }) =>
      namedScripts(text)
        .filter((name) => !Object.hasOwn(scripts, name))
        .map((name) => `${path}: ${name}`),
    );

    expect(unknown).toEqual([]);
  });

  it('name decisions by their number and all of them in the list', () => {
    const list = textOf('docs/adr/README.md');
    const pages = documents.map(({ path }) => path).filter((path) => /^docs\/adr\/\d/.test(path));

    expect(pages.length).toBeGreaterThan(10);
    for (const page of pages) {
      const [, name = '', number = ''] = /^docs\/adr\/((\d+).*)$/.exec(page) ?? [];
      expect(textOf(page)).toMatch(new RegExp(`^# ${Number(number)}\\. `));
      expect(list).toContain(`](${name})`);
    }
  });
});

describe('ARCHITECTURE.md', () => {
  const tests = guaranteeTests(textOf('ARCHITECTURE.md'));

  it.each(['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G9', 'G10', 'G12', 'G13'])(
    'names a test for %s',
    (guarantee) => {
      expect(tests.map((test) => test.guarantee)).toContain(guarantee);
    },
  );

  it('names tests that exist and carry the name of their guarantee', () => {
    const wrong = tests.filter(({ guarantee, path, title }) => {
      const named = new RegExp(`\\b${guarantee}\\b`).test(title);
      return !named || !isThere(path) || !new RegExp(`(it|describe)\\(\\s*['"\`]${escaped(title)}`).test(textOf(path));
    });

    expect(wrong).toEqual([]);
  });
});

describe('README.md', () => {
  const readme = textOf('README.md');

  it('lists settings that the process reads, and all of them', () => {
    const rows = /^## Settings$(.*?)^##/ms.exec(readme)?.[1]?.match(/^\| `.*$/gm) ?? [];
    const listed = rows.flatMap((row) => row.split('|')[1]?.match(/[A-Z][A-Z_]+/g) ?? []);

    // NODE_ENV is told of below the table.
    expect([...listed, 'NODE_ENV'].sort()).toEqual(Object.keys(variables).sort());
  });

  it('has the two commands', () => {
    expect(readme).toMatch(/^npm ci && npm start$/m);
    expect(readme).toMatch(/^npm ci && npm test$/m);
  });
});

describe('the how-to for a managed Kafka', () => {
  it('lists every topic of every module', () => {
    const made = topicNames(topicSpecs(modules.map(({ feature }) => feature)));
    const rows = textOf('docs/how-to/managed-kafka.md').matchAll(/^\| `([a-z0-9.-]+)`\s*\| [1n]\b/gm);

    expect([...rows].flatMap(([, topic]) => topic ?? []).sort()).toEqual(made.toSorted());
  });

  it('lists every consumer group, and VIEWS may name those of views', () => {
    const features = modules.map(({ feature }) => feature);
    const groups = kafkaPlan(features, { partitions: 4 }).rights.filter(({ resource }) => resource === 'group');
    const [row = ''] = /^\| group .*$/m.exec(textOf('docs/how-to/managed-kafka.md')) ?? [];
    const listed = row.match(/[a-z][a-z0-9-]*\.[a-z.-]+/g) ?? [];

    expect(listed.sort()).toEqual(groups.map(({ name }) => name).sort());
    expect(listed).toEqual(expect.arrayContaining(known.views));
    expect(known.views).toEqual(expect.arrayContaining(projectionsOf(features).map(({ name }) => name)));
  });
});

describe('docs/problems', () => {
  it('has a page for every refusal of every module', () => {
    const codes = modules.flatMap(({ feature }) => feature.rejections.flatMap((table) => Object.keys(table)));

    expect(codes).toContain('VALUE_NOT_FOUND');
    expect(codes.filter((code) => !isThere(join('docs/problems', `${pageName(code)}.md`)))).toEqual([]);
  });
});

describe('the checks of the documents', () => {
  it('see what is wrong', () => {
    const text = [
      '# One heading, `with code`',
      '[a](missing.md) [b](README.md#no-such-heading) [c](#one-heading-with-code) [d](https://example.com) `[e](code.md)`',
      'Run `npm run nothing`, see `src/nowhere.ts` and `src/<module>/x.ts`.',
      '- G4',
      '  - [x](src/x.spec.ts) "G4 is kept"',
    ].join('\n');

    expect(brokenLinks({ path: 'made-up.md', text })).toEqual([
      'made-up.md: missing.md',
      'made-up.md: README.md#no-such-heading',
      'made-up.md: src/x.spec.ts',
    ]);
    expect(namedPaths(text)).toEqual(['src/nowhere.ts']);
    expect(namedScripts(text)).toEqual(['nothing']);
    expect(guaranteeTests(text)).toEqual([{ guarantee: 'G4', path: 'src/x.spec.ts', title: 'G4 is kept' }]);
  });
});

function brokenLinks(document: MarkdownDocument): string[] {
  return relativeLinks(document)
    .filter(({ from, target, anchor }) => {
      const path = target === '' ? from : join(dirname(from), target);
      if (target !== '' && !isThere(path)) return true;
      if (anchor === undefined) return false;
      return !anchorsOf(target === '' ? document.text : textOf(path)).includes(anchor);
    })
    .map(({ from, target, anchor }) => `${from}: ${target}${anchor === undefined ? '' : `#${anchor}`}`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
