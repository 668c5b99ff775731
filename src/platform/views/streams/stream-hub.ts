import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { RowShape, TableDefinition } from '../../../kernel/view';
import type { ReadStore } from '../read-store.port';
import type { ViewSignals } from '../view-signals';
import { HEARTBEAT, parsePosition, RESET, retryFrame, SSE_HEADERS } from './sse.frames';
import { catchUp, type CatchUpStart } from './stream-catch-up';
import { StreamClient, type StreamLimits } from './stream-client';
import { StreamFilter } from './stream-filter';
import type { ShowRow } from './stream-item';
import { StreamReader } from './stream-reader';
import { GenerationChanged, SqlStreamSource, type StreamHead } from './stream-source';

/** Every client gets a comment once in so many ticks: well within the promised 15 s. */
const BEAT_TICKS = 12;
/** Signals may get lost with their connection: so often every reader looks by itself. */
const LOOK_TICKS = 5;

export interface StreamHubLimits extends StreamLimits {
  /** The hub's clock: heartbeats, checks of slow clients, looks without a signal. */
  readonly tickMs: number;
}

const LIMITS: StreamHubLimits = { unreadBytesMax: 256 * 1024, drainMsMax: 30_000, tickMs: 1_000 };

/** What a client asks for. */
export interface StreamRequest<Row extends RowShape> {
  readonly view: { readonly name: string; readonly table: TableDefinition<Row> };
  /** Equality on columns of the key or of an index; default all rows. */
  readonly where?: Partial<Row>;
  /** How a row is shown. One and the same function for every client of a route: each row is encoded once for it. */
  readonly show: (row: Row) => object;
  /** The request's `Last-Event-ID`. */
  readonly lastEventId?: string | undefined;
  /** Called once, when nothing can be refused any more, right before the answer begins (the place to take over a reply). */
  readonly begin?: () => void;
  /** Milliseconds since the epoch: the stream ends then, because the token that opened it expires. Default: never. */
  readonly endsAt?: number | undefined;
  /** Further headers of the answer. */
  readonly headers?: OutgoingHttpHeaders;
}

/** A running stream, for who wants to end it early. */
export interface OpenStream {
  close(): void;
}

interface Channel {
  readonly release: () => void;
  readonly reader: Promise<StreamReader>;
  readonly clients: Set<StreamClient>;
}

/** Serves views as server-sent events: snapshot, `caught-up`, live; resumable; no gap, no double (G7). */
export class StreamHub {
  private readonly channels = new Map<string, Channel>();
  private readonly beats: Set<StreamClient>[] = Array.from({ length: BEAT_TICKS }, () => new Set());
  private readonly limits: StreamHubLimits;
  private readonly unsubscribe: () => void;
  private readonly timer: NodeJS.Timeout;
  private ticks = 0;
  private isClosed = false;

  /** @param failed told of failed reads; they are repeated */
  constructor(
    private readonly store: ReadStore,
    private readonly signals: ViewSignals,
    private readonly failed: (error: unknown) => void,
    limits: Partial<StreamHubLimits> = {},
  ) {
    this.limits = { ...LIMITS, ...limits };
    this.unsubscribe = signals.on((view) => this.wake(view));
    this.timer = setInterval(() => this.tick(), this.limits.tickMs);
    this.timer.unref();
  }

