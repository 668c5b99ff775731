import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import type { ModuleNames } from './module-names.ts';

const APP_MODULE = 'src/app.module.ts';
const KAFKA_GUIDE = 'docs/how-to/managed-kafka.md';
const WANTED_ACCESS = 'test/support/wanted-access.ts';
const SPLIT = 'deploy/kubernetes/split/kustomization.yaml';
const INGRESS = 'deploy/kubernetes/base/ingress.yaml';

/** The files that list modules, by path, with the lines of the new one. */
export function registered(root: string, names: ModuleNames): Map<string, string> {
  return new Map([
    [APP_MODULE, inAppModule(readFileSync(join(root, APP_MODULE), 'utf8'), names)],
    [WANTED_ACCESS, inWantedAccess(readFileSync(join(root, WANTED_ACCESS), 'utf8'), names)],
    [KAFKA_GUIDE, inKafkaGuide(readFileSync(join(root, KAFKA_GUIDE), 'utf8'), names)],
    [SPLIT, inSplit(readFileSync(join(root, SPLIT), 'utf8'), names)],
    [INGRESS, inIngress(readFileSync(join(root, INGRESS), 'utf8'), names)],
  ]);
}

/**
 * Adds the class to the array `modules`, and its import beside those of the other modules.
 * @throws Error when the file has another shape
 */
function inAppModule(text: string, { module, modulePascal }: ModuleNames): string {
  const file = ts.createSourceFile(APP_MODULE, text, ts.ScriptTarget.ES2023, true);
  const list = file.statements
    .filter((statement) => ts.isVariableStatement(statement))
    .flatMap((statement) => [...statement.declarationList.declarations])
    .find((declaration) => declaration.name.getText() === 'modules')?.initializer;
  const lastImport = file.statements
    .filter((statement) => ts.isImportDeclaration(statement))
    .findLast((statement) => statement.moduleSpecifier.getText().includes('/modules/'));
  const last = list !== undefined && ts.isArrayLiteralExpression(list) ? list.elements.at(-1) : undefined;
  if (last === undefined || lastImport === undefined) throw new Error(`${APP_MODULE} has no list of modules`);
  const added = `import { ${modulePascal}Module } from './modules/${module}/${module}.module';`;
  return (
    `${text.slice(0, lastImport.getEnd())}\n${added}` +
    `${text.slice(lastImport.getEnd(), last.getEnd())}, ${modulePascal}Module${text.slice(last.getEnd())}`
  );
}

/**
 * Adds who may use its routes, which the tests ask of every one.
 * @throws Error when the file has another shape
 */
function inWantedAccess(text: string, { module }: ModuleNames): string {
  const start = text.indexOf('export const wantedAccess');
  const end = text.indexOf('\n};', start);
  if (start < 0 || end < 0) throw new Error(`${WANTED_ACCESS} has no list of routes`);
  const rows = [
    ['POST', '', 'write'],
    ['PUT', '/{id}', 'write'],
    ['GET', '/{id}', 'read'],
  ].map(([method, path, scope]) => `\n  '${method} /${module}${path}': '${scope}:${module}',`);
  return text.slice(0, end) + rows.join('') + text.slice(end);
}

/**
 * Adds the topics to make and the rights to give on a managed Kafka.
 * @throws Error when the page has another shape
 */
function inKafkaGuide(text: string, { module, noun }: ModuleNames): string {
  const keep = '`cleanup.policy=delete`, `retention.ms=-1`, `retention.bytes=-1`';
  const rows = [
    ['commands', keep],
    ['events', keep],
    ['state', '`cleanup.policy=compact`'],
    ['commands.dead-letters', keep],
    ['events.dead-letters', keep],
  ].map(([topic, settings]) => `| \`${module}.${topic}\` | n | ${settings} |`);
  const lastTopic = [...text.matchAll(/^\| `(?!replies)[a-z0-9.-]+\.dead-letters`.*$/gm)].at(-1)?.[0];
  const groups = '`platform.command-outcomes`';
  const transactions = '`calculator.processor.` and the partition';
  if (lastTopic === undefined || !text.includes(groups) || !text.includes(transactions)) {
    throw new Error(`${KAFKA_GUIDE} has no tables of topics and rights`);
  }
  return text
    .replace(lastTopic, () => [lastTopic, ...rows].join('\n'))
    .replace(groups, `\`${module}.processor\`, \`${module}.${noun}\`, ${groups}`)
    .replace(transactions, `\`${module}.processor.\`, ${transactions}`);
}

/**
 * Adds its workers.
 * @throws Error when the file has another shape
 */
function inSplit(text: string, { module }: ModuleNames): string {
  const [list] = /^resources:\n(?: {2}- .+\n)+/m.exec(text) ?? [];
  if (list === undefined) throw new Error(`${SPLIT} has no list of resources`);
  return text.replace(list, () => `${list}  - ${module}\n`);
}

/**
 * Adds its routes to those that clients reach.
 * @throws Error when the file has another shape
 */
function inIngress(text: string, { module }: ModuleNames): string {
  if (!text.endsWith(', backend: *api }\n')) throw new Error(`${INGRESS} does not end with its paths`);
  return `${text}          # ${module}\n          - { path: /${module}, pathType: Prefix, backend: *api }\n`;
}
