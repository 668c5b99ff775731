import { jwtVerify } from 'jose';
import { RecentEntries } from '../commands/recent-entries';
import type { Caller } from './caller';
import { IssuerUnavailable, type IssuerKeys } from './issuer-keys.port';
import { callerOf, InvalidToken, readHead } from './token-rules';

/** Clocks of issuers differ from ours by so much at most. */
const LEEWAY_S = 10;
const REMEMBERED_MAX = 4_000;

interface VerifiedToken {
  readonly caller: Caller;
  readonly revision: number;
}

/**
 * Says whom an access token names, by the rules of RFC 8725 and RFC 9068.
 *
 * A token that was found valid is remembered by its exact text until it expires or the issuer's keys change: clients send the same one
 * with every request, and a signature costs a tenth of a millisecond.
 */
export class TokenVerifier {
  private readonly verified = new RecentEntries<VerifiedToken>(REMEMBERED_MAX);

  /**
   * @param audience that a token must name
   * @param now milliseconds since the epoch
   */
  constructor(
    private readonly keys: IssuerKeys,
    private readonly audience: string,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * @throws InvalidToken
   * @throws IssuerUnavailable when it cannot be judged yet
   */
  async verify(token: string): Promise<Caller> {
    const known = this.remembered(token);
    if (known !== undefined) return known;
    const { revision } = this.keys;
    const caller = await this.judge(token);
    this.verified.set(token, { caller, revision });
    return caller;
  }

  private async judge(token: string): Promise<Caller> {
    const head = readHead(token);
    const found = await this.keys.find(head);
    if (found === undefined) throw new InvalidToken('the issuer has no such key');
    try {
      const { payload } = await jwtVerify(token, found.key, {
        algorithms: [head.algorithm],
        issuer: found.issuer,
        audience: this.audience,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: LEEWAY_S,
        currentDate: new Date(this.now()),
      });
      return callerOf(payload, head);
    } catch (error) {
      if (error instanceof IssuerUnavailable) throw error;
      throw new InvalidToken('the token is not valid', { cause: error });
    }
  }

  private remembered(token: string): Caller | undefined {
    const known = this.verified.get(token);
    if (known === undefined) return undefined;
    if (known.revision !== this.keys.revision || known.caller.expiresAt + LEEWAY_S * 1_000 <= this.now()) {
      this.verified.delete(token);
      return undefined;
    }
    return known.caller;
  }
}
