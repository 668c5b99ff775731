import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Producer } from 'kafkajs';
import { CommandGateway, type CommandOutcome } from '../commands/command-gateway';
import { PendingReplies } from '../commands/pending-replies';
import { Processors } from '../commands/processors';
import { StateStore } from '../commands/state-store';
import type { Log } from '../log/log.port';
import { partitionOf } from '../log/murmur2';
import { plainKafka } from '../log/kafka/testing/test-options';
import { eventually } from '../views/testing/reading-side';
import { depot, parcelsFeature, SendParcel, trouble } from './testing/parcel.fixture';
import { COMMANDS, sentTo, STATE } from './testing/parcel-records';
import { kafkaSite } from './testing/kafka-site';
import { PARTITIONS, ReactionWorld, withWriters, type ReactingSide } from './testing/reaction-world';

const BAD = 13;
/** Whoever waits asks again and again; whoever does not asks a few times, and goes on. */
const LOOKS = 20;

/** Several write to the state topic in transactions: whoever has one open hides what the others commit after it. */
describe('A position that the open transaction of somebody else hides', () => {
  let topicPrefix = '';
  let producer: Producer | undefined;
  const closing: (() => Promise<void>)[] = [];
  const makeSite = kafkaSite();
  const world = new ReactionWorld(async () => {
    const site = await makeSite();
    ({ topicPrefix } = site);
    return site;
  });

  afterEach(async () => {
    await producer?.disconnect();
    for (const close of closing.splice(0)) await close();
    producer = undefined;
  });

  /** @returns ends the transaction */
  async function hide(partition = 0): Promise<() => Promise<void>> {
    producer = plainKafka().producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: topicPrefix + STATE, messages: [{ partition, key: 'another', value: '{}' }] });
    return () => transaction.commit();
  }

  /** A process that has begun to wait: it asks for its position again and again, or has left a mark to wait for. */
  async function openHidden(waits: 'asks' | 'marks'): Promise<ReactingSide> {
    const calls = { bounds: 0, append: 0 };
    const side = await world.open({ onCall: (what, topic) => void (calls[what] += Number(topic === STATE)) });
    await eventually(
      () => calls,
      ({ bounds, append }) => (waits === 'asks' ? bounds > LOOKS : append > 0),
    );
    return side;
  }

  it('G9: is waited for by a reactor, so that nothing parked is forgotten', async () => {
    await world.begin();
    const first = await world.open();
    await world.idle(first);
    const show = await hide();
    trouble.weights.add(BAD);
    await world.write([['depot-0', sentTo('depot-1', BAD)]]);
    await eventually(
      () => first.counts.parked,
      (count) => count === 1,
    );
    await first.close();
    const second = await openHidden('asks');
    await show();
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    trouble.weights.clear();
    const [letter] = await second.deadLetters.list();
    await second.deadLetters.retry(letter?.id ?? '');
    await world.delivered([BAD, 1]);
  });

  it('G9 G2: is waited for by a reactor, so that nothing settled is parked again', async () => {
    await world.begin();
    const first = await world.open();
    trouble.weights.add(BAD);
    await world.write([['depot-0', sentTo('depot-1', BAD)]]);
    const [letter] = await eventually(
      () => first.deadLetters.list(),
      (found) => found.length === 1,
    );
    await world.idle(first);
    const show = await hide();
    trouble.weights.clear();
    await first.deadLetters.retry(letter?.id ?? '');
    await world.delivered([BAD]);
    await first.close();
    await openHidden('marks');
    await show();
    await world.write([['depot-0', sentTo('depot-1', 1)]]);
    await world.delivered([BAD, 1]);
    expect(await world.read(COMMANDS)).toHaveLength(2);
  });

  it('G5: is waited for by a processor, so that no decision is forgotten', async () => {
    const command = new SendParcel('depot-0', { to: 'depot-1', weight: 1 }, metadata());
    const first = await deciding(world.log);
    expect(await first.send(command)).toMatchObject({ status: 'decided', replayed: false });
    const show = await hide(partitionOf('depot-0', PARTITIONS));
    const again = new SendParcel('depot-0', { to: 'depot-1', weight: 2 }, metadata());
    expect(await first.send(again)).toMatchObject({ status: 'decided', replayed: false });
    await first.close();
    let looks = 0;
    const onCall = (_what: string, topic: string): void => void (looks += Number(topic === STATE));
    const second = await deciding(withWriters(world.log, { onCall }));
    await eventually(
      () => looks,
      (count) => count > LOOKS,
    );
    await show();
    const { aggregateId, data, metadata: sent } = again;
    const repeated = new SendParcel(aggregateId, data, { ...sent, correlationId: randomUUID() });
    expect(await second.send(repeated)).toMatchObject({ status: 'decided', replayed: true, decision: { version: 2 } });
    await second.close();
  });

  function metadata() {
    const ids = { commandId: randomUUID(), correlationId: randomUUID() };
    const sender = { waitMs: 20_000, idempotencyKey: 'once', content: 'the same' };
    return { ...ids, identity: 'alice', receivedAt: 1_000, sender };
  }

  /** A process that decides, with nothing on its disk. */
  async function deciding(log: Log) {
    const directory = await mkdtemp(join(tmpdir(), 'hidden-'));
    const store = await StateStore.open(directory, log.id);
    const replies = new PendingReplies();
    const untold = { committed: () => undefined, fenced: () => undefined };
    const parts = { store, onReply: replies.settle.bind(replies) };
    const processors = new Processors(log, [parcelsFeature], parts, untold);
    const gateway = new CommandGateway(log, replies, 'me', Buffer.from('secret'));
    await processors.start();
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closed ??= processors.close().then(async () => {
        replies.close();
        await store.close();
        await rm(directory, { recursive: true });
      });
      return closed;
    };
    closing.push(close);
    return { send: (command: SendParcel): Promise<CommandOutcome> => gateway.send(depot, command), close };
  }
});
