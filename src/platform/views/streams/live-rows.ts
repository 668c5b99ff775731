import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RowShape } from '../../../kernel/view';
import { preferred } from '../../http/accept';
import { invalid } from '../../http/http-problem';
import { linkNext, type PageQuery } from '../../http/page';
import { READ_STORE } from '../read-models';
import type { ReadStore } from '../read-store.port';
import { formatPosition, parsePosition, type StreamPosition } from './sse.frames';
import { StreamFilter } from './stream-filter';
import { StreamHub, type StreamRequest } from './stream-hub';
import { SqlStreamSource } from './stream-source';

/** What a route marked SSE can answer with; for `@Produces(...STREAM_OR_ROWS)`. */
export const STREAM_OR_ROWS = ['text/event-stream', 'application/json'] as const;

/** Answers a route with the live rows of a view, or with its present rows when the client prefers JSON. */
@Injectable()
export class LiveRows {
  constructor(
    private readonly hub: StreamHub,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  /**
   * Takes over the answer: the route must inject the reply with `@Res()`.
   *
   * @throws ViewsUnavailable before anything is sent
   */
  async answer<Row extends RowShape>(
    rows: Pick<StreamRequest<Row>, 'view' | 'where' | 'show'>,
    page: PageQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    if (preferred(request.headers.accept, [...STREAM_OR_ROWS]) === 'application/json') {
      await reply.send(await this.page(rows, page, request, reply));
      return;
    }
    const last = request.headers['last-event-id'];
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined));
    const lastEventId = Array.isArray(last) ? last[0] : last;
    const endsAt = request.caller?.expiresAt;
    await this.hub.open({ ...rows, headers, lastEventId, endsAt, begin: () => void reply.hijack() }, reply.raw);
  }

  private async page<Row extends RowShape>(
    { view, where, show }: Pick<StreamRequest<Row>, 'view' | 'where' | 'show'>,
    page: PageQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<object[]> {
    const { codec, generation } = await this.store.refresh(view.name);
    const source = new SqlStreamSource(this.store, view.name);
    const after = page.after === undefined ? undefined : positionIn(generation, page.after);
    const { seq } = await source.head();
    const filter = new StreamFilter(codec, where ?? {});
    const { items } = await source.slice(after?.seq ?? 0, seq, page.limit, filter, seq);
    // A slice of another generation is empty, which is no end of the list.
    if (items.length < page.limit) await source.head();
    linkNext(request, reply, page, items, (item) => formatPosition(generation, item.seq));
    // The view's own codec has made these rows.
    return items.map(({ row }) => show(row as Row));
  }
}

/** @throws HttpProblem 400: pages of a list that was rebuilt meanwhile do not fit together */
function positionIn(generation: number, after: string): StreamPosition {
  const position = parsePosition(after);
  if (position === undefined) throw invalid('after', 'must be as the Link of a page says');
  if (position.generation === generation) return position;
  throw invalid('after', 'is from before the list was rebuilt: begin with the first page again');
}
