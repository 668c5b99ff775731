import { setImmediate as breathe } from 'node:timers/promises';
import { StreamAudience } from './stream-audience';
import type { StreamClient } from './stream-client';
import type { StreamItem } from './stream-item';
import { GenerationChanged, type StreamSource } from './stream-source';

/** Items kept for clients that come from their snapshot. */
const RING_ITEMS = 2_000;
const SLICE_ITEMS = 1_000;
/** What a client may get at once when it joins; with more ahead it reads on by itself. */
const JOIN_BYTES_MAX = 128 * 1024;
const RETRY_MS = 500;

/**
 * Reads one view's stream once for all live clients of this process. It knows every item in (floor, position]: a client whose own
 * reading has come that far joins without a gap and without a double, since joining and delivering never overlap.
 */
export class StreamReader {
  private readonly audience = new StreamAudience();
  private ring: StreamItem[] = [];
  private floor = 0;
  private position = 0;
  private pumping: Promise<void> | undefined;
  private isStale = false;

  private constructor(
    readonly source: StreamSource,
    private readonly failed: (error: unknown) => void,
  ) {}

  /**
   * @param failed told of failed reads, which are repeated
   * @throws ViewsUnavailable
   */
  static async start(source: StreamSource, failed: (error: unknown) => void): Promise<StreamReader> {
    const reader = new StreamReader(source, failed);
    const { seq } = await source.head();
    reader.floor = seq;
    reader.position = seq;
    return reader;
  }

  /** The view may have changed. */
  wake(): void {
    this.isStale = true;
    this.pumping ??= this.pump().finally(() => {
      this.pumping = undefined;
      if (this.isStale) this.wake();
    });
  }

  /**
   * Makes the client live if all that comes after its `cursor` is at hand, and sends that.
   * @returns whether the client is live now
   */
  join(client: StreamClient, cursor: number): boolean {
    if (cursor < this.floor || cursor > this.position) return false;
    const frames: Buffer[] = [];
    let bytes = 0;
    for (let index = firstAfter(this.ring, cursor); index < this.ring.length; index++) {
      const item = this.ring[index];
      if (item === undefined || !item.isFor(client.filter)) continue;
      const frame = item.frame(client.show);
      bytes += frame.length;
      if (bytes > JOIN_BYTES_MAX) return false;
      frames.push(frame);
    }
    if (frames.length > 0) client.sendLive(Buffer.concat(frames));
    if (!client.isClosed) this.audience.add(client);
    return true;
  }

  leave(client: StreamClient): void {
    this.audience.remove(client);
  }

  /** Looks at the view once more. @returns whether the reader has come as far as a client's `cursor` */
  async reach(cursor: number): Promise<boolean> {
    this.wake();
    await this.pumping;
    return this.position >= cursor;
  }

  private async pump(): Promise<void> {
    try {
      while (this.isStale) {
        this.isStale = false;
        const head = await this.source.head();
        while (this.position < head.seq) {
          const { items, upTo } = await this.source.slice(this.position, head.seq, SLICE_ITEMS);
          this.advance(items, upTo);
          await breathe();
        }
      }
    } catch (error) {
      // Clients stay and miss nothing.
      this.isStale = false;
      this.failed(error);
      if (error instanceof GenerationChanged) return;
      setTimeout(() => this.wake(), RETRY_MS).unref();
    }
  }

  private advance(items: readonly StreamItem[], upTo: number): void {
    this.position = upTo;
    for (const item of items) this.ring.push(item);
    if (this.ring.length > 2 * RING_ITEMS) {
      const dropped = this.ring.splice(0, this.ring.length - RING_ITEMS);
      this.floor = dropped[dropped.length - 1]?.seq ?? this.floor;
    }
    if (!this.audience.isEmpty) this.audience.deliver(items);
  }
}

/** Index of the first item after a seq. */
function firstAfter(items: readonly StreamItem[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
