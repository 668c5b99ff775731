import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import type { RowShape } from '../../../kernel/view';
import { MemoryLog } from '../../log/testing/memory-log';
import type { Projection } from '../projection';
import { StreamHub } from '../streams/stream-hub';
import { accountsView, entriesView, LedgerWriter, type LedgerEntry } from '../testing/ledger.fixture';
import { eventually, ledgerProjections, readingSide, type ReadingSide } from '../testing/reading-side';
import { SseClient } from '../testing/sse-client';
import { administer, postgresDatabase, postgresServer, type TestDatabase } from '../testing/stores';
import { takeOwnership } from '../view-reads';
import { foldBatch } from '../view-fold';
import { boundedPool } from './postgres-pool';
import { PostgresReadStore } from './postgres.store';
import { ViewsUnavailable } from '../views.errors';

const TOPIC = 'ledger.events';

/** A view whose one row every partition writes to. */
const totals: Projection = {
  name: 'test.totals',
  topics: [TOPIC],
  stream: 'table',
  table: { name: 'test_totals', columns: { id: 'text', count: 'integer' }, key: ['id'] },
  read: () => undefined,
};

describe('views in PostgreSQL, in several processes', () => {
  let database: TestDatabase & { readonly url: string };
  const closing: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    database = await postgresDatabase(postgresServer());
  });

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await database.drop();
  });

  const booked = (id: string): LedgerEntry => ({ id, event: { type: 'Booked', data: { amount: 1, tags: [] } } });
  const open = async (log: MemoryLog): Promise<ReadingSide> => {
    const side = await readingSide(log, await database.open());
    closing.push(() => side.close());
    return side;
  };

  it('makes its tables once when several processes start at once', async () => {
    const log = new MemoryLog('log-1');
    const sides = await Promise.all(Array.from({ length: 5 }, () => open(log)));
    expect(sides.map(({ store }) => store.view(accountsView.name).generation)).toEqual([1, 1, 1, 1, 1]);
  });

  it('counts tables that somebody has taken away as unavailable, until the next start makes them again', async () => {
    const log = new MemoryLog('log-1');
    const { store } = await open(log);
    await administer(database.url, 'drop schema views cascade');
    const read = () => store.from(accountsView.table).selectAll().executeTakeFirst();
    await expect(read()).rejects.toThrow(ViewsUnavailable);
    await open(log);
    expect(await read()).toBeUndefined();
  });

  it('G6: writers of one view in several processes lose nothing of each other', async () => {
    const stores = await Promise.all([0, 1, 2].map(() => database.open()));
    for (const store of stores) {
      closing.push(() => store.close());
      await store.prepare('log-1', [totals]);
    }
    const increment = {
      key: { id: 'sum' },
      update: (row: RowShape | undefined) => ({ id: 'sum', count: Number(row?.['count'] ?? 0) + 1 }),
    };
    await Promise.all(
      stores.map(async (store, partition) => {
        const { codec } = store.view(totals.name);
        const { epoch } = await takeOwnership(store, totals.name, TOPIC, partition, 0);
        for (let offset = 0; offset < 40; offset++) {
          await store.commit(totals.name, {
            keys: new Map([['sum', ['sum']]]),
            fold: (existing, seq) => foldBatch(codec, 'table', [[increment]], existing, seq),
            moves: [{ topic: TOPIC, partition, epoch, from: offset, to: offset + 1, sequence: offset + 1 }],
            also: [],
          });
        }
      }),
    );
    const [store] = stores;
    const row = await store?.from(totals.table).selectAll().executeTakeFirst();
    expect(row).toMatchObject({ count: 120, seq: 120 });
  });

  it('G8: a process that does not project hears of a commit at once', async () => {
    const log = new MemoryLog('log-1');
    const projecting = await open(log);
    const asking = await open(log);
    await projecting.projector.start();
    const writer = new LedgerWriter(2);
    const started = performance.now();
    for (let sequence = 1; sequence <= 30; sequence++) {
      const waiting = asking.progress.waitFor(entriesView.name, { topic: TOPIC, partition: 0, sequence }, 5_000);
      await log.append([writer.record(booked('a0'))]);
      expect(await waiting).toBe('reached');
    }
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(await asking.progress.waitUntilEnd(entriesView.name, 5_000)).toBe('reached');
  });

  it('G7: streams in a process that does not project, live and through the loss of every connection', async () => {
    const log = new MemoryLog('log-1');
    const projecting = await open(log);
    const serving = await open(log);
    await projecting.projector.start();
    const hub = new StreamHub(serving.store, serving.signals, () => undefined, { tickMs: 60_000 });
    const show = ({ place, sequence }: { place: number; sequence: number }): object => ({ place, sequence });
    const server = createServer((_, response) => {
      hub.open({ view: entriesView, show }, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      hub.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const client = new SseClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await eventually(
      () => client.isCaughtUp,
      (is) => is,
    );
    const writer = new LedgerWriter(2);
    for (let round = 0; round < 30; round++) {
      await log.append(Array.from({ length: 20 }, (_, index) => writer.record(booked(`a${index % 4}`))));
      if (round % 10 === 5) {
        await administer(
          database.url,
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await eventually(
      () => client.items.length,
      (length) => length >= 600,
      20_000,
    );
    const seen = client.items.map(({ data }) => JSON.stringify(data));
    expect(seen).toHaveLength(600);
    expect(new Set(seen).size).toBe(600);
    await eventually(
      () => projecting.projector.failures(),
      ({ length }) => length === 0,
    );
    expect(projecting.projector.isReady).toBe(true);
    expect(projecting.fatal).toEqual([]);
  });

  it('goes on when another process stops in the middle of its transaction', async () => {
    const log = new MemoryLog('log-1');
    const stopped = await database.open();
    closing.push(() => stopped.close());
    await stopped.prepare(log.id, ledgerProjections);
    const holding = stopped.db
      .transaction()
      .execute(async (transaction) => {
        await sql`select seq from stream_counters where view = ${accountsView.name} for update`.execute(transaction);
        await new Promise((resolve) => setTimeout(resolve, 8_000));
        await sql`update stream_counters set seq = 99`.execute(transaction);
      })
      .then(
        () => 'committed',
        () => 'rolled back',
      );
    const side = await open(log);
    await side.projector.start();
    const writer = new LedgerWriter(2);
    await log.append([writer.record({ id: 'a0', event: { type: 'Opened', data: { owner: 'alice', amount: 1 } } })]);
    expect(await side.progress.waitFor(accountsView.name, { topic: TOPIC, partition: 0, sequence: 1 }, 15_000)).toBe(
      'reached',
    );
    expect(await holding).toBe('rolled back');
    expect(await side.store.from(accountsView.table).select('id').execute()).toEqual([{ id: 'a0' }]);
  }, 30_000);

  it('gives back a connection that dies before it is prepared, and loses no place in its pool', async () => {
    const pool = boundedPool({ url: database.url, connectionsMax: 1, lockMs: -1 });
    // The server refuses that setting, as a connection that dies would: with one place each has to find it free again.
    for (let count = 0; count < 3; count++) await expect(pool.connect()).rejects.toThrow();
    await pool.end();
  });

  it('says that the views are unavailable when no server answers', async () => {
    await expect(PostgresReadStore.open({ url: 'postgres://nobody@127.0.0.1:9/none' })).rejects.toThrow(
      ViewsUnavailable,
    );
  });
});
