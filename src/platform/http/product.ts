import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The root of the project, from `src/platform/http` and from `dist/platform/http` alike. */
export const projectRoot = join(__dirname, '../../..');

/** Name, version and description as in package.json. */
export const product = z
  .object({ name: z.string(), version: z.string(), description: z.string() })
  .parse(JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')));
