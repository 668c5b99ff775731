import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repositoryRoot } from './repository.ts';
import { runToEnd } from './run-to-end.ts';

/** What lies in the root and is no source. */
const LEFT_OUT = /^(node_modules|dist|coverage|data.*|\.cache|\.git|\.env)$/;

/** The sources of this checkout in a directory of their own, to be changed and checked there; it shares the installed packages. */
export class SourceCopy {
  readonly directory: string;
  readonly #modules: string;

  constructor() {
    const root = repositoryRoot();
    this.#modules = join(root, 'node_modules');
    this.directory = mkdtempSync(join(tmpdir(), 'sources-'));
    cpSync(root, this.directory, { recursive: true, filter: (source) => !LEFT_OUT.test(relative(root, source)) });
    symlinkSync(this.#modules, join(this.directory, 'node_modules'));
  }

  /**
   * Runs Node in the copy to its end, with nothing of the servers that this run may have started.
   * @throws Error with the output when it fails
   */
  node(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, TMPDIR, TEST_MODES: 'embedded', ...environment };
    return runToEnd(process.execPath, args, { cwd: this.directory, env });
  }

  /** @throws Error when a file is not formatted */
  async checkFormat(...paths: readonly string[]): Promise<void> {
    await this.node([join(this.#modules, 'prettier/bin/prettier.cjs'), '--check', ...paths]);
  }

  async format(...paths: readonly string[]): Promise<void> {
    await this.node([join(this.#modules, 'prettier/bin/prettier.cjs'), '--write', ...paths]);
  }

  /** @throws Error with what the linter or the compiler finds */
  async lint(...paths: readonly string[]): Promise<void> {
    const oxlint = join(this.#modules, 'oxlint/bin/oxlint');
    await this.node([oxlint, '--type-aware', '--type-check', '--deny-warnings', ...paths]);
  }

  /** @throws Error with the output when a test fails */
  jest(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
    return this.node(['--experimental-vm-modules', join(this.#modules, 'jest/bin/jest.js'), ...args], environment);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
