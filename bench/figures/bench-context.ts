import type { LoadGenerator } from '../load/load-generator.ts';
import type { BenchBuild } from '../process/bench-build.ts';

/** What all figures of one run share. */
export interface BenchContext {
  /** Of each repetition. */
  readonly seconds: number;
  readonly repeat: number;
  /** How many the parts about scale create. */
  readonly aggregates: number;
  readonly customers: number;
  readonly generator: LoadGenerator;
  readonly build: BenchBuild;
  /** Everything that the run writes, on the disk that is measured; removed at the end. */
  readonly directory: string;
  /** Tells what goes on. */
  readonly tell: (line: string) => void;
}
