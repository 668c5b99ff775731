import { applyDecorators } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiProduces } from '@nestjs/swagger';
import type { Offers } from './accept';

/**
 * Declares what a route answers with when it is not JSON alone, best first: `@Produces('text/event-stream', 'application/json')`.
 * A request whose `Accept` refuses all of it gets 406.
 */
export function Produces(...offers: Offers): MethodDecorator {
  return applyDecorators(RouteConfig({ produces: offers }), ApiProduces(...offers));
}
