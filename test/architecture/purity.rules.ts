import ts from 'typescript';
import type { Rule } from './rule.ts';
import { nodesOf, place, type Source } from './source-tree.ts';

/** What gives another answer on another machine, day or run, or later than now. */
const IMPURE_NAMES = new Set([
  'Date',
  'Intl',
  'Promise',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'randomUUID',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);
const IMPURE_MEMBERS = /^(random|randomUUID|toLocale\w+|localeCompare)$/;
const PURE = /^src\/kernel\/|^src\/modules\/[^/]+\/domain\/|\.(process|publication)\.ts$/;

export const purityRules: readonly Rule[] = [
  {
    says: 'the kernel and domain/ have no clock, no randomness, no environment and nothing asynchronous',
    violations: ({ sources }) =>
      sources.filter(({ path }) => PURE.test(path)).flatMap((source) => impurities(source, source.syntax)),
    broken: [
      { 'src/modules/shop/domain/order.decider.ts': `export const at = new Date(0);` },
      { 'src/modules/shop/domain/order.decider.ts': `export const dice = Math.random();` },
      { 'src/modules/shop/domain/order.decider.ts': `export const dice = Math['random']();` },
      { 'src/modules/shop/domain/order.decider.ts': `export async function decide() {}` },
      { 'src/modules/shop/domain/order.decider.ts': `export const path = process.env;` },
      { 'src/modules/shop/domain/order.decider.ts': `export const id = crypto.getRandomValues;` },
      { 'src/modules/shop/domain/order.decider.ts': `export const name = 'i'.toLocaleUpperCase();` },
      { 'src/modules/shop/bill.process.ts': `export const later = { setTimeout };` },
      { 'src/kernel/rejection.ts': `export type Answer = Promise<void>;` },
    ],
    kept: {
      'src/modules/shop/domain/order.decider.ts': `
        import { react } from './process';
        /** No Date, no async. */
        export const state = { process: 'async', Date: react.process };
        export type Step = { readonly process: string };`,
      'src/modules/shop/shop.controller.ts': `export const now = () => Date.now();`,
    },
  },
  {
    says: 'the fold of a view is as pure as domain/',
    violations: ({ sources }) =>
      sources
        .filter(({ path }) => path.endsWith('.view.ts'))
        .flatMap((source) => viewsOf(source).flatMap((view) => impurities(source, view))),
    broken: [
      {
        'src/modules/shop/views/order.view.ts': `
          export const orders: View<Row, Event> = {
            project: () => [{ key: {}, update: () => ({ at: Date.now() }) }],
          };`,
      },
    ],
    kept: {
      'src/modules/shop/views/order.view.ts': `
        export const orders: View<Row, Event> = { project: ({ at }) => [{ key: {}, update: () => ({ at }) }] };
        export class GetOrder { async execute(): Promise<void> {} }`,
    },
  },
  {
    says: 'nothing in src reads process.env but platform/config',
    violations: ({ sources }) =>
      sources
        .filter(({ path }) => path.startsWith('src/') && !/^src\/platform\/config\/|\/testing\/|spec\.ts$/.test(path))
        .flatMap((source) =>
          [...nodesOf(source.syntax)]
            .filter(readsEnvironment)
            .map((node) => `${place(source, node)}: reads the environment`),
        ),
    broken: [
      { 'src/platform/log/log.providers.ts': `export const brokers = process.env['KAFKA_BROKERS'];` },
      { 'src/main.ts': `const { env } = process; export { env };` },
      { 'src/main.ts': `import { env } from 'node:process'; export { env };` },
    ],
    kept: {
      'src/platform/config/read-environment.ts': `export const all = process.env;`,
      'src/platform/views/testing/stores.ts': `export const url = process.env['DATABASE_URL'];`,
      'src/main.ts': `/** process.env */ export const where = settings.env; process.exit(0);`,
    },
  },
];

function impurities(source: Source, within: ts.Node): string[] {
  return [...nodesOf(within)].flatMap((node) => {
    const what = impurity(node);
    return what === undefined ? [] : [`${place(source, node)}: ${what}`];
  });
}

function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || ts.isAwaitExpression(node)) return 'is asynchronous';
  if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.test(node.name.text)) return `uses ${node.name.text}`;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression)) {
    const { text } = node.argumentExpression;
    return IMPURE_MEMBERS.test(text) ? `uses ${text}` : undefined;
  }
  return ts.isIdentifier(node) && IMPURE_NAMES.has(node.text) && isReference(node) ? `uses ${node.text}` : undefined;
}

/** Whether a name stands for a variable or a type, and is not just the name of a member. */
function isReference(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isBindingElement(parent)) return parent.propertyName === undefined && parent.name !== name;
  const isMember =
    ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent);
  return !(isMember && parent.name === name);
}

function viewsOf({ syntax }: Source): ts.Node[] {
  return [...nodesOf(syntax)].filter(
    (node) =>
      ts.isVariableDeclaration(node) &&
      node.type !== undefined &&
      ts.isTypeReferenceNode(node.type) &&
      node.type.typeName.getText() === 'View',
  );
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env';
  if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
  if (ts.isVariableDeclaration(node)) return ts.isObjectBindingPattern(node.name) && isProcess(node.initializer);
  if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return false;
  return /^(node:)?process$/.test(node.moduleSpecifier.text);
}

function isProcess(node: ts.Node | undefined): boolean {
  return node !== undefined && ts.isIdentifier(node) && node.text === 'process';
}
