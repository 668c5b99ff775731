import { statfs } from 'node:fs/promises';
import { Logger } from '@nestjs/common';
import type { HealthRegistry } from './health-registry';
import type { MetricsService } from './metrics.service';

const GIB = 1024 ** 3;
const LOOK_EVERY_MS = 30_000;

/** Space of the disk under a directory, in bytes. */
export interface FreeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Whether somebody should see to it: less than a twentieth, but with 10 GiB there is time and under half a GiB there is none. */
export function isLow({ freeBytes, totalBytes }: FreeSpace): boolean {
  return freeBytes < Math.min(10 * GIB, Math.max(GIB / 2, totalBytes / 20));
}

/**
 * Warns before the disk of `DATA_DIR` is full: one line in the log when it gets low and one when it is not any more, `disk_free_bytes`, and
 * a detail of `/health/ready` that never fails it, because a full disk refuses writes and nothing else.
 */
export class DiskSpace {
  private readonly logger = new Logger(DiskSpace.name);
  private readonly timer: NodeJS.Timeout;
  private wasLow = false;

  constructor(
    private readonly directory: string,
    health: HealthRegistry,
    metrics: MetricsService,
    private readonly measure: (directory: string) => Promise<FreeSpace> = freeSpaceOf,
  ) {
    health.register({ name: 'disk', check: () => this.look() });
    metrics.gauge('disk_free_bytes', 'Space left on the disk of DATA_DIR', [], async (gauge) => {
      gauge.set((await this.look()).freeBytes);
    });
    this.timer = setInterval(() => void this.look().catch(() => undefined), LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<{ freeBytes: number; isLow: boolean }> {
    const space = await this.measure(this.directory);
    const low = isLow(space);
    const { freeBytes } = space;
    const left = `${Math.floor(freeBytes / 1024 ** 2)} MiB left on the disk of ${this.directory}`;
    if (low && !this.wasLow) this.logger.warn(`${left}: when it is full, commands are refused with DISK_FULL`);
    if (!low && this.wasLow) this.logger.log(left);
    this.wasLow = low;
    return { freeBytes, isLow: low };
  }
}

async function freeSpaceOf(directory: string): Promise<FreeSpace> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
