import { tmpdir } from 'node:os';
import { Logger } from '@nestjs/common';
import { DiskSpace, isLow, type FreeSpace } from './disk-space';
import { HealthRegistry } from './health-registry';
import { MetricsService } from './metrics.service';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe('The space left on the disk', () => {
  it.each([
    ['a twentieth of a disk', 101 * GIB, 5 * GIB, true],
    ['more than a twentieth', 90 * GIB, 5 * GIB, false],
    ['10 GiB of a large disk', 4_000 * GIB, 10 * GIB, false],
    ['half a GiB of a small one', 2 * GIB, 512 * MIB, false],
    ['less than half a GiB', 2 * GIB, 511 * MIB, true],
  ])('is low or not: %s', (_what, totalBytes, freeBytes, low) => {
    expect(isLow({ totalBytes, freeBytes })).toBe(low);
  });

  it('is told by health and metrics, and by one line when it gets low and when it does not any more', async () => {
    let space: FreeSpace = { totalBytes: 100 * GIB, freeBytes: 50 * GIB };
    const [health, metrics] = [new HealthRegistry(), new MetricsService()];
    const warned = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const told = jest.spyOn(Logger.prototype, 'log').mockImplementation();
    const disk = new DiskSpace('data', health, metrics, () => Promise.resolve(space));
    expect((await health.readiness()).parts['disk']?.details).toEqual({ freeBytes: 50 * GIB, isLow: false });
    space = { ...space, freeBytes: GIB };
    expect(await metrics.text()).toContain(`disk_free_bytes ${GIB}`);
    expect(await health.readiness()).toMatchObject({ status: 'ok', parts: { disk: { details: { isLow: true } } } });
    expect(warned.mock.calls).toEqual([[expect.stringContaining('1024 MiB left on the disk of data')]]);
    space = { ...space, freeBytes: 50 * GIB };
    await health.readiness();
    expect(told).toHaveBeenCalledTimes(1);
    disk.close();
    metrics.onApplicationShutdown();
    jest.restoreAllMocks();
  });

  it('is that of the real directory', async () => {
    const [health, metrics] = [new HealthRegistry(), new MetricsService()];
    const disk = new DiskSpace(tmpdir(), health, metrics);
    expect(Number((await health.readiness()).parts['disk']?.details?.['freeBytes'])).toBeGreaterThan(0);
    disk.close();
    metrics.onApplicationShutdown();
  });
});
