import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamHub, type StreamHubLimits } from '../streams/stream-hub';
import { accountsView, entriesView, type AccountRow, type EntryRow, type LedgerEntry } from './ledger.fixture';
import { LedgerWorld } from './ledger-world';
import { eventually, type ReadingSide } from './reading-side';
import { SseClient, type SseEvent } from './sse-client';
import type { TestDatabase } from './stores';

const showAccount = ({ id, owner, total }: AccountRow): object => ({ id, owner, total });
const showEntry = ({ id, place, sequence }: EntryRow): object => ({ id, place, sequence });

export const handedOver = (id: string, owner: string): LedgerEntry => ({
  id,
  event: { type: 'HandedOver', data: { owner } },
});
export const closed = (id: string): LedgerEntry => ({ id, event: { type: 'Closed', data: {} } });

/** What a client that applies a table stream sees in the end. */
export function applied(events: readonly SseEvent[], keyOf: (data: unknown) => unknown): Map<unknown, unknown> {
  const rows = new Map<unknown, unknown>();
  for (const { event, data } of events) {
    if (event === 'reset') rows.clear();
    else if (event === 'message') rows.set(keyOf(data), data);
    else if (event === 'delete') rows.delete(keyOf(data));
  }
  return rows;
}
export const idOf = (data: unknown): unknown => (data as { id: unknown }).id;

/** The ledger's views served as streams, new for every test of a suite: `/accounts?owner=…`, `/entries?id=…`. */
export class StreamWorld {
  openFailures: unknown[] = [];
  private readonly ledger: LedgerWorld;
  private readonly clients: SseClient[] = [];
  private opened: { readonly side: ReadingSide; hub: StreamHub; server: Server } | undefined;

  /** Registers the set-up and the clean-up with the suite around. */
  constructor(makeDatabase: () => Promise<TestDatabase>) {
    this.ledger = new LedgerWorld(makeDatabase);
    beforeEach(async () => {
      this.openFailures = [];
      const side = await this.ledger.open();
      await side.projector.start();
      this.opened = { side, ...(await this.serve(side, {})) };
    });
    afterEach(() => {
      for (const client of this.clients.splice(0)) client.destroy();
      this.hub.close();
      this.opened?.server.closeAllConnections();
      this.opened?.server.close();
    });
  }

  get side(): ReadingSide {
    return this.running.side;
  }

  get hub(): StreamHub {
    return this.running.hub;
  }

  /** Serves with other limits. */
  async restart(limits: Partial<StreamHubLimits>): Promise<void> {
    const { side, hub, server } = this.running;
    hub.close();
    server.close();
    this.opened = { side, ...(await this.serve(side, limits)) };
  }

  connect(path: string, lastEventId?: string, shouldRead = true): SseClient {
    const { port } = this.running.server.address() as AddressInfo;
    const client = new SseClient(`http://127.0.0.1:${port}${path}`, lastEventId, shouldRead);
    this.clients.push(client);
    return client;
  }

  write(entries: readonly LedgerEntry[]): Promise<void> {
    return this.ledger.write(entries);
  }

  async projected(): Promise<void> {
    for (const view of [accountsView.name, entriesView.name]) {
      expect(await this.side.progress.waitUntilEnd(view, 20_000)).toBe('reached');
    }
  }

  private get running(): NonNullable<StreamWorld['opened']> {
    if (this.opened === undefined) throw new Error('no test is running');
    return this.opened;
  }

  private async serve(
    side: ReadingSide,
    limits: Partial<StreamHubLimits>,
  ): Promise<{ hub: StreamHub; server: Server }> {
    const hub = new StreamHub(side.store, side.signals, () => undefined, limits);
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const where = Object.fromEntries(url.searchParams);
      const lastEventId = request.headers['last-event-id'];
      const resume = { lastEventId: Array.isArray(lastEventId) ? lastEventId[0] : lastEventId };
      const opening =
        url.pathname === '/accounts'
          ? hub.open({ view: accountsView, where, show: showAccount, ...resume }, response)
          : hub.open({ view: entriesView, where, show: showEntry, ...resume }, response);
      opening.catch((error: unknown) => {
        this.openFailures.push(error);
        response.writeHead(500).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { hub, server };
  }
}

export const caughtUp = (client: SseClient): Promise<unknown> =>
  eventually(
    () => client.isCaughtUp,
    (is) => is,
  );
