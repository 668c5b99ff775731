import { eventually } from '../../../test/support/eventually';
import { KafkaProxy, type Fault, type FaultKind, type KafkaRequestName } from '../../../test/support/kafka-proxy';
import { SeededRandom } from '../../../test/support/seeded-random';
import { faultCount } from '../../../test/support/test-modes';
import { testOptions } from '../log/kafka/testing/test-options';
import { trouble } from './testing/parcel.fixture';
import { COMMANDS, sentTo } from './testing/parcel-records';
import { kafkaSite } from './testing/kafka-site';
import { ReactionWorld, weightOf, type ReactingSide } from './testing/reaction-world';

const STUCK_MS = 30_000;
const DEPOTS = 4;
const REQUESTS: readonly KafkaRequestName[] = [
  'produce',
  'addPartitionsToTxn',
  'addOffsetsToTxn',
  'txnOffsetCommit',
  'endTxn',
];
const KINDS: readonly FaultKind[] = [
  'drop answer and reset',
  'drop answer',
  'reset before',
  'deliver late',
  'drop request',
  'answer late',
];

describe('Reactors behind a faulty network', () => {
  const faults = faultCount({ small: 5, full: 1_000 });
  let proxy: KafkaProxy | undefined;
  let isFaulty = false;
  const direct = kafkaSite();
  const world = new ReactionWorld(async () => {
    const site = await direct();
    const { brokers } = testOptions({});
    proxy = await KafkaProxy.start(brokers[0] ?? '');
    const spoilt = await kafkaSite({ brokers: [proxy.address], topicPrefix: site.topicPrefix })();
    return {
      open: () => (isFaulty ? spoilt : site).open(),
      leave: async (log) => {
        await log.close();
      },
      drop: async () => {
        await spoilt.drop();
        await site.drop();
        await proxy?.close();
        isFaulty = false;
      },
    };
  });

  it(`G2 G9: lose nothing, do nothing twice and keep order through ${faults} faults`, async () => {
    const random = SeededRandom.announce('reactors on Kafka');
    await world.begin();
    isFaulty = true;
    const side = await world.open();
    const expected = new Map<string, number[]>();
    let weight = 0;
    const write = async (): Promise<void> => {
      const id = `depot-${random.between(0, DEPOTS - 1)}`;
      expected.set(id, [...(expected.get(id) ?? []), ++weight]);
      await world.write([[id, sentTo('depot-1', weight)]]);
    };
    for (let fault = 1; fault <= faults; fault++) {
      // Every other one meets a retry, whose transaction does not move the offset.
      const isRetry = fault % 2 === 0;
      if (isRetry) {
        trouble.weights.add(weight + 1);
        await write();
        await eventually(async () => (await side.deadLetters.list()).length > 0, { within: STUCK_MS });
        await level(side, weight);
        trouble.weights.clear();
      }
      const met = proxy?.inject(faultOf(random));
      if (isRetry) for (const { id } of await side.deadLetters.list()) await side.deadLetters.retry(id);
      else await write();
      await met;
      await eventually(async () => (await sent()).length >= weight && (await side.deadLetters.list()).length === 0, {
        within: STUCK_MS,
      });
    }
    const commands = Map.groupBy(await world.read(COMMANDS), ({ value }) => {
      return (JSON.parse(value ?? '{}') as { from: string }).from;
    });
    for (const [id, weights] of expected) {
      expect({ id, weights: (commands.get(id) ?? []).map(weightOf) }).toEqual({ id, weights });
    }
    expect(await sent()).toHaveLength(weight);
    expect(side.failures).toEqual([]);
  });

  const sent = async (): Promise<number[]> => (await world.read(COMMANDS)).map(weightOf);

  /** All but what is parked is sent. */
  const level = (side: ReactingSide, weight: number) =>
    eventually(async () => (await sent()).length + (await waiting(side)) >= weight, { within: STUCK_MS });

  const waiting = async ({ deadLetters }: ReactingSide): Promise<number> => {
    return (await deadLetters.list()).reduce((sum, { behind }) => sum + behind + 1, 0);
  };
});

function faultOf(random: SeededRandom): Fault {
  return { request: random.pick(REQUESTS), kind: random.pick(KINDS), ms: random.between(3, 800) };
}
