import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRotation } from '../../keys/key-rotation';
import { openKeys } from '../../keys/open-keys';
import { PersonCipher } from '../../keys/person-cipher';
import { openSecrets } from '../../keys/testing/open-secrets';
import { EmbeddedLog } from '../../log/embedded/embedded-log';
import { copyStores } from './copy-stores';
import { readBackup, sealBackup } from './manifest';
import { restore } from './restore';

const TOPIC = 'm.events';

describe('A backup', () => {
  let root: string;
  let data: string;
  let backup: string;
  let target: string;
  let log: EmbeddedLog;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'backup-'));
    [data, backup, target] = [join(root, 'data'), join(root, 'backup'), join(root, 'target')];
    log = await open(data);
    await openSecrets(data, log.id);
    await append(20);
  });

  afterEach(async () => {
    await log.close();
    await rm(root, { recursive: true, force: true });
  });

  async function open(directory: string): Promise<EmbeddedLog> {
    await mkdir(directory, { recursive: true });
    const opened = await EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
    await opened.ensureTopics([{ name: TOPIC, policy: 'keep' }]);
    return opened;
  }

  const append = (count: number) =>
    log.append(Array.from({ length: count }, () => ({ topic: TOPIC, key: 'k', value: '"v"', headers: {} })));

  async function values(directory: string): Promise<number> {
    const restored = await open(directory);
    const { end } = await restored.bounds(TOPIC, 0);
    expect(restored.id).toBe(log.id);
    await restored.close();
    return end;
  }

  it('brings log and keys to another directory', async () => {
    const { fingerprint } = await openSecrets(data, log.id);
    await copyStores(log, data, backup);
    const manifest = await sealBackup(backup);
    await restore(backup, target);

    expect(manifest).toMatchObject({
      log: log.id,
      topics: [
        { name: 'log', ends: [1] },
        { name: TOPIC, ends: [20] },
      ],
    });
    expect(await values(target)).toBe(20);
    expect((await openSecrets(target, log.id)).fingerprint).toEqual(fingerprint);
  });

  it('opens the keys of persons though they were rotated while it was made', async () => {
    const purpose = { logId: log.id, holdsPersonalData: true, isLogSealed: () => Promise.resolve(false) };
    const keys = await openKeys({ production: false }, data, purpose);
    const { personal } = keys;
    if (personal === undefined) throw new Error('it holds personal data');
    const sealed = sealerOf(await personal.forWriting('ann')).seal('a', 'text');
    await Promise.all([copyStores(log, data, backup), new KeyRotation({}, data, personal).rotate()]);
    await keys.close();
    await sealBackup(backup);
    await restore(backup, target);

    const restored = await openKeys({ production: false }, target, purpose);
    expect(sealerOf(await restored.personal?.of('ann')).open('a', sealed)).toBe('text');
    await restored.close();
  });

  it('holds, while the log is written, all that was safe when it began, to the end of a commit', async () => {
    let acknowledged = 20;
    let isOver = false;
    const writing = (async () => {
      while (!isOver) {
        await append(7);
        acknowledged += 7;
      }
    })();
    for (let round = 0; round < 5; round++) {
      const least = acknowledged;
      const place = `${backup}-${round}`;
      await copyStores(log, data, place);
      const manifest = await sealBackup(place);
      const end = manifest.topics.find(({ name }) => name === TOPIC)?.ends[0] ?? 0;
      expect(end).toBeGreaterThanOrEqual(least);
      expect((end - 20) % 7).toBe(0);
    }
    isOver = true;
    await writing;
    expect(acknowledged).toBeGreaterThan(20);
  });

  it('can be read by its owner alone', async () => {
    await mkdir(backup, { mode: 0o755 });
    await copyStores(log, data, backup);
    await sealBackup(backup);

    expect((await stat(backup)).mode & 0o077).toBe(0);
  });

  it('is not one before its manifest is there', async () => {
    await copyStores(log, data, backup);

    await expect(restore(backup, target)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(stat(target)).rejects.toThrow('ENOENT');
  });

  it.each(['log.db', 'keys.db'])('is refused when a byte of %s has changed, and nothing is restored', async (name) => {
    await copyStores(log, data, backup);
    await sealBackup(backup);
    const bytes = await readFile(join(backup, name));
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 50) ^ 1, bytes.length - 50);
    await writeFile(join(backup, name), bytes);

    await expect(readBackup(backup)).rejects.toMatchObject({ code: 'DAMAGED' });
    await expect(restore(backup, target)).rejects.toMatchObject({ code: 'DAMAGED' });
    await expect(stat(target)).rejects.toThrow('ENOENT');
  });

  it('goes into an empty directory only, and comes back into one only', async () => {
    await copyStores(log, data, backup);
    await sealBackup(backup);

    await expect(copyStores(log, data, backup)).rejects.toThrow('is not empty');
    const before = await readdir(data);
    await expect(restore(backup, data)).rejects.toThrow('is not empty');
    expect(await readdir(data)).toEqual(before);
  });
});

function sealerOf(key: unknown): PersonCipher {
  if (key instanceof PersonCipher) return key;
  throw new Error(String(key));
}
