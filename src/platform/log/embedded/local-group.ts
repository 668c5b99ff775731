import type { GroupOptions, Membership, OwnedPartition } from '../log.port';
import { asError } from '../../as-error';

/** A consumer group of one process: it owns every partition until it leaves. */
export class LocalGroup implements Membership {
  private readonly left = new AbortController();
  private readonly running: Promise<void>;

  constructor(
    readonly owned: readonly Pick<OwnedPartition, 'topic' | 'partition'>[],
    own: GroupOptions['own'],
    closing: AbortSignal,
    fatal: (error: Error) => void,
  ) {
    const signal = AbortSignal.any([closing, this.left.signal]);
    this.running = Promise.all(
      owned.map((partition) =>
        own({ ...partition, signal }).catch((error: unknown) => {
          if (!signal.aborted) fatal(asError(error));
        }),
      ),
    ).then(() => undefined);
  }

  async leave(): Promise<void> {
    this.left.abort();
    await this.running;
  }
}
