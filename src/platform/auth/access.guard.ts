import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ACCESS, type Access } from './access.decorators';
import { ACCESS_TOKEN } from './access-token.strategy';
import { insufficientScope, issuerUnavailable, reservedIdentity, unauthenticated } from './auth-problems';
import { bearerTokenOf } from './bearer-token';
import type { Caller } from './caller';
import { IssuerUnavailable } from './issuer-keys.port';
import { isReserved } from './reserved-identity';
import { RouteAccess } from './route-access';

/**
 * Lets a request in, or not, before anything of its route runs. A route that declares nothing is closed, should one ever get past the
 * check at the start.
 */
@Injectable()
export class AccessGuard extends AuthGuard(ACCESS_TOKEN) {
  constructor(
    private readonly reflector: Reflector,
    private readonly routes: RouteAccess,
  ) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    const isPublic = access !== undefined && this.routes.isOpen(access);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (bearerTokenOf(request.headers) === undefined) {
      if (isPublic) return true;
      throw unauthenticated(false);
    }
    await super.canActivate(context);
    const { caller } = request;
    if (caller === undefined || access === undefined) throw unauthenticated(true);
    if (isReserved(caller.identity)) throw reservedIdentity();
    if (!isPublic && access.kind === 'scope' && !caller.scopes.has(access.scope)) throw insufficientScope(access.scope);
    return true;
  }

  /** Where passport leaves what the strategy has found. */
  override getAuthenticateOptions(): { property: keyof Pick<FastifyRequest, 'caller'> } {
    return { property: 'caller' };
  }

  override handleRequest<Found = Caller>(error: unknown, caller: Found | false): Found {
    if (error instanceof IssuerUnavailable) throw issuerUnavailable(error);
    if (error) throw error;
    if (caller === false) throw unauthenticated(true);
    return caller;
  }
}
