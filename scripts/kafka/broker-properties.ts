/** Where a broker listens. All on the loopback address, except inside a container. */
export interface BrokerPorts {
  readonly port: number;
  readonly controllerPort: number;
  readonly bindTo: string;
}

/**
 * One node that is broker and controller. What differs from Apache Kafka's defaults: one replica of everything, no wait before a group's
 * first assignment, and topics are made by the product alone.
 */
export function brokerProperties({ port, controllerPort, bindTo }: BrokerPorts): Readonly<Record<string, string>> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    // A fixed quorum, so that no port is written into the data and a broker can come back elsewhere.
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${bindTo}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'auto.create.topics.enable': 'false',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A broker that was killed may register again only when its former session is over (by default after 9 s).
    'broker.heartbeat.interval.ms': '1000',
    'broker.session.timeout.ms': '3000',
    // Members that vanish are let go as fast as the product's own session timeout says.
    'group.min.session.timeout.ms': '1000',
  };
}
