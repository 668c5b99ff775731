import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EmbeddedLog } from '../../log/embedded/embedded-log';
import { flushToDisk } from '../../sqlite/copy-database';
import { OperationFailed } from '../operation-failed';
import { STORED_FILES } from './copy-stores';

const MANIFEST_FILE = 'manifest.json';

const manifestShape = z.object({
  format: z.literal(1),
  log: z.string(),
  /** ISO 8601, UTC. */
  madeAt: z.string(),
  topics: z.array(z.object({ name: z.string(), ends: z.array(z.number()) })),
  files: z.array(z.object({ name: z.enum(STORED_FILES), sha256: z.string(), bytes: z.number() })),
});

/** What a backup holds. It is written last: a directory without it is no backup. */
export type Manifest = z.output<typeof manifestShape>;

/** Opens the copies, as a process would, and writes down what they hold. @throws LogSetupError LOG_DAMAGED */
export async function sealBackup(directory: string): Promise<Manifest> {
  const { log, topics } = await contentsOf(directory);
  const files = [];
  for (const name of STORED_FILES) {
    if (existsSync(join(directory, name))) files.push({ name, ...(await digest(join(directory, name))) });
  }
  const manifest: Manifest = { format: 1, log, madeAt: new Date().toISOString(), topics, files };
  const path = join(directory, MANIFEST_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
  flushToDisk(`${path}.new`);
  renameSync(`${path}.new`, path);
  flushToDisk(directory);
  return manifest;
}

/**
 * Reads the manifest of a backup and compares the files with it.
 * @throws OperationFailed NOT_FOUND or DAMAGED
 */
export async function readBackup(directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST_FILE);
  if (!existsSync(path)) {
    throw new OperationFailed('NOT_FOUND', `${directory} holds no finished backup: there is no ${MANIFEST_FILE}`);
  }
  const manifest = manifestShape.safeParse(parsed(path));
  if (!manifest.success) throw new OperationFailed('DAMAGED', `${path} is no manifest that this version knows`);
  for (const { name, sha256 } of manifest.data.files) {
    const file = join(directory, name);
    if (!existsSync(file)) throw new OperationFailed('DAMAGED', `${file} is missing`);
    if ((await digest(file)).sha256 !== sha256)
      throw new OperationFailed('DAMAGED', `${file} is not what was backed up`);
  }
  return manifest.data;
}

/** Id of the log in a directory and where its partitions end. */
export async function contentsOf(directory: string): Promise<Pick<Manifest, 'log' | 'topics'>> {
  const log = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
  try {
    const topics = await Promise.all(
      log.stored().map(async ({ name, partitions }) => {
        const bounds = Array.from({ length: partitions }, (_, partition) => log.bounds(name, partition));
        return { name, ends: (await Promise.all(bounds)).map(({ end }) => end) };
      }),
    );
    return { log: log.id, topics: topics.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  } finally {
    await log.close();
  }
}

async function digest(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    const part: unknown = chunk;
    if (!Buffer.isBuffer(part)) throw new TypeError('a file gives bytes');
    hash.update(part);
    bytes += part.length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
