import { eventually } from './eventually.ts';

/** One server-sent event; `event` is `message` when the server names none. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

/** How a stream is opened. */
export interface StreamOptions {
  readonly lastEventId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client of one server-sent event stream, which keeps all that it received. */
export class EventStream {
  readonly response: Response;
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  /** The last `retry:` the server sent, in milliseconds. */
  retryMs: number | undefined;
  /** The last `id:` received; what a client sends as `Last-Event-ID` when it comes back. */
  lastEventId: string | undefined;
  /** True when the server has ended the stream, or the connection was lost. */
  ended = false;
  readonly #abort: AbortController;
  #taken = 0;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
  }

  /** @throws Error when the answer is no event stream */
  static async open(url: string, { lastEventId, headers }: StreamOptions = {}): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(url, {
      headers: {
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        ...headers,
      },
      signal: abort.signal,
    });
    const type = response.headers.get('content-type') ?? '';
    if (response.status !== 200 || !type.startsWith('text/event-stream') || response.body === null) {
      throw new Error(`no event stream: ${response.status} ${type} ${await response.text()}`);
    }
    const stream = new EventStream(response, abort);
    void stream.#read(response.body);
    return stream;
  }

  /** The next event that was not taken yet. */
  async next({ within = 5_000 }: { within?: number } = {}): Promise<StreamEvent> {
    const event = await eventually(() => this.events[this.#taken] ?? false, { within });
    this.#taken++;
    return event;
  }

  /** Takes events up to and including the first that matches, and answers them all. */
  async until(
    matches: (event: StreamEvent) => boolean,
    { within = 5_000 }: { within?: number } = {},
  ): Promise<readonly StreamEvent[]> {
    const start = this.#taken;
    const found = await eventually(
      () => {
        const index = this.events.findIndex((event, at) => at >= start && matches(event));
        return index >= 0 && index;
      },
      { within },
    );
    this.#taken = found + 1;
    return this.events.slice(start, this.#taken);
  }

  /** Takes the snapshot: all events before `caught-up`. */
  async untilCaughtUp(options: { within?: number } = {}): Promise<readonly StreamEvent[]> {
    const events = await this.until((event) => event.event === 'caught-up', options);
    return events.slice(0, -1);
  }

  /** Waits until the server ends the stream. */
  async end(options: { within?: number } = {}): Promise<void> {
    await eventually(() => this.ended, options);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of body) {
        const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // Closed by us, or lost: both end the stream.
    }
    this.ended = true;
  }

  #take(block: string): void {
    const data: string[] = [];
    let event = 'message';
    for (const line of block.split(/\r?\n/)) {
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (colon === 0) this.comments.push(value);
      else if (field === 'data') data.push(value);
      else if (field === 'event') event = value;
      else if (field === 'id') this.lastEventId = value;
      else if (field === 'retry') this.retryMs = Number(value);
    }
    if (data.length > 0) this.events.push({ id: this.lastEventId, event, data: data.join('\n') });
  }
}
