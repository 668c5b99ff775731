import { Client } from 'pg';

export const CHANNEL = 'views';

const RETRY_MS_MAX = 1_000;

/**
 * Hears from other processes which view has changed, on a connection of its own that comes back by itself. A lost connection may have
 * lost notifications, so every new one says that anything may have changed.
 */
export class PostgresListener {
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private delayMs = 50;
  private closed = false;

  /**
   * @param url where PostgreSQL is
   * @param self notifications with this origin are not news
   * @param heard told the view's name, or `undefined` for any
   */
  constructor(
    private readonly url: string,
    private readonly self: string,
    private readonly heard: (view: string | undefined) => void,
  ) {}

  /** Starts listening; does not wait. */
  start(): void {
    void this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private async connect(): Promise<void> {
    const client = new Client({ connectionString: this.url, keepAlive: true, connectionTimeoutMillis: 5_000 });
    this.client = client;
    client.on('error', () => undefined);
    client.on('end', () => this.again(client));
    client.on('notification', ({ payload }) => this.notified(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.delayMs = 50;
      this.heard(undefined);
    } catch {
      await client.end().catch(() => undefined);
      this.again(client);
    }
  }

  private again(client: Client): void {
    if (this.closed || client !== this.client) return;
    this.client = undefined;
    this.timer = setTimeout(() => void this.connect(), this.delayMs);
    this.delayMs = Math.min(this.delayMs * 2, RETRY_MS_MAX);
  }

  private notified(payload: string): void {
    const [view, origin] = payload.split(' ');
    if (origin !== this.self) this.heard(view);
  }
}
