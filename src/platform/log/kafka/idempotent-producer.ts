import type { BrokerLink } from './broker-link';
import type { ProducerIdentity } from './produce-request';
import { ProducerSequences } from './producer-sequences';

/** It has no transactions to time out; the broker wants a number. */
const NO_TRANSACTIONS = { transactionalId: null, transactionTimeout: 60_000 };

/** A producer whose repeats the broker knows by their sequence numbers (since Kafka 3.0 the right to write is the right to be one). */
export class IdempotentProducer {
  readonly sequences = new ProducerSequences();
  private spent = false;

  private constructor(readonly identity: ProducerIdentity) {}

  static async begin(link: BrokerLink): Promise<IdempotentProducer> {
    const broker = await link.any();
    return new IdempotentProducer({ transactionalId: null, ...(await broker.initProducerId(NO_TRANSACTIONS)) });
  }

  /** A number of it may or may not be taken: the next batch needs another producer. */
  get isSpent(): boolean {
    return this.spent;
  }

  spend(): void {
    this.spent = true;
  }
}
