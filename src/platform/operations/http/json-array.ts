import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { clientGone } from './client-gone';

/**
 * Answers with an array of any size, an item at a time as the client takes it, so that only one is in memory. Takes over the reply.
 *
 * @param items begun at once; ends soon after the signal aborts, because the client has gone
 * @throws what the first item throws, before anything is sent; a later failure cuts the answer
 */
export async function sendJsonArray<Item>(
  reply: FastifyReply,
  items: (signal: AbortSignal) => AsyncIterable<Item>,
  show: (item: Item) => object,
): Promise<void> {
  const iterator = items(clientGone(reply.raw))[Symbol.asyncIterator]();
  const first = await iterator.next();
  const text = Readable.from(jsonArray(first, iterator, show), { highWaterMark: 1 });
  await reply.type('application/json; charset=utf-8').send(text);
}

async function* jsonArray<Item>(
  first: IteratorResult<Item>,
  rest: AsyncIterator<Item>,
  show: (item: Item) => object,
): AsyncGenerator<string> {
  try {
    let before = '[';
    for (let next = first; next.done !== true; next = await rest.next()) {
      yield before + JSON.stringify(show(next.value));
      before = ',';
    }
    yield before === '[' ? '[]' : ']';
  } finally {
    await rest.return?.();
  }
}
