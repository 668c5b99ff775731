import { closeSync, openSync, readSync, writeSync, constants } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { LogSetupError } from '../log.port';

const BYTES = 128;

/**
 * How much the log has acknowledged, in `log.mark` beside it. SQLite takes what it cannot read at the end of its write-ahead log for a
 * commit that was cut off, and forgets it silently; but a commit that was acknowledged is no longer anyone's to forget. The mark is written
 * after each commit and before its answer, without fsync: so it outlives the process exactly, and after a power failure it is at worst a
 * little old, never ahead.
 */
export class AcknowledgedMark {
  private readonly bytes = Buffer.alloc(BYTES, ' ');

  private constructor(
    private file: number | undefined,
    private readonly path: string,
  ) {}

  static open(directory: string): AcknowledgedMark {
    const path = join(directory, 'log.mark');
    return new AcknowledgedMark(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600), path);
  }

  /**
   * @param log id of the log, `undefined` when it has none
   * @param records offsets ever given in it
   * @throws LogSetupError LOG_DAMAGED when it has less than it acknowledged
   */
  check(log: string | undefined, records: number): void {
    const marked = this.read();
    if (marked === undefined || (log !== undefined && log !== marked.log) || records >= marked.records) return;
    throw new LogSetupError(
      'LOG_DAMAGED',
      `the log holds ${records} records, but ${this.path} says that ${marked.records} were acknowledged: its end is damaged or gone`,
    );
  }

  write(log: string, records: number): void {
    if (this.file === undefined) return;
    const text = `${log} ${records}`;
    this.bytes.fill(' ').write(`${text} ${crc32(text)}`, 'latin1');
    try {
      writeSync(this.file, this.bytes, 0, BYTES, 0);
    } catch {
      // An older mark is true as well.
    }
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  /** A mark that is damaged itself says nothing. */
  private read(): { readonly log: string; readonly records: number } | undefined {
    const bytes = Buffer.alloc(BYTES);
    if (this.file === undefined) return undefined;
    readSync(this.file, bytes, 0, BYTES, 0);
    const [log = '', records = '', crc] = bytes.toString('latin1').trim().split(' ');
    return crc === String(crc32(`${log} ${records}`)) ? { log, records: Number(records) } : undefined;
  }
}