  /** Clients now. */
  get clientCount(): number {
    return this.beats.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Answers with a stream until the client goes, does not read, or the hub closes. The response must be untouched.
   * @throws ViewsUnavailable before anything is sent
   * @throws InvalidRow when `where` names a column without an index
   */
  async open<Row extends RowShape>(request: StreamRequest<Row>, response: ServerResponse): Promise<OpenStream> {
    const { name } = request.view;
    const known = this.store.view(name);
    const { codec, generation } = await this.store.refresh(name);
    if (generation !== known.generation) this.renew(name);
    const filter = new StreamFilter(codec, request.where ?? {});
    const channel = this.channel(name);
    const beat = this.beats[this.ticks % BEAT_TICKS] ?? new Set();
    // It counts from now on, so that the channel stays while we wait for it.
    const left = (client: StreamClient): void => {
      beat.delete(client);
      this.left(name, channel, client);
    };
    const client = new StreamClient(response, this.limits, filter, erased(request.show), left, request.endsAt);
    channel.clients.add(client);
    try {
      const reader = await channel.reader;
      const head = await reader.source.head();
      if (client.isClosed) return { close: () => undefined };
      if (this.channels.get(name) !== channel) throw new GenerationChanged(name);
      const position = startOf(request.lastEventId, generation, head, reader.source.view.projection.stream);
      request.begin?.();
      response.writeHead(200, { ...request.headers, ...SSE_HEADERS });
      if (this.isClosed) {
        client.end(retryFrame());
        return { close: () => undefined };
      }
      beat.add(client);
      client.sendLive(Buffer.concat(position.isReset ? [retryFrame(), RESET] : [retryFrame()]));
      catchUp(reader, client, position).catch((error: unknown) => {
        this.failed(error);
        client.drop();
      });
    } catch (error) {
      beat.delete(client);
      this.left(name, channel, client);
      throw error;
    }
    return { close: () => client.end(retryFrame()) };
  }

  /** Ends every stream with a `retry:` line. */
  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.unsubscribe();
    for (const clients of this.beats) {
      for (const client of clients) client.end(retryFrame());
    }
  }

  private channel(name: string): Channel {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      const reader = StreamReader.start(new SqlStreamSource(this.store, name), (error) => {
        if (error instanceof GenerationChanged) this.renew(name);
        else this.failed(error);
      });
      channel = { reader, clients: new Set(), release: this.signals.attend(name) };
      this.channels.set(name, channel);
    }
    return channel;
  }

  /** Another generation has become live: its rows may differ, so clients come again, and are told to begin afresh. */
  private renew(name: string): void {
    const channel = this.channels.get(name);
    if (channel === undefined) return;
    this.channels.delete(name);
    channel.release();
    for (const clients of this.beats) {
      for (const client of clients) {
        if (channel.clients.has(client)) client.end(retryFrame());
      }
    }
  }

  private left(name: string, channel: Channel, client: StreamClient): void {
    channel.clients.delete(client);
    channel.reader.then(
      (reader) => reader.leave(client),
      () => undefined,
    );
    if (channel.clients.size > 0 || this.channels.get(name) !== channel) return;
    this.channels.delete(name);
    channel.release();
  }

  private wake(view: string | undefined): void {
    for (const [name, { reader }] of this.channels) {
      if (view !== undefined && view !== name) continue;
      reader.then(
        (ready) => ready.wake(),
        () => undefined,
      );
    }
  }

  private tick(): void {
    this.ticks++;
    const now = performance.now();
    const time = Date.now();
    for (const clients of this.beats) {
      for (const client of clients) {
        if (client.endsAt <= time) client.end(retryFrame());
        else client.checkDrained(now);
      }
    }
    for (const client of this.beats[this.ticks % BEAT_TICKS] ?? []) client.beat(HEARTBEAT);
    if (this.ticks % LOOK_TICKS === 0) this.wake(undefined);
  }
}

/** A position that we cannot continue from means a reset and a fresh snapshot. */
function startOf(
  lastEventId: string | undefined,
  generation: number,
  head: StreamHead,
  kind: 'log' | 'table' | undefined,
): CatchUpStart & { isReset: boolean } {
  const fresh = { cursor: 0, head: head.seq };
  if (lastEventId === undefined || lastEventId === '') return { ...fresh, isReset: false };
  const position = parsePosition(lastEventId);
  const isKnown = position !== undefined && position.generation === generation && position.seq <= head.seq;
  if (!isKnown || (kind === 'table' && position.seq < head.pruned)) return { ...fresh, isReset: true };
  return { cursor: position.seq, head: head.seq, isReset: false };
}

/** Safe because the hub hands it rows of the request's own table alone. */
function erased<Row extends RowShape>(show: (row: Row) => object): ShowRow {
  const shown: unknown = show;
  return shown as ShowRow;
}
