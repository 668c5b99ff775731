import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readToEnd } from '../../contract/contract-tools.contract';
import { LogSetupError, type NewRecord, type TopicSpec } from '../../log.port';
import { EmbeddedLog } from '../embedded-log';

const TOPICS: readonly TopicSpec[] = [
  { name: 'orders.events', partitions: 2, policy: 'keep' },
  { name: 'replies', partitions: 1, policy: { deleteAfterMs: 86_400_000 } },
];
const PLACES = [
  ['orders.events', 0],
  ['orders.events', 1],
  ['replies', 0],
] as const;
const GROUP = ['orders.processor', 'orders.events', 0] as const;

/** What a log was found to hold: the values of each partition, and the offset of its one group. */
export interface Contents {
  readonly values: Readonly<Record<string, readonly (string | null)[]>>;
  readonly group: number | undefined;
}

/** What an attempt to start on a damaged log came to. */
export type Found = { readonly refused: string } | { readonly contents: Contents };

/** Copies of one log as a dead process or a clean end left it, to be damaged and opened. */
export class DamagedLogs {
  private readonly root = mkdtempSync(join(tmpdir(), 'damaged-'));
  private readonly original = join(this.root, 'original');
  private readonly copy = join(this.root, 'copy');
  /** Contents after each acknowledged commit. */
  readonly history: Contents[] = [];

  /**
   * Writes some commits into `log.db`, then others that stay in its write-ahead log, and keeps the files as they are while the log is open.
   *
   * @param end `killed`: the process died at once after the last acknowledgement; `closed`: it ended well
   */
  static async write(end: 'killed' | 'closed'): Promise<DamagedLogs> {
    const logs = new DamagedLogs();
    const live = join(logs.root, 'live');
    mkdirSync(live);
    const first = await logs.open(live);
    await first.ensureTopics(TOPICS);
    await logs.commit(first, 0, 30);
    await first.close();
    const second = await logs.open(live);
    await logs.commit(second, 30, 60);
    if (end === 'killed') cpSync(live, logs.original, { recursive: true });
    await second.close();
    if (end === 'closed') cpSync(live, logs.original, { recursive: true });
    return logs;
  }

  /** Bytes of a file as it was left. */
  size(file: string): number {
    return statSync(join(this.original, file)).size;
  }

  cut(file: string, bytes: number): Promise<Found> {
    return this.tried((directory) => truncateSync(join(directory, file), bytes));
  }

  flip(file: string, byte: number, bit: number): Promise<Found> {
    return this.tried((directory) => {
      const bytes = readFileSync(join(directory, file));
      bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
      writeFileSync(join(directory, file), bytes);
    });
  }

  /** Forgets what was acknowledged last, as a power failure may. */
  withoutMark(): void {
    rmSync(join(this.original, 'log.mark'));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }

  private open(directory: string): Promise<EmbeddedLog> {
    return EmbeddedLog.open({ directory, partitions: 1, partitionsExplicit: false });
  }

  private async commit(log: EmbeddedLog, from: number, to: number): Promise<void> {
    const writer = await log.openWriter(...GROUP);
    for (let index = from; index < to; index++) {
      const records = PLACES.map(([topic, partition]): NewRecord => {
        return { topic, partition, key: 'k', value: `${topic} ${partition} ${index} ${'x'.repeat(300)}`, headers: {} };
      });
      await writer.commit(index, index + 1, records);
      const before = this.history.at(-1);
      const now = records.map(({ topic, partition, value }) => {
        const place = `${topic}/${partition}`;
        return [place, [...(before?.values[place] ?? []), value]] as const;
      });
      this.history.push({ values: Object.fromEntries(now), group: index + 1 });
    }
  }

  private async tried(damage: (directory: string) => void): Promise<Found> {
    rmSync(this.copy, { recursive: true, force: true });
    cpSync(this.original, this.copy, { recursive: true });
    damage(this.copy);
    let log: EmbeddedLog | undefined;
    try {
      log = await this.open(this.copy);
      await log.ensureTopics(TOPICS);
      return { contents: await contentsOf(log) };
    } catch (error) {
      if (error instanceof LogSetupError) return { refused: error.code };
      throw error;
    } finally {
      await log?.close();
    }
  }
}

async function contentsOf(log: EmbeddedLog): Promise<Contents> {
  const values = await Promise.all(
    PLACES.map(async ([topic, partition]) => {
      const records = await readToEnd(log, topic, partition);
      return [`${topic}/${partition}`, records.map(({ value }) => value)] as const;
    }),
  );
  return { values: Object.fromEntries(values), group: (await log.openWriter(...GROUP)).committed };
}
