import type { TableDefinition } from '../../../kernel/view';
import { RowCodec } from '../row.codec';
import { catchUp } from './stream-catch-up';
import { StreamClient, type StreamOutput } from './stream-client';
import { StreamFilter } from './stream-filter';
import { StreamItem } from './stream-item';
import { StreamReader } from './stream-reader';
import type { StreamHead, StreamSlice } from './stream-source';

const table: TableDefinition<{ n: number }> = { name: 'numbers', columns: { n: 'integer' }, key: ['n'] };
const codec = new RowCodec(table);
const show = (row: object): object => row;

/** A stream of the numbers 1 … head, each at its own seq. */
class NumberSource {
  readonly view = {
    projection: { name: 'test.numbers', topics: [], table, stream: 'log' as const, read: () => undefined },
    codec,
    generation: 1,
  };
  readonly name = 'test.numbers';
  slices = 0;

  constructor(public last: number) {}

  head(): Promise<StreamHead> {
    return Promise.resolve({ seq: this.last, pruned: 0 });
  }

  slice(from: number, to: number, limit: number): Promise<StreamSlice> {
    this.slices++;
    const upTo = Math.min(to, from + limit);
    const items = Array.from(
      { length: upTo - from },
      (_, index) => new StreamItem(from + index + 1, { n: from + index + 1 }, undefined, 1, ['n']),
    );
    return Promise.resolve({ items, upTo });
  }
}

/** A connection whose other end reads only when told to. */
class Output implements StreamOutput {
  text = '';
  isOpen = true;
  writableLength = 0;
  private readonly listeners = new Map<string, () => void>();

  constructor(public isReading = true) {}

  write(chunk: Buffer): boolean {
    this.text += chunk.toString();
    if (!this.isReading) this.writableLength += chunk.length;
    return this.isReading;
  }

  end(chunk: Buffer): void {
    this.write(chunk);
  }

  destroy(): void {
    this.isOpen = false;
  }

  on(event: string, listener: () => void): void {
    this.listeners.set(event, listener);
  }

  read(): void {
    this.writableLength = 0;
    this.listeners.get('drain')?.();
  }

  get numbers(): number[] {
    return [...this.text.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
  }
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};
const clientOf = (output: Output): StreamClient =>
  new StreamClient(
    output,
    { unreadBytesMax: 1_000, drainMsMax: 100 },
    new StreamFilter(codec, {}),
    show,
    () => undefined,
  );

describe('the reader of a stream', () => {
  let source: NumberSource;
  let reader: StreamReader;
  const failures: unknown[] = [];

  beforeEach(async () => {
    source = new NumberSource(10);
    reader = await StreamReader.start(source, (error) => failures.push(error));
  });

  it('lets nobody join who has read further than itself, or less far than it remembers', async () => {
    expect(reader.join(clientOf(new Output()), 9)).toBe(false);
    expect(reader.join(clientOf(new Output()), 11)).toBe(false);
    expect(reader.join(clientOf(new Output()), 10)).toBe(true);
    source.last = 20_000;
    await reader.reach(20_000);
    expect(reader.join(clientOf(new Output()), 10)).toBe(false);
    expect(reader.join(clientOf(new Output()), 19_990)).toBe(true);
  });

  it('sends a client that joins what came after its own reading, once', async () => {
    source.last = 15;
    await reader.reach(15);
    const output = new Output();
    expect(reader.join(clientOf(output), 12)).toBe(true);
    expect(output.numbers).toEqual([13, 14, 15]);
    source.last = 17;
    await reader.reach(17);
    expect(output.numbers).toEqual([13, 14, 15, 16, 17]);
  });

  it('brings a client from its snapshot to the live stream while rows keep coming', async () => {
    source.last = 5_000;
    const output = new Output();
    const catching = catchUp(reader, clientOf(output), { cursor: 0, head: 5_000 });
    for (let step = 0; step < 20; step++) {
      source.last += 100;
      reader.wake();
      await turns(1);
    }
    await catching;
    await reader.reach(source.last);
    expect(output.numbers).toEqual(upTo(7_000));
    expect(output.text.match(/event: caught-up/g)).toHaveLength(1);
    expect(output.text.indexOf('caught-up')).toBeGreaterThan(output.text.indexOf('"n":5000'));
  });

  it('reads no further for a client that does not read', async () => {
    source.last = 100_000;
    const output = new Output(false);
    const client = clientOf(output);
    void catchUp(reader, client, { cursor: 0, head: 100_000 });
    await turns(20);
    expect(source.slices).toBe(1);
    output.read();
    await turns(20);
    expect(source.slices).toBe(2);
    client.drop();
  });

  it('drops a live client that has not read what it was sent, and one that takes too long', async () => {
    const output = new Output(false);
    const client = clientOf(output);
    expect(reader.join(client, 10)).toBe(true);
    source.last = 500;
    await reader.reach(500);
    expect(output.isOpen).toBe(true);
    source.last = 501;
    await reader.reach(501);
    expect(output.isOpen).toBe(false);

    const lazy = new Output(false);
    const other = clientOf(lazy);
    other.sendLive(Buffer.from('x'));
    other.checkDrained(performance.now() + 50);
    expect(lazy.isOpen).toBe(true);
    other.checkDrained(performance.now() + 150);
    expect(lazy.isOpen).toBe(false);
  });
});
