import { request, type ClientRequest, type IncomingMessage } from 'node:http';

/** An event as a browser's EventSource would give it. */
export interface SseEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Reads a stream until it is told to stop. */
export class SseClient {
  readonly events: SseEvent[] = [];
  comments = 0;
  retryMs: number | undefined;
  lastEventId: string | undefined;
  isEnded = false;
  status = 0;
  headers: IncomingMessage['headers'] = {};
  private buffered = '';
  private readonly request: ClientRequest;
  private response: IncomingMessage | undefined;

  /** @param shouldRead false: takes the headers and then nothing more */
  constructor(url: string, lastEventId?: string, shouldRead = true) {
    this.lastEventId = lastEventId;
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    this.request = request(url, { headers, agent: false }, (response) => {
      this.response = response;
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.on('close', () => {
        this.isEnded = true;
      });
      response.on('error', () => undefined);
      if (!shouldRead) response.pause();
      else response.setEncoding('utf8').on('data', (text: string) => this.take(text));
    });
    this.request.on('error', () => {
      this.isEnded = true;
    });
    this.request.end();
  }

  get items(): SseEvent[] {
    return this.events.filter(({ event }) => event === 'message');
  }

  get isCaughtUp(): boolean {
    return this.events.some(({ event }) => event === 'caught-up');
  }

  /** Goes without a word. */
  destroy(): void {
    this.response?.destroy();
    this.request.destroy();
  }

  private take(text: string): void {
    this.buffered += text;
    for (let end = this.buffered.indexOf('\n\n'); end >= 0; end = this.buffered.indexOf('\n\n')) {
      this.takeBlock(this.buffered.slice(0, end));
      this.buffered = this.buffered.slice(end + 2);
    }
  }

  private takeBlock(block: string): void {
    let event = 'message';
    let id: string | undefined;
    let data: string | undefined;
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const field = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (field === '') this.comments++;
      else if (field === 'event') event = value;
      else if (field === 'id') id = value;
      else if (field === 'data') data = value;
      else if (field === 'retry') this.retryMs = Number(value);
    }
    if (id !== undefined) this.lastEventId = id;
    if (data !== undefined) this.events.push({ event, id, data: JSON.parse(data) });
  }
}
