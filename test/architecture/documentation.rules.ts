import ts from 'typescript';
import { PUBLIC_PLATFORM } from './layer.rules.ts';
import type { Rule } from './rule.ts';
import { place } from './source-tree.ts';

export const documentationRules: readonly Rule[] = [
  {
    says: "what the kernel and the platform's public parts export has TSDoc",
    violations: ({ sources }) =>
      sources
        .filter(({ path }) => isPublic(path))
        .flatMap((source) =>
          source.syntax.statements
            .filter((statement) => isExported(statement) && ts.getJSDocCommentsAndTags(statement).length === 0)
            .map((statement) => `${place(source, statement)}: ${statement.getText().split('\n', 1)[0]} has no TSDoc`),
        ),
    broken: [
      { 'src/kernel/money.ts': `export interface Money { readonly minor: bigint; }` },
      { 'src/kernel/money.ts': `// Not TSDoc.\nexport const zero = 0n;` },
      { 'src/platform/http/page.ts': `@Injectable()\nexport class Pages {}` },
    ],
    kept: {
      'src/kernel/money.ts': `/** Minor units. */\nexport type Money = bigint;\nconst zero = 0n;\nexport { zero };`,
      'src/kernel/money.spec.ts': `export const example = 1;`,
      'src/platform/log/envelope.ts': `export const own = 1;`,
    },
  },
];

function isPublic(path: string): boolean {
  return (path.startsWith('src/kernel/') && !path.endsWith('spec.ts')) || PUBLIC_PLATFORM.includes(path.slice(0, -3));
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}
