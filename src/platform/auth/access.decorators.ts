import { SetMetadata } from '@nestjs/common';

/** Who may use a route. A method's own declaration replaces that of its controller. */
export type Access =
  /** A valid token that holds the scope. In a process where `publicModule` is public, everybody. */
  | { readonly kind: 'scope'; readonly scope: string; readonly publicModule?: string }
  /** Any valid token. With `orPublicModules`, everybody in a process that serves a public module. */
  | { readonly kind: 'token'; readonly orPublicModules?: boolean }
  /** Everybody: the one public list of the contract. */
  | { readonly kind: 'public' };

/** Metadata key of an {@link Access}. */
export const ACCESS = Symbol('ACCESS');

/**
 * The route asks for a token with this scope.
 *
 * @param publicModule a module that `PUBLIC_MODULES` may name: where it does, the route needs no token
 */
export function RequireScope(scope: string, publicModule?: string): MethodDecorator & ClassDecorator {
  const access: Access = { kind: 'scope', scope, ...(publicModule === undefined ? {} : { publicModule }) };
  return SetMetadata(ACCESS, access);
}

/**
 * The route asks for a valid token and no scope.
 *
 * @param options.orPublicModules callers without a token are let in where there are public modules; what they may see is for the route to say
 */
export function RequireToken(options: { readonly orPublicModules?: boolean } = {}): MethodDecorator & ClassDecorator {
  const access: Access = { kind: 'token', ...options };
  return SetMetadata(ACCESS, access);
}

/** The route is open to everybody. */
export function Public(): MethodDecorator & ClassDecorator {
  const access: Access = { kind: 'public' };
  return SetMetadata(ACCESS, access);
}
