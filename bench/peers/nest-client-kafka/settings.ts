import { type KafkaOptions, Transport } from '@nestjs/microservices';

/** Request topic; the replies go to `<topic>.reply`. Both exist before the peer starts. */
export const updateTopic = process.env['PEER_TOPIC'] ?? 'calculator.update';

/** Which half runs in this process. */
export const half = process.env['PEER_HALF'] ?? 'both';

export const port = Number(process.env['PORT'] ?? 3000);

/**
 * Both halves as Nest's documentation shows them, each with the same group name (Nest appends `-client` and `-server`). Every message is
 * sent at once, as `ClientKafka` does. Four partitions are read at the same time, which the documentation leaves at one.
 */
export const kafka: KafkaOptions = {
  transport: Transport.KAFKA,
  options: {
    client: { clientId: 'peer', brokers: (process.env['KAFKA_BROKERS'] ?? '').split(',') },
    consumer: { groupId: process.env['PEER_GROUP'] ?? 'peer', allowAutoTopicCreation: false },
    producer: { allowAutoTopicCreation: false },
    run: { partitionsConsumedConcurrently: 4 },
  },
};
