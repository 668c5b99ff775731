import ts from 'typescript';
import type { Rule } from './rule.ts';
import { nodesOf, place, type SourceTree } from './source-tree.ts';

const modulesOf = ({ paths }: SourceTree): string[] => [
  ...new Set(paths.flatMap((path) => /^src\/modules\/([^/]+)\//.exec(path)?.[1] ?? [])),
];

const wholeModule = {
  'src/modules/shop/README.md': '',
  'src/modules/shop/contracts.ts': '',
  'src/modules/shop/shop.module.ts': '',
  'src/app.module.ts': `import { ShopModule } from './modules/shop/shop.module';`,
};
const { 'src/modules/shop/contracts.ts': _door, ...withoutDoor } = wholeModule;
const { 'src/modules/shop/README.md': _words, ...withoutReadme } = wholeModule;
const { 'src/modules/shop/shop.module.ts': _module, ...withoutModule } = wholeModule;

export const shapeRules: readonly Rule[] = [
  {
    says: 'a module has README.md, contracts.ts and <module>.module.ts',
    violations: (tree) =>
      modulesOf(tree).flatMap((name) =>
        ['README.md', 'contracts.ts', `${name}.module.ts`]
          .map((file) => `src/modules/${name}/${file}`)
          .filter((path) => !tree.paths.includes(path))
          .map((path) => `${path}: is missing`),
      ),
    broken: [withoutDoor, withoutReadme, withoutModule],
    kept: wholeModule,
  },
  {
    says: 'a module is flat: domain/ and views/ are its only folders',
    violations: ({ paths }) =>
      paths
        .filter((path) => /^src\/modules\/[^/]+\/.*\//.test(path))
        .filter((path) => !/^src\/modules\/[^/]+\/(domain|views)\/[^/]+$/.test(path))
        .map((path) => `${path}: lies too deep`),
    broken: [
      { 'src/modules/shop/services/order.service.ts': '' },
      { 'src/modules/shop/domain/order/order.decider.ts': '' },
    ],
    kept: { 'src/modules/shop/domain/order.decider.ts': '', 'src/modules/shop/orders.controller.ts': '' },
  },
  {
    says: 'every module is listed in src/app.module.ts',
    violations: (tree) => {
      const listed = tree.sources.find(({ path }) => path === 'src/app.module.ts')?.imports ?? [];
      return modulesOf(tree)
        .filter((name) => !listed.some(({ file }) => file === `src/modules/${name}/${name}.module`))
        .map((name) => `src/modules/${name}: is not listed`);
    },
    broken: [{ ...wholeModule, 'src/app.module.ts': '' }],
    kept: wholeModule,
  },
  {
    says: 'every switch of a module and of the kernel ends in unreachable',
    violations: ({ sources }) =>
      sources
        .filter(({ path }) => /^src\/(modules|kernel)\//.test(path))
        .flatMap((source) =>
          [...nodesOf(source.syntax)]
            .filter((node) => ts.isSwitchStatement(node))
            .filter((node) => !endsInUnreachable(node))
            .map((node) => `${place(source, node)}: does not end in unreachable`),
        ),
    broken: [
      { 'src/modules/shop/domain/order.decider.ts': `switch (event.type) { case 'A': break; default: state; }` },
      { 'src/modules/shop/views/order.view.ts': `switch (event.type) { case 'A': break; }` },
      {
        'src/modules/shop/views/order.view.ts': `switch (event.type) { default: unreachable(event); case 'A': break; }`,
      },
    ],
    kept: {
      'src/modules/shop/domain/order.decider.ts': `
        function evolve() { switch (event.type) { case 'A': return 1; default: return unreachable(event); } }`,
      'src/platform/log/part.ts': `switch (kind) { case 'A': break; }`,
    },
  },
];

function endsInUnreachable({ caseBlock }: ts.SwitchStatement): boolean {
  const last = caseBlock.clauses.at(-1);
  const statement = last?.statements.at(-1);
  if (last === undefined || !ts.isDefaultClause(last) || statement === undefined) return false;
  const expression =
    ts.isReturnStatement(statement) || ts.isExpressionStatement(statement) || ts.isThrowStatement(statement)
      ? statement.expression
      : undefined;
  return (
    expression !== undefined &&
    ts.isCallExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text === 'unreachable'
  );
}
