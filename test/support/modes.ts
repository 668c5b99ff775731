import type { AppProcess, Settings } from './app-process.ts';
import { AppSite } from './app-site.ts';
import { type Mode, testModes } from './test-modes.ts';

/** What a file of end-to-end tests gets for each mode. Everything made through it is ended after the file's tests. */
export interface ModeContext {
  readonly mode: Mode;
  /** A fresh site and a ready process in it. */
  readonly startApp: (overrides?: Settings) => Promise<AppProcess>;
  /** A fresh site, for tests that run several processes on one log, or one that does not come up. */
  readonly newSite: () => Promise<AppSite>;
}

/**
 * Describes the same behaviour once for each mode of this run (`TEST_MODES`). A file that only makes sense on Kafka or PostgreSQL names its
 * one mode and has `kafka` or `postgres` in its name, which keeps it out of the embedded run.
 */
export function describeModes(
  name: string,
  body: (context: ModeContext) => void,
  modes: readonly Mode[] = testModes(),
): void {
  for (const mode of modes) {
    describe(`${name} (${mode})`, () => {
      const sites: AppSite[] = [];
      const newSite = async (): Promise<AppSite> => {
        const site = await AppSite.create(mode);
        sites.push(site);
        return site;
      };
      body({ mode, newSite, startApp: async (overrides) => (await newSite()).start(overrides) });
      afterAll(async () => {
        await Promise.all(sites.map((site) => site.close()));
      });
    });
  }
}
