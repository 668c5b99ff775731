import { describeParkedReactions } from './parked-reactions.contract';
import { describeReactors } from './reactors.contract';
import { kafkaSite } from './testing/kafka-site';

describe('Reactors on Kafka', () => describeReactors(kafkaSite()));
describe('Events that reactors cannot take, on Kafka', () => describeParkedReactions(kafkaSite()));
