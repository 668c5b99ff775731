/**
 * What several iterables give, as it comes: each in its own order, none held back by another. One item of each is held at most.
 * When the reader stops, whoever made the iterables must end them: their reads may be waiting.
 */
export async function* merged<Item>(iterables: readonly AsyncIterable<Item>[]): AsyncGenerator<Item> {
  const pending = new Map<AsyncIterator<Item>, Promise<Arrival<Item>>>();
  for (const iterable of iterables) ask(iterable[Symbol.asyncIterator](), pending);
  while (pending.size > 0) {
    const { from, result } = await Promise.race(pending.values());
    if (result.done === true) {
      pending.delete(from);
    } else {
      ask(from, pending);
      yield result.value;
    }
  }
}

interface Arrival<Item> {
  readonly from: AsyncIterator<Item>;
  readonly result: IteratorResult<Item, unknown>;
}

function ask<Item>(from: AsyncIterator<Item>, pending: Map<AsyncIterator<Item>, Promise<Arrival<Item>>>): void {
  const arrival = from.next().then((result) => ({ from, result }));
  // Nobody waits for it any more once the reader has stopped.
  arrival.catch(() => undefined);
  // To the end of the line: a busy one must not starve the others.
  pending.delete(from);
  pending.set(from, arrival);
}
