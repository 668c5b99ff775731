import ts from 'typescript';
import type { Files, Rule } from './rule.ts';
import { nodesOf, place, type Source } from './source-tree.ts';

const LINES_MAX = 300;
const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.(ts|js)$/;
const EMPTY_FOLDERS = /\/(impl|dtos?|interfaces?|common|shared|utils?|helpers?)\//;
const EMPTY_WORDS = /^(base|impl|managers?|helpers?|utils?)$/i;
const SWITCHED_OFF = /\b(eslint|oxlint|biome|tslint)[-:](disable|ignore)|@ts-(ignore|expect-error|nocheck)/;
const TEST_ROOTS = new Set(['it', 'test', 'describe']);
const FOCUSED_OR_SKIPPED = new Set(['only', 'skip', 'todo', 'failing']);
const FOCUSED_OR_SKIPPED_ROOTS = new Set(['fit', 'fdescribe', 'xit', 'xtest', 'xdescribe']);

export const tidinessRules: readonly Rule[] = [
  {
    says: `no file has more than ${LINES_MAX} lines`,
    violations: ({ sources }) =>
      sources
        .map(({ path, text }) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
        .filter(({ lines }) => lines > LINES_MAX)
        .map(({ path, lines }) => `${path}: has ${lines} lines`),
    broken: [{ 'src/main.ts': 'main();\n'.repeat(LINES_MAX + 1) }],
    kept: { 'src/main.ts': 'main();\n'.repeat(LINES_MAX) },
  },
  {
    says: 'file names are kebab-case, with their role behind a dot in modules, and none is index.ts',
    violations: ({ sources }) =>
      sources
        .filter(({ path }) => {
          const name = path.split('/').at(-1) ?? '';
          const needsRole = path.startsWith('src/modules/') && name !== 'contracts.ts';
          return !FILE_NAME.test(name) || /^index\.[tj]s$/.test(name) || (needsRole && !/\..*\./.test(name));
        })
        .map(({ path }) => `${path}: is not called noun.role.ts`),
    broken: [
      files('src/platform/logPort.ts'),
      files('src/platform/log_port.ts'),
      files('src/kernel/index.ts'),
      files('src/modules/shop/orders.ts'),
    ],
    kept: files('src/kernel/event-contract.spec.ts', 'src/modules/shop/contracts.ts', 'src/platform/x.d.ts'),
  },
  {
    says: 'no folder is named after what it is not about',
    violations: ({ paths }) =>
      paths.filter((path) => EMPTY_FOLDERS.test(path)).map((path) => `${path}: lies in a folder without a subject`),
    broken: [
      files('src/platform/utils/retry.ts'),
      files('test/shared/x.ts'),
      files('src/modules/shop/dtos/order.dto.ts'),
    ],
    kept: files('src/platform/commands/utility.ts', 'test/support/x.ts'),
  },
  {
    says: 'nothing is called Base, Impl, Manager, Helper or Util',
    violations: ({ sources }) =>
      sources.flatMap((source) => [
        ...(wordsOf(source.path.split('/').at(-1) ?? '').some(isEmptyWord) ? [`${source.path}: says nothing`] : []),
        ...[...nodesOf(source.syntax)]
          .filter((node) => wordsOf(declaredName(node) ?? '').some(isEmptyWord))
          .map((node) => `${place(source, node)}: ${declaredName(node)} says nothing`),
      ]),
    broken: [
      { 'src/platform/a.ts': `class EventStoreBase {}` },
      { 'src/platform/a.ts': `interface LogImpl {}` },
      { 'src/platform/a.ts': `type StreamManager = string;` },
      { 'src/platform/a.ts': `function retryHelper() {}` },
      { 'src/platform/date-utils.ts': '' },
    ],
    kept: { 'src/platform/database.ts': `class Database { baseUrl = ''; } interface Utility {} function implied() {}` },
  },
  {
    says: 'no rule is switched off in a line',
    violations: ({ sources }) =>
      sources.flatMap((source) =>
        commentsOf(source)
          .filter((comment) => SWITCHED_OFF.test(comment))
          .map((comment) => `${source.path}: ${comment.slice(0, 60)}`),
      ),
    broken: [
      { 'src/main.ts': `// eslint-disable-next-line no-console\nmain();` },
      { 'src/main.ts': `main(); /* oxlint-disable */` },
      { 'src/main.ts': `function run() {\n  // @ts-expect-error\n  main();\n}` },
      { 'test/a.spec.ts': `// @ts-ignore\nmain();` },
    ],
    kept: { 'src/main.ts': `/** Rules stay on. */ main('// eslint-disable', /\\/\\/ @ts-ignore/, \`// @ts-ignore\`);` },
  },
  {
    says: 'no test is focused or skipped',
    violations: ({ sources }) =>
      sources.flatMap((source) =>
        [...nodesOf(source.syntax)]
          .filter(isFocusedOrSkipped)
          .map((node) => `${place(source, node)}: ${node.getText().slice(0, 40)}`),
      ),
    broken: [
      { 'src/a.spec.ts': `it.only('x', () => {});` },
      { 'src/a.spec.ts': `describe.skip('x', () => {});` },
      { 'src/a.spec.ts': `describe.only.each([1])('x', () => {});` },
      { 'src/a.spec.ts': `test.todo('x');` },
      { 'src/a.spec.ts': `xit('x', () => {});` },
    ],
    kept: {
      'src/a.spec.ts': `it('only', () => { queue.skip(1); }); it.each([1])('it.only', () => {}); const a = { xit: 1 };`,
    },
  },
];

function files(...paths: readonly string[]): Files {
  return Object.fromEntries(paths.map((path) => [path, '']));
}

function wordsOf(name: string): string[] {
  return name.split(/(?=[A-Z])|[-._]/);
}

function isEmptyWord(word: string): boolean {
  return EMPTY_WORDS.test(word);
}

function declaredName(node: ts.Node): string | undefined {
  const isNamed =
    ts.isClassDeclaration(node) ||
    ts.isClassExpression(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isFunctionDeclaration(node);
  return isNamed ? node.name?.text : undefined;
}

function commentsOf({ text, syntax }: Source): string[] {
  const comments = new Map<number, string>();
  for (const node of [...nodesOf(syntax), syntax.endOfFileToken]) {
    for (const at of [node.getFullStart(), node.getEnd()]) {
      const found = [...(ts.getLeadingCommentRanges(text, at) ?? []), ...(ts.getTrailingCommentRanges(text, at) ?? [])];
      for (const { pos, end } of found) comments.set(pos, text.slice(pos, end));
    }
  }
  return [...comments.values()];
}

function isFocusedOrSkipped(node: ts.Node): boolean {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    return FOCUSED_OR_SKIPPED_ROOTS.has(node.expression.text);
  }
  return (
    ts.isPropertyAccessExpression(node) &&
    FOCUSED_OR_SKIPPED.has(node.name.text) &&
    ts.isIdentifier(node.expression) &&
    TEST_ROOTS.has(node.expression.text)
  );
}
