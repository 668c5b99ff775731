import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../scripts/process/repository.ts';

const service = z.object({
  build: z.string().optional(),
  environment: z.record(z.string(), z.string().or(z.number()).transform(String)).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  volumes: z.array(z.string()).default([]),
});

/** `docker-compose.yml` as it stands, for its schema. */
export const composeFile: unknown = parse(readFileSync(join(repositoryRoot(), 'docker-compose.yml'), 'utf8'), {
  merge: true,
});

/** Its services. */
export const composeServices = z.object({ services: z.record(z.string(), service) }).parse(composeFile).services;

/** Those that run our image, by name. */
export const ourServices = Object.entries(composeServices).filter(([, { build }]) => build !== undefined);
