import { Agent, request } from 'node:http';

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What is sent beside method and path; a body goes as JSON. */
export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const timeoutMs = 60_000;

/** An HTTP client for load: a fixed number of connections that are kept open, and little work per request. */
export class HttpClient {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, { connections = 16 }: { connections?: number } = {}) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
  }

  /** @throws Error when the connection is refused or lost before the whole answer is there: the outcome is then not known */
  send(method: string, path: string, { headers, body }: HttpRequest = {}): Promise<HttpAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.#url}${path}`,
        {
          method,
          agent: this.#agent,
          timeout: timeoutMs,
          headers: {
            ...(payload === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
            ...headers,
          },
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (part: string) => (text += part));
          answer.on('error', reject);
          answer.on('end', () => {
            if (answer.complete) resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
            else reject(new Error('the answer was cut'));
          });
          answer.on('close', () => reject(new Error('the answer was cut')));
        },
      );
      outgoing.on('error', reject);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      outgoing.end(payload);
    });
  }

  /** Closes the connections that are idle. */
  close(): void {
    this.#agent.destroy();
  }
}
