import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import { asError } from '../as-error';
import { bearerTokenOf } from './bearer-token';
import { InvalidToken } from './token-rules';
import { TokenVerifier } from './token-verifier';

/** Name under which passport knows the strategy. */
export const ACCESS_TOKEN = 'access-token';

/**
 * passport-jwt's strategy with another verifier: its own, jsonwebtoken, knows no EdDSA and no types of tokens (ADR 29). The user of the
 * request is the {@link Caller} that the token names.
 */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, ACCESS_TOKEN) {
  constructor(private readonly verifier: TokenVerifier) {
    super({
      jwtFromRequest: () => null,
      secretOrKeyProvider: (_request: unknown, _token: unknown, done: (error: Error) => void) =>
        done(new Error('tokens are verified elsewhere')),
    });
  }

  override authenticate(request: Pick<FastifyRequest, 'headers'>): void {
    this.verifier.verify(bearerTokenOf(request.headers) ?? '').then(
      (caller) => this.success(caller),
      (error: unknown) => (error instanceof InvalidToken ? this.fail(error, 401) : this.error(asError(error))),
    );
  }

  /** passport-jwt would hand it what its own verifier has found. */
  validate(): never {
    throw new Error('tokens are verified elsewhere');
  }
}
