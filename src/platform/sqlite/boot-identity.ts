import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

const LINUX_BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Names the present run of the operating system. What was written without fsync outlives the process, but not the machine: a file
 * that was open under another name may be torn.
 */
export function bootIdentity(): string {
  try {
    return readFileSync(LINUX_BOOT_ID, 'utf8').trim();
  } catch {
    // Elsewhere the time of the boot, to the minute; a clock that was set only makes a cache be thrown away.
    return `booted ${Math.round((Date.now() / 1_000 - uptime()) / 60)}`;
  }
}
