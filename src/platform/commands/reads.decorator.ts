import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../http/api-problems.decorator';
import { HttpProblem, invalid } from '../http/http-problem';
import { topicsOf } from '../log/envelope';
import { ViewProgress } from '../views/view-progress';
import { CommandOutcomes } from './command-outcomes';
import { readPreference } from './command-preferences';
import { decodeToken } from './consistency-token';

const WAIT_MS = 5_000;
const VIEW_NAME = 'platform:reads-view';

/**
 * The route reads this view: a `Consistency-Token` makes it wait until the view has seen that write (G8). When it has, the answer
 * carries `Consistency: exact`; when it has not in time, the route answers 503 `VIEW_BEHIND`.
 */
export function Reads(view: { readonly name: string }): MethodDecorator {
  return applyDecorators(
    SetMetadata(VIEW_NAME, view.name),
    UseGuards(ConsistencyGuard),
    ApiProblems('VIEW_BEHIND', 'VIEW_PARKED', 'VIEWS_UNAVAILABLE'),
    ApiHeader({
      name: 'Consistency-Token',
      required: false,
      description: 'As a command answered it: the read sees that write',
    }),
  );
}

@Injectable()
export class ConsistencyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly progress: ViewProgress,
    private readonly outcomes: CommandOutcomes,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const header = headers['consistency-token'];
    if (header === undefined) return true;
    const view = this.reflector.get<string>(VIEW_NAME, context.getHandler());
    const prefer = headers['prefer'];
    const { waitMs } = readPreference(Array.isArray(prefer) ? prefer.join(',') : prefer, WAIT_MS);
    return this.wait(view, String(header), waitMs, context.switchToHttp().getResponse<FastifyReply>());
  }

  private async wait(view: string, header: string, waitMs: number, reply: FastifyReply): Promise<true> {
    const deadline = performance.now() + waitMs;
    const token = decodeToken(header);
    if (token === undefined) throw invalid('Consistency-Token', 'is none that was answered here');
    const position = token.kind === 'position' ? token.position : await this.outcomes.decided(token.commandId, waitMs);
    if (position === undefined) throw new HttpProblem('VIEW_BEHIND');
    const { module, partition, sequence } = position;
    const place = { topic: topicsOf(module).events, partition, sequence };
    const seen = await this.progress.waitFor(view, place, deadline - performance.now());
    if (seen === 'behind') throw new HttpProblem('VIEW_BEHIND');
    if (seen === 'parked') throw new HttpProblem('VIEW_PARKED');
    if (seen === 'reached') void reply.header('consistency', 'exact');
    return true;
  }
}
