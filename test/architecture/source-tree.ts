import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import ts from 'typescript';

/** One import, export-from, `import()` or `require()`. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path of the file from the root, without its extension; undefined for a package. */
  readonly file: string | undefined;
  /** Name of the package, `node:…` for a part of Node; undefined for a file. */
  readonly package: string | undefined;
}

/** One parsed file of code. */
export interface Source {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly syntax: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** What the rules look at: this repository, or a few lines made up to break a rule. */
export interface SourceTree {
  /** Every file, from the root, with slashes. */
  readonly paths: readonly string[];
  readonly sources: readonly Source[];
}

/** The code of a checkout. */
export function readSourceTree(root: string): SourceTree {
  const paths = globSync('{src,test,scripts,bench}/**/*.*', { cwd: root, exclude: ['bench/results'] });
  return sourceTree(
    Object.fromEntries(
      paths.map((path) => [path.replaceAll('\\', '/'), isCode(path) ? readFileSync(join(root, path), 'utf8') : '']),
    ),
  );
}

/** @param files text by path from the root */
export function sourceTree(files: Readonly<Record<string, string>>): SourceTree {
  const paths = Object.keys(files).sort();
  return { paths, sources: paths.filter(isCode).map((path) => parse(path, files[path] ?? '')) };
}

/** Every node below, in the order of the text. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** `path:line`, from 1. */
export function place({ path, syntax }: Source, node: ts.Node): string {
  return `${path}:${syntax.getLineAndCharacterOfPosition(node.getStart(syntax)).line + 1}`;
}

function isCode(path: string): boolean {
  return /\.(ts|js)$/.test(path);
}

function parse(path: string, text: string): Source {
  const syntax = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return { path, text, syntax, imports: [...nodesOf(syntax)].flatMap((node) => importOf(path, node)) };
}

function importOf(from: string, node: ts.Node): Import[] {
  const written = specifierOf(node);
  if (written === undefined || !ts.isStringLiteralLike(written)) return [];
  const specifier = written.text;
  if (!specifier.startsWith('.')) return [{ specifier, file: undefined, package: packageOf(specifier) }];
  const file = posix.join(posix.dirname(from), specifier).replace(/\.(ts|js)$/, '');
  return [{ specifier, file, package: undefined }];
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  if (!ts.isCallExpression(node)) return undefined;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
