import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../scripts/process/repository.ts';

describe('the last line of a test run', () => {
  it('counts what passed and what failed, a file that cannot be loaded among them, and the run fails', async () => {
    const run = await jest({
      'good.test.js': "test('a', () => {}); test('b', () => {});",
      'bad.test.js': "test('c', () => { throw new Error('c'); });",
      'broken.test.js': "require('./no-such-file');",
    });
    expect(run).toEqual({ lastLine: '2 passed, 2 failed', failed: true });
  }, 30_000);

  it('tells a run without failures, which succeeds', async () => {
    const run = await jest({ 'good.test.js': "test('a', () => {});" });
    expect(run).toEqual({ lastLine: '1 passed, 0 failed', failed: false });
  }, 30_000);

  it('fails a run in which no test ran', async () => {
    const run = await jest({ 'idle.test.js': "test.skip('a', () => {});" });
    expect(run).toEqual({ lastLine: '0 passed, 0 failed', failed: true });
  }, 30_000);
});

async function jest(files: Record<string, string>): Promise<{ lastLine: string | undefined; failed: boolean }> {
  const directory = mkdtempSync(join(tmpdir(), 'run-'));
  const root = repositoryRoot();
  const reporters = ['default', join(root, 'test', 'support', 'summary-reporter.js')];
  writeFileSync(join(directory, 'jest.config.json'), JSON.stringify({ reporters, watchman: false, maxWorkers: 1 }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  try {
    return await new Promise((resolve) => {
      const program = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
      const args = [program, '--config', join(directory, 'jest.config.json'), '--no-cache'];
      execFile(process.execPath, args, { cwd: directory }, (error, stdout) => {
        resolve({ lastLine: stdout.trimEnd().split('\n').pop(), failed: error !== null });
      });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
