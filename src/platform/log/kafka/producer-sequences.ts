const SEQUENCE_MAX = 0x7fffffff;

/** Where a producer stands in each partition: Kafka takes a batch once only if it carries the number after its last record. */
export class ProducerSequences {
  private readonly next = new Map<string, number>();

  /** Number of the next record. @param topic with prefix */
  of(topic: string, partition: number): number {
    return this.next.get(`${topic} ${partition}`) ?? 0;
  }

  /** So many records have been written. */
  advance(topic: string, partition: number, count: number): void {
    this.next.set(`${topic} ${partition}`, after(this.of(topic, partition), count));
  }
}

/** They go from 0 to 2^31 - 1 and start again. */
function after(sequence: number, count: number): number {
  return sequence > SEQUENCE_MAX - count ? count - (SEQUENCE_MAX - sequence) - 1 : sequence + count;
}
