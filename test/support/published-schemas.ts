import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { EventContract } from '../../src/kernel/event-contract';

/** JSON Schemas by `<module>/<Event>.<version>.json`. */
export type Schemas = ReadonlyMap<string, unknown>;

/** The schema of every version of every event, as the code has it: what its stored data looks like. */
export function schemasOf(contracts: readonly EventContract[]): Schemas {
  const schemas = new Map<string, unknown>();
  for (const { module, events } of contracts) {
    for (const [type, { version: newest, schema, previous }] of Object.entries(events)) {
      for (let version = 1; version <= newest; version++) {
        const stored = version === newest ? schema : previous[version]?.schema;
        if (stored === undefined) throw new Error(`${type} has no version ${version}`);
        schemas.set(`${module}/${type}.${version}.json`, z.toJSONSchema(stored, { io: 'input' }));
      }
    }
  }
  return schemas;
}

/** @param folder where the published schemas lie */
export function readPublished(folder: string): Schemas {
  const paths = globSync('*/*.json', { cwd: folder }).map((path) => path.replaceAll('\\', '/'));
  return new Map(paths.map((path) => [path, JSON.parse(readFileSync(join(folder, path), 'utf8')) as unknown]));
}

/** Writes the schemas that are not published yet, and touches none that is. */
export function publish(folder: string, schemas: Schemas): void {
  for (const [path, schema] of schemas) {
    const file = join(folder, path);
    if (existsSync(file)) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  }
}

/** What keeps the code from reading, for ever, all that was written under a published schema; and what to do about it. */
export function breaches(published: Schemas, code: Schemas): string[] {
  const known = [...published].flatMap(([path, schema]) => {
    if (!code.has(path)) {
      return `${path} is published and gone from the code: stored records of it cannot be read. Bring it back.`;
    }
    if (JSON.stringify(sorted(schema)) === JSON.stringify(sorted(code.get(path)))) return [];
    return `${path} is published and was changed: restore it, and add a version with nextVersion (CONTRIBUTING.md, "Add a version of an event").`;
  });
  const missing = [...code.keys()].filter((path) => !published.has(path));
  return [...known, ...missing.map((path) => `${path} is not published: run npm run schemas:publish and commit it.`)];
}

/** The same for any order of members. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}
