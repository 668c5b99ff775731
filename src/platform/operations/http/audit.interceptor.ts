import { type CallHandler, type ExecutionContext, Injectable, Logger, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { type Observable, tap } from 'rxjs';
import { identityOf } from '../../auth/caller';
import { ProblemCatalog } from '../../http/problem-catalog';

const TARGET_LENGTH_MAX = 1_000;

/**
 * Leaves one line about each use of an operator route: who, what, on what, and how it ended. It stands after the guard, so that it tells
 * of those who may, and before validation, so that it tells of what they try in vain. Of a stream it tells when that has begun.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  private readonly logger = new Logger('Operator');

  constructor(private readonly catalog: ProblemCatalog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const tell = (outcome: string): void => this.tell(request, outcome);
    return next.handle().pipe(
      tap({
        complete: () => tell('done'),
        error: (error: unknown) => tell(this.catalog.problemOf(error, request.correlationId, '').body.code),
      }),
    );
  }

  /** The query is left out: what is none of ours may be somebody's secret. */
  private tell(request: FastifyRequest, outcome: string): void {
    const { method, routeOptions, correlationId } = request;
    const operation = `${method} ${routeOptions.url}`;
    const line = { identity: identityOf(request), operation, target: targetOf(request), outcome, correlationId };
    this.logger.log(line, 'an operator has used a route');
  }
}

/** What a path names; its routes have one parameter at most. */
function targetOf({ params }: FastifyRequest): string | undefined {
  const [target]: unknown[] = Object.values(Object(params));
  return typeof target === 'string' ? target.slice(0, TARGET_LENGTH_MAX) : undefined;
}
