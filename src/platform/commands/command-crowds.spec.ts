import type { LogBatch, LogRecord } from '../log/log.port';
import { inCrowds } from './command-crowds';

/** A partition that is written to by hand. */
class Partition {
  reads = 0;
  isLeft = false;
  private readonly batches: (LogBatch | Error)[] = [];
  private next = 0;
  private wake: () => void = () => undefined;

  readonly follow = async function* (this: Partition, signal: AbortSignal): AsyncGenerator<LogBatch> {
    signal.addEventListener('abort', () => this.wake());
    for (;;) {
      if (signal.aborted) break;
      const batch = this.batches.shift();
      if (batch instanceof Error) throw batch;
      if (batch === undefined) await new Promise<void>((resolve) => (this.wake = resolve));
      else {
        this.reads++;
        yield batch;
      }
    }
    this.isLeft = true;
  }.bind(this);

  write(count: number, value = ''): void {
    const records = Array.from({ length: count }, () => ({ offset: this.next++, value }) as LogRecord);
    this.batches.push({ records, next: this.next });
    this.wake();
  }

  fail(error: Error): void {
    this.batches.push(error);
    this.wake();
  }
}

describe('The crowds of a partition', () => {
  let partition: Partition;
  let leaving: AbortController;
  let crowds: AsyncGenerator<readonly LogRecord[]>;
  /** Offsets handed out next, from and to. */
  const next = async (): Promise<[number, number] | undefined> => {
    const { value } = (await crowds.next()) as { value?: readonly LogRecord[] };
    return value && [value[0]?.offset ?? -1, value.at(-1)?.offset ?? -1];
  };

  beforeEach(() => {
    jest.useFakeTimers();
    partition = new Partition();
    leaving = new AbortController();
    crowds = inCrowds(partition.follow, leaving.signal);
  });

  afterEach(async () => {
    leaving.abort();
    await crowds.return(undefined);
    jest.useRealTimers();
  });

  it('are handed out at once to whoever waits', async () => {
    const first = next();
    partition.write(3);
    expect(await first).toEqual([0, 2]);
  });

  it('wait for as many as came together before, and no longer than the pace', async () => {
    partition.write(80);
    expect(await next()).toEqual([0, 79]);
    const second = jest.fn();
    void next().then(second);
    partition.write(60);
    await jest.advanceTimersByTimeAsync(5);
    expect(second).not.toHaveBeenCalled();
    partition.write(10);
    await jest.advanceTimersByTimeAsync(0);
    expect(second).toHaveBeenCalledWith([80, 149]);
    const third = jest.fn();
    void next().then(third);
    partition.write(1);
    await jest.advanceTimersByTimeAsync(40);
    expect(third).toHaveBeenCalledWith([150, 150]);
  });

  it('do not keep a single sender waiting', async () => {
    for (let offset = 0; offset < 3; offset++) {
      const one = next();
      partition.write(1);
      await jest.advanceTimersByTimeAsync(2);
      expect(await one).toEqual([offset, offset]);
    }
  });

  it('are read ahead so far and no further while nobody takes them', async () => {
    for (let batch = 0; batch < 10; batch++) partition.write(500);
    await next();
    await jest.advanceTimersByTimeAsync(100);
    expect(partition.reads).toBeLessThanOrEqual(6);
    await jest.advanceTimersByTimeAsync(100);
    expect((await next())?.[1]).toBeLessThan(4_500);
  });

  it('are read ahead for a megabyte at most, and wait for no more than that', async () => {
    partition.write(60);
    await next();
    for (let batch = 0; batch < 10; batch++) partition.write(8, 'x'.repeat(50_000));
    const second = jest.fn();
    void next().then(second);
    await jest.advanceTimersByTimeAsync(0);
    expect(second).toHaveBeenCalledWith([60, 83]);
    expect(partition.reads).toBeLessThan(8);
  });

  it('end with the error of the reader, after what was read', async () => {
    const error = new Error('out of range');
    partition.write(2);
    partition.fail(error);
    expect(await next()).toEqual([0, 1]);
    await expect(crowds.next()).rejects.toBe(error);
  });

  it('end when the signal aborts, and stop reading when the taker fails', async () => {
    const first = next();
    await jest.advanceTimersByTimeAsync(0);
    leaving.abort();
    expect(await first).toBeUndefined();
    const other = new Partition();
    const failing = (async () => {
      for await (const records of inCrowds(other.follow, new AbortController().signal)) {
        throw new Error(`of ${records.length}`);
      }
    })();
    other.write(2_500);
    await expect(failing).rejects.toThrow('of 2500');
    expect(other.isLeft).toBe(true);
  });
});
