import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HttpProblem } from '../../http/http-problem';
import { ShutdownSignal } from '../../http/shutdown-signal';
import { dataFrame, HEARTBEAT, retryFrame, SSE_HEADERS } from '../../views/streams/sse.frames';
import { clientGone } from './client-gone';

/** Injection token of {@link TailLimits}; tests shorten the times. */
export const TAIL_LIMITS = Symbol('TAIL_LIMITS');

export interface TailLimits {
  /** Each reads the log by itself, so that there must not be many. */
  readonly tailsMax: number;
  /** Time in which a client must have read what it was sent; then it is dropped. */
  readonly drainMsMax: number;
  /** Clock of expiry, of slow clients and of comments. */
  readonly tickMs: number;
  /** A comment once in so many ticks: well within the promised 15 s. */
  readonly beatTicks: number;
}

const LIMITS: TailLimits = { tailsMax: 32, drainMsMax: 30_000, tickMs: 1_000, beatTicks: 10 };

/**
 * Answers with what is read, as server-sent events, for as long as the client stays, its token is valid and the process does not stop. A
 * client takes one item after the other: what it has not read yet is in the log, not in memory.
 */
@Injectable()
export class LiveTails {
  private readonly logger = new Logger('Operator');
  private readonly stopping = new AbortController();
  private open = 0;

  constructor(
    shutdown: ShutdownSignal,
    @Optional() @Inject(TAIL_LIMITS) private readonly limits: TailLimits = LIMITS,
  ) {
    shutdown.onClosing(() => this.stopping.abort());
  }

  /** Tails now. */
  get count(): number {
    return this.open;
  }

  /**
   * Takes over the reply, and resolves when the tail has begun.
   *
   * @param endsAt milliseconds since the epoch; default never
   * @param read resolves when all that comes from then on will be read; ends soon after the signal aborts
   * @throws HttpProblem `OVERLOADED` when there are too many; what `read` throws
   */
  async answer<Item>(
    reply: FastifyReply,
    endsAt: number | undefined,
    read: (signal: AbortSignal) => Promise<AsyncIterable<Item>>,
    show: (item: Item) => object,
  ): Promise<void> {
    if (this.open >= this.limits.tailsMax) throw new HttpProblem('OVERLOADED');
    const response = reply.raw;
    const gone = clientGone(response);
    if (gone.aborted) return;
    this.open++;
    gone.addEventListener('abort', () => this.open--);
    const expired = new AbortController();
    const signal = AbortSignal.any([gone, expired.signal, this.stopping.signal]);
    const items = await read(signal);
    const headers = Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined));
    reply.hijack();
    // A reset connection closes as well; without a listener its error would end the process.
    response.on('error', () => response.destroy());
    response.writeHead(200, { ...headers, ...SSE_HEADERS });
    response.write(retryFrame());
    const clock = this.watch(response, endsAt ?? Number.POSITIVE_INFINITY, () => expired.abort());
    void this.send(items, show, response, signal).finally(() => clearInterval(clock));
  }

  private async send<Item>(
    items: AsyncIterable<Item>,
    show: (item: Item) => object,
    response: ServerResponse,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for await (const item of items) {
        if (signal.aborted) break;
        if (!response.write(dataFrame(show(item)))) await once(response, 'drain', { signal });
      }
    } catch (error) {
      if (!signal.aborted) this.logger.error(error);
    }
    // What it has not read would keep the connection for as long as the client likes.
    if (response.writableNeedDrain) response.destroy();
    else response.end(retryFrame());
  }

  private watch(response: ServerResponse, endsAt: number, end: () => void): NodeJS.Timeout {
    let ticks = 0;
    let blockedTicks = 0;
    const { tickMs, beatTicks, drainMsMax } = this.limits;
    return setInterval(() => {
      if (Date.now() >= endsAt) end();
      blockedTicks = response.writableNeedDrain ? blockedTicks + 1 : 0;
      if (blockedTicks * tickMs > drainMsMax) response.destroy();
      else if (++ticks % beatTicks === 0 && blockedTicks === 0) response.write(HEARTBEAT);
    }, tickMs).unref();
  }
}
