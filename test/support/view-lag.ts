import type { AppProcess } from './app-process.ts';
import { eventually } from './eventually.ts';

const gauge = /^view_behind_offsets\{.*\} (\d+)$/gm;

/**
 * Resolves when the views of a process have read all that its log holds.
 * @throws Error when that takes longer than a minute
 */
export async function untilLevel(app: AppProcess): Promise<void> {
  await eventually(
    async () => {
      const metrics = await (await fetch(`${app.url}/metrics`)).text();
      const behind = [...metrics.matchAll(gauge)].map(([line, offsets]) => ({ line, offsets: Number(offsets) }));
      expect(behind.length).toBeGreaterThan(0);
      expect(behind.filter(({ offsets }) => offsets > 0)).toEqual([]);
    },
    { within: 60_000 },
  );
}
