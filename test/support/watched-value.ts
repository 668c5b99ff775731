import { pause } from '../../scripts/process/wait.ts';
import { EventStream, type StreamOptions } from './event-stream.ts';
import { HttpClient } from './http-client.ts';
import { member } from './ledger-of-attempts.ts';

const within = 30_000;
const lookEveryMs = 10;

/**
 * One value with a writer that reads each of its writes back (G8), and a stream that comes back with its `Last-Event-ID` whenever the
 * server ends it (G7).
 */
export class WatchedValue {
  /** Results in the order in which they were acknowledged. */
  readonly written: number[] = [];
  /** Results in the order in which the stream told of them. */
  readonly seen: number[] = [];
  readonly complaints: string[] = [];
  readonly #client: HttpClient;
  readonly #url: string;
  readonly id: string;
  /** Of the value's first write, so that its stream is there. */
  readonly #token: string;
  #stopping = false;
  #isWritten = false;
  #patience: AbortSignal = new AbortController().signal;
  #writer: Promise<void> = Promise.resolve();
  #reader: Promise<void> = Promise.resolve();

  private constructor(url: string, id: string, token: string, client: HttpClient) {
    this.#url = url;
    this.#token = token;
    this.id = id;
    this.#client = client;
  }

  static async start(url: string): Promise<WatchedValue> {
    const client = new HttpClient(url, { connections: 1 });
    const created = await client.send('POST', '/values', { headers: { prefer: 'wait=20' }, body: { value: 0 } });
    const id = member(JSON.parse(created.body), 'id');
    if (created.status !== 201 || typeof id !== 'string') throw new Error(`POST /values answers ${created.status}`);
    const watched = new WatchedValue(url, id, String(created.headers['consistency-token']), client);
    watched.written.push(0);
    watched.#writer = watched.#write();
    watched.#reader = watched.#read();
    return watched;
  }

  /** Resolves when the stream has told of all that was written, or has had its time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#writer;
    this.#isWritten = true;
    this.#patience = AbortSignal.timeout(within);
    await this.#reader;
    this.#client.close();
  }

  async #write(): Promise<void> {
    for (let result = 1; !this.#stopping; result++) {
      try {
        const body = { operation: 'ADD', value: 1 };
        const put = await this.#client.send('PUT', `/values/${this.id}`, { headers: { prefer: 'wait=20' }, body });
        if (put.status !== 200) this.complaints.push(`PUT was answered ${put.status} ${put.body}`);
        this.written.push(result);
        const headers = { 'consistency-token': String(put.headers['consistency-token']) };
        const get = await this.#client.send('GET', `/values/${this.id}`, { headers });
        const value = member(JSON.parse(get.body), 'value');
        if (get.status !== 200 || value !== result) this.complaints.push(`GET was answered ${get.status} ${get.body}`);
      } catch (error) {
        this.complaints.push(String(error));
        return;
      }
    }
  }

  async #read(): Promise<void> {
    let options: StreamOptions = { headers: { 'consistency-token': this.#token } };
    try {
      while (!this.#isTold) {
        const stream = await EventStream.open(`${this.#url}/values/${this.id}/changes`, options);
        await this.#follow(stream);
        stream.close();
        options = { ...options, ...(stream.lastEventId !== undefined && { lastEventId: stream.lastEventId }) };
      }
    } catch (error) {
      this.complaints.push(String(error));
    }
  }

  /** Resolves when the stream has ended, or has told of everything. */
  async #follow(stream: EventStream): Promise<void> {
    let taken = 0;
    while (!this.#isTold) {
      const hasEnded = stream.ended;
      for (const { event, data } of stream.events.slice(taken)) {
        taken++;
        if (event === 'message') this.seen.push(Number(member(JSON.parse(data), 'value')));
        else if (event !== 'caught-up') this.complaints.push(`the stream told of ${event}`);
      }
      if (hasEnded) return;
      if (this.#patience.aborted) throw new Error('the stream did not tell of everything in time');
      await pause(lookEveryMs);
    }
  }

  /** Nothing more will be written, and the stream has told of all that was. */
  get #isTold(): boolean {
    return this.#isWritten && this.seen.length >= this.written.length;
  }
}
