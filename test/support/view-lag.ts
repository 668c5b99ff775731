import type { AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';
import { MetricsPage } from './metrics-page.ts';

/**
 * Resolves when the views of a process have read all that its log holds.
 * @throws Error when that takes longer than a minute
 */
export async function untilLevel(app: AppProcess): Promise<void> {
  await eventually(
    async () => {
      const behind = (await MetricsPage.read(app.url)).samples('cqrs_view_behind_offsets');
      expect(behind.length).toBeGreaterThan(0);
      expect(behind.filter(({ value }) => value > 0)).toEqual([]);
    },
    { within: 60_000 },
  );
}
