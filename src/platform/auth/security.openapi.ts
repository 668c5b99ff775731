import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProblemCode } from '../http/problem-codes';
import type { Access } from './access.decorators';
import type { RouteAccess } from './route-access';

/** Name of the security scheme in the OpenAPI document. */
export const BEARER = 'bearer';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What a route of this access asks for, as OpenAPI says it; `{}` means that a request without a token is let in too. */
export function securityOf(access: Access, routes: RouteAccess): NonNullable<Operation['security']> {
  if (access.kind === 'public') return [];
  if (routes.isOpen(access)) return [{}, { [BEARER]: [] }];
  return [{ [BEARER]: access.kind === 'scope' ? [access.scope] : [] }];
}

/** The problems that the guard may answer with; a token that is sent is verified on every route. */
export function problemsOf(access: Access, routes: RouteAccess): ProblemCode[] {
  const asksForScope = access.kind === 'scope' && !routes.isOpen(access);
  return [
    'UNAUTHENTICATED',
    'RESERVED_IDENTITY',
    ...(asksForScope ? (['INSUFFICIENT_SCOPE'] as const) : []),
    ...(routes.issuerMayBeAway ? (['ISSUER_UNAVAILABLE'] as const) : []),
  ];
}
