import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One line of a `.dockerignore`. */
interface IgnoreRule {
  readonly pattern: string;
  readonly isException: boolean;
}

/** Copies what `docker build` would be sent of a directory: all that its `.dockerignore` leaves. */
export async function copyBuildContext(root: string, target: string): Promise<void> {
  const rules = ignoreRules(await readFile(join(root, '.dockerignore'), 'utf8'));
  for (const { name } of await readdir(root, { withFileTypes: true })) {
    // What is left out as a whole need not be walked through, unless an exception may lie below it.
    if (!isSent(name, rules) && !rules.some(({ pattern }) => pattern.startsWith(`${name}/`))) continue;
    await cp(join(root, name), join(target, name), {
      recursive: true,
      filter: (source) => isSent(source.slice(root.length + 1), rules),
    });
  }
}

/** As Docker reads it: the last rule that matches the path, or a directory that it lies in, decides. */
export function isSent(path: string, rules: readonly IgnoreRule[]): boolean {
  const steps = path.split('/');
  const places = steps.map((_step, at) => steps.slice(0, at + 1).join('/'));
  const last = rules.findLast(({ pattern }) => places.some((place) => expressionOf(pattern).test(place)));
  return last === undefined || last.isException;
}

export function ignoreRules(text: string): IgnoreRule[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ pattern: line.replace(/^!/, '').replace(/^\/|\/$/g, ''), isException: line.startsWith('!') }));
}

/** Unlike in a shell, a star means names that begin with a dot too. */
function expressionOf(pattern: string): RegExp {
  const wildcards: Readonly<Record<string, string>> = { '**/': '(.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' };
  const parts = pattern.split(/(\*\*\/|\*\*|\*|\?)/);
  return new RegExp(`^${parts.map((part) => wildcards[part] ?? part.replace(/[.+^${}()|[\]\\]/g, '\\$&')).join('')}$`);
}
