import type { RebuildProgress } from '../platform/operations/operations.port';
import type { Terminal } from './terminal';

const BAR_WIDTH = 30;

/** One line that is drawn over; nothing where nobody looks. */
export interface ProgressLine {
  draw(progress: RebuildProgress): void;
  end(): void;
}

export function progressLine({ tell, isInteractive }: Terminal): ProgressLine {
  let isDrawn = false;
  return {
    draw(progress) {
      if (!isInteractive) return;
      isDrawn = true;
      tell(`\r${progressText(progress)}\u001b[K`);
    },
    end() {
      if (isDrawn) tell('\n');
    },
  };
}

/** Such as `[######----]  60 %, 3,000 of 5,000, 1,234 records/s, 2 s left`. */
export function progressText({ done, total, recordsPerSecond, secondsLeft }: RebuildProgress): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * BAR_WIDTH);
  const number = (value: number): string => Math.round(value).toLocaleString('en');
  const left = secondsLeft === null ? '' : `, ${duration(secondsLeft)} left`;
  return (
    `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %, ` +
    `${number(done)} of ${number(total)}, ${number(recordsPerSecond)} records/s${left}`
  );
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
