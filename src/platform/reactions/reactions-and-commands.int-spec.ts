import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandMessage } from '../../kernel/command';
import { processOf } from '../../kernel/process';
import { CommandGateway, type CommandOutcome } from '../commands/command-gateway';
import { PendingReplies } from '../commands/pending-replies';
import { Processors } from '../commands/processors';
import { StateStore } from '../commands/state-store';
import { SystemFailures } from '../commands/system-failures';
import type { Feature } from '../feature';
import { EmbeddedLog } from '../log/embedded/embedded-log';
import { readRange } from '../log/read-range';
import type { LogRecord } from '../log/log.port';
import { topicSpecs } from '../platform.topics';
import { MetricsService } from '../telemetry/metrics.service';
import type { View } from '../../kernel/view';
import { decodeEvent } from '../log/envelope';
import { projectionOf } from '../views/projection';
import { StoredViewOperations } from '../views/rebuild/view-operations';
import { eventually, readingSide } from '../views/testing/reading-side';
import { sqliteDatabase } from '../views/testing/stores';
import { reactionsOf } from './reactions-of';
import { ReactionRequests } from './reaction-requests';
import { noteBeginnings, Reactors } from './reactors';
import {
  CountParcels,
  delivery,
  depot,
  parcelEvents,
  parcelsFeature,
  SendParcel,
  type ParcelEvent,
} from './testing/parcel.fixture';

type ParcelRow = { readonly id: string; readonly what: string };

const parcelsView: View<ParcelRow, ParcelEvent> = {
  name: 'parcels.log',
  sources: [parcelEvents],
  table: { name: 'parcels_log', columns: { id: 'text', what: 'text' }, key: ['id'], indexes: [] },
  project: ({ id, type: what }) => [{ key: { id }, update: () => ({ id, what }) }],
};

const metadata = (waitMs = 10_000) => {
  const ids = { commandId: randomUUID(), correlationId: randomUUID() };
  return { ...ids, identity: 'alice', receivedAt: 1_000, sender: { waitMs } };
};
const send = (from: string, to: string) => new SendParcel(from, { to, weight: 1 }, metadata());

describe('Reactions and commands on the embedded log', () => {
  const closing: (() => Promise<unknown>)[] = [];
  let log: EmbeddedLog;
  let gateway: CommandGateway;
  let failures: SystemFailures;
  const failed: string[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    failed.length = 0;
  });

  async function start(feature: Feature = parcelsFeature): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'reactions-'));
    closing.push(() => rm(directory, { recursive: true }));
    log = await EmbeddedLog.open({ directory, partitions: 4, partitionsExplicit: false });
    closing.push(() => log.close());
    await log.ensureTopics(topicSpecs([feature]));
    const database = await sqliteDatabase();
    const store = await database.open();
    closing.push(async () => {
      await store.close();
      await database.drop();
    });
    await store.prepare(log.id, []);
    const reactions = reactionsOf([feature]);
    await noteBeginnings(log, reactions);
    const state = await StateStore.open(directory, log.id);
    closing.push(() => state.close());
    const replies = new PendingReplies();
    closing.push(async () => replies.close());
    gateway = new CommandGateway(log, replies, 'me', Buffer.from('secret'));
    failures = new SystemFailures(new MetricsService(), [feature.name], ({ outcome }) => void failed.push(outcome));
    const processors = new Processors(
      log,
      [feature],
      { store: state, onReply: (reply) => replies.settle(reply) },
      { committed: (batch) => failures.committed(batch), fenced: () => undefined },
    );
    const untold = { reacted: () => undefined, fenced: () => undefined, trouble: () => undefined };
    const reactors = new Reactors(log, reactions, new ReactionRequests(store), untold);
    await Promise.all([processors.start(), reactors.start()]);
    closing.push(() => processors.close());
    closing.push(() => reactors.close());
  }

  const ask = (command: CommandMessage): Promise<CommandOutcome> => gateway.send(depot, command);

  async function eventsOf(type: string): Promise<LogRecord[]> {
    const found: LogRecord[] = [];
    for (let partition = 0; partition < log.partitions('parcels.events'); partition++) {
      const { end } = await log.bounds('parcels.events', partition);
      for await (const records of readRange(log, 'parcels.events', partition, 0, end)) {
        found.push(...records.filter(({ headers }) => headers['ce_type'] === type));
      }
    }
    return found;
  }

  const arrived = (count: number) =>
    eventually(
      () => eventsOf('Arrived'),
      (found) => found.length >= count,
    );

  it('wake each other: neither the event nor the command waits for a look', async () => {
    await start();
    // Each waits for the one before: with a look every second in the way, these would take a minute.
    for (let index = 0; index < 60; index++) {
      await ask(send(`depot-${index % 7}`, `depot-${index % 5}`));
      await arrived(index + 1);
    }
    expect(await eventsOf('Arrived')).toHaveLength(60);
  }, 15_000);

  it('give the sender the decision of its own command, and each leg of it to one aggregate', async () => {
    await start();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask(send(`depot-${index}`, 'depot-0'))),
    );
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'decided', decision: { status: 'accepted' }, replayed: false });
    }
    const [first] = await arrived(50);
    expect(await ask(new CountParcels('depot-0', {}, metadata()))).toMatchObject({
      decision: { reply: { weight: 49 } },
    });
    expect(first?.headers).toMatchObject({ identity: 'system:parcels' });
    expect(failures.details).toBeUndefined();
  });

  it('tell of a command of a process that is not accepted', async () => {
    const { decider } = depot;
    const refusing = {
      ...depot,
      decider: {
        ...decider,
        decide: (command: CommandMessage, state: unknown) => {
          if (command.type === 'ReceiveParcel') throw new Error('no room');
          return decider.decide(command as never, state);
        },
      },
    };
    await start({ ...parcelsFeature, aggregates: [refusing] });
    await ask(send('depot-1', 'depot-2'));
    await eventually(
      () => failures.details?.failedCommandsOfProcesses,
      (count) => count === 1,
    );
    expect(failures.details?.last).toMatchObject({
      command: 'ReceiveParcel',
      identity: 'system:parcels',
      outcome: 'parked',
    });
    expect(failed).toEqual(['parked']);
  });

  it('are not done again when a view is rebuilt', async () => {
    await start({ ...parcelsFeature, processes: [processOf({ ...delivery })] });
    for (let index = 0; index < 10; index++) await ask(send(`depot-${index}`, 'depot-0'));
    await arrived(10);
    const database = await sqliteDatabase();
    const projection = projectionOf(parcelsView, decodeEvent);
    const side = await readingSide(log, await database.open(), [projection]);
    closing.push(async () => {
      await side.close();
      await database.drop();
    });
    await side.projector.start();
    expect(await side.progress.waitUntilEnd(parcelsView.name, 10_000)).toBe('reached');
    const operations = new StoredViewOperations(
      log,
      side.store,
      [projection],
      () => void side.projector.lookForRequests(),
    );
    await operations.rebuild(parcelsView.name);
    await eventually(
      () => operations.list(),
      ([view]) => view?.status === 'live' && view.generation === 2,
    );
    await ask(send('depot-1', 'depot-0'));
    expect(await arrived(11)).toHaveLength(11);
  });
});
