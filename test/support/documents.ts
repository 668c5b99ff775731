import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';

/** A Markdown file of this repository. */
export interface MarkdownDocument {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** A relative link: where it stands, and the file and heading it points to. */
export interface DocumentLink {
  readonly from: string;
  /** Path as written, without the anchor; empty for a heading of the same file. */
  readonly target: string;
  readonly anchor: string | undefined;
}

/** Files and folders that are there only after a command has made them. */
const MADE_BY_COMMANDS = /^(\.cache|bench\/results|coverage|data|dist|node_modules)(\/|$)/;

/** The beginnings by which a piece of code in the text is known as a path of this repository. */
const REPOSITORY_PATH =
  /^(src|test|docs|scripts|bench)\/[\w./-]+$|^(Dockerfile|docker-compose\.yml|package\.json|\.env\.example)$/;

/** Everything that readers of this project are given. */
export function readDocuments(): MarkdownDocument[] {
  const root = repositoryRoot();
  const paths = globSync(['*.md', 'docs/**/*.md', 'src/**/README.md'], { cwd: root });
  return paths.sort().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Links to files and headings of this repository; what stands in code is none. */
export function relativeLinks({ path, text }: MarkdownDocument): DocumentLink[] {
  const prose = text.replace(/```.*?```/gs, '').replace(/`[^`\n]*`/g, '');
  const inline = prose.matchAll(/\]\(([^)\s]+)\)/g);
  const references = prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm);
  return [...inline, ...references].flatMap(([, address = '']) => {
    if (/^[a-z]+:/.test(address)) return [];
    const [target = '', anchor] = address.split('#', 2);
    return [{ from: path, target, anchor }];
  });
}

/** Anchors of the headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  const prose = text.replace(/```.*?```/gs, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Paths of this repository that the text names in code; those with a placeholder or a pattern, and those that commands make, are left out. */
export function namedPaths(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => REPOSITORY_PATH.test(code) && !MADE_BY_COMMANDS.test(code));
}

/** npm scripts that the text tells to run. */
export function namedScripts(text: string): string[] {
  return [...text.matchAll(/\bnpm (run )?([a-z][a-z0-9:]*)/g)].flatMap(([, run, name = '']) =>
    run === undefined && !['start', 'test'].includes(name) ? [] : [name],
  );
}

/** The tests that the list "Tests by guarantee" names. */
export function guaranteeTests(text: string): { guarantee: string; path: string; title: string }[] {
  const tests: { guarantee: string; path: string; title: string }[] = [];
  let guarantee = '';
  for (const line of text.split('\n')) {
    guarantee = /^- (G\d+)$/.exec(line)?.[1] ?? guarantee;
    const [, path, title] = /^ {2}- \[[^\]]+\]\(([^)]+)\) "(.+)"$/.exec(line) ?? [];
    if (path !== undefined && title !== undefined) tests.push({ guarantee, path, title });
  }
  return tests;
}
