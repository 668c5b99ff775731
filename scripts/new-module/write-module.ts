import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import prettier from 'prettier';
import { RefusedName, type ModuleNames } from './module-names.ts';
import { registered } from './register-module.ts';

const TEMPLATE = join('scripts', 'new-module', 'template');

/**
 * Writes a module in the shape of the calculator, and its lines in the files that list modules.
 *
 * @param root of the checkout that gets it
 * @returns the paths that were written or changed, from the root
 * @throws RefusedName when something of that name is there already; nothing is written then
 */
export async function writeModule(root: string, names: ModuleNames): Promise<string[]> {
  refuseTaken(root, names);
  const templates = globSync('**/*.tpl', { cwd: join(root, TEMPLATE) });
  const files = new Map<string, string>();
  for (const path of templates) {
    const text = readFileSync(join(root, TEMPLATE, path), 'utf8');
    files.set(filled(path.replace(/\.tpl$/, ''), names), filled(text, names));
  }
  const twin = [...files.keys()].find((path) => existsSync(join(root, path)));
  if (twin !== undefined) throw new RefusedName(`${twin} is there already`);
  for (const [path, text] of registered(root, names)) files.set(path, text);

  const config = await prettier.resolveConfig(join(root, 'package.json'));
  for (const [path, text] of files) {
    const formatted = await prettier.format(text, { ...config, filepath: path });
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), formatted);
  }
  return [...files.keys()].sort();
}

function filled(text: string, names: ModuleNames): string {
  const values: Readonly<Record<string, string>> = {
    __module__: names.module,
    __Module__: names.modulePascal,
    __noun__: names.noun,
    __nounName__: names.nounCamel,
    __Noun__: names.nounPascal,
    __NOUN__: names.nounUpper,
    __words__: names.words,
    __table__: names.table,
  };
  return text.replace(/__(module|Module|noun|nounName|Noun|NOUN|words|table)__/g, (token) => values[token] ?? token);
}

/** Command names, routes, tables and modules are unique over all modules; the start would refuse twins, but later. */
function refuseTaken(root: string, { module, nounPascal, table }: ModuleNames): void {
  if (existsSync(join(root, 'src', 'modules', module))) throw new RefusedName(`the module ${module} is there already`);
  const taken: readonly (readonly [RegExp, string])[] = [
    [new RegExp(`\\b(Create|Rename)${nounPascal}Command\\b`), `commands for ${nounPascal} are`],
    [new RegExp(`@Controller\\(['"]/?${module}['"]`), `the route /${module} is`],
    [new RegExp(`name: '${table}'`), `the table ${table} is`],
  ];
  for (const path of globSync('src/**/*.ts', { cwd: root })) {
    const text = readFileSync(join(root, path), 'utf8');
    const twin = taken.find(([pattern]) => pattern.test(text));
    if (twin !== undefined) throw new RefusedName(`${twin[1]} in ${path} already`);
  }
}
