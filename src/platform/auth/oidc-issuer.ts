import { asError } from '../as-error';
import { keyFor, IssuerUnavailable, type IssuerKeys, type KeyOfIssuer, type VerificationKey } from './issuer-keys.port';
import { discover, fetchKeys, type Discovery } from './oidc-documents';
import type { TokenHead } from './token-rules';

export interface OidcIssuerTimes {
  /** The issuer must have answered within this time. */
  readonly timeoutMs: number;
  /** Between attempts while it has never been reached. */
  readonly retryMs: number;
  /** Between looks at its keys, so that a key that it takes back is not believed for longer. */
  readonly refreshMs: number;
  /** Key ids that nobody knows make us ask once in this time, however many they are. */
  readonly coolDownMs: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

const TIMES: OidcIssuerTimes = {
  timeoutMs: 3_000,
  retryMs: 2_000,
  refreshMs: 300_000,
  coolDownMs: 10_000,
  now: () => performance.now(),
};

/**
 * The keys of an OIDC issuer, fetched in the background. What was fetched once serves on while the issuer is away; a key id that is not
 * known makes us look for new keys, once per cool-down.
 */
export class OidcIssuer implements IssuerKeys {
  revision = 0;
  private readonly times: OidcIssuerTimes;
  private discovery: Discovery | undefined;
  private known: { readonly issuer: string; readonly keys: readonly VerificationKey[] } | undefined;
  private loading: Promise<void> | undefined;
  private lastError: Error | undefined;
  private coolUntil = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /**
   * @param url without a slash at its end
   * @param failed told of a fetch that failed, once per cause
   */
  constructor(
    private readonly url: string,
    private readonly failed: (error: Error) => void,
    times: Partial<OidcIssuerTimes> = {},
  ) {
    this.times = { ...TIMES, ...times };
  }

  /** Begins to fetch; the process need not wait for it. */
  start(): void {
    void this.load().then(() => this.again());
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** Health. @throws Error while no token can be judged */
  check(): Readonly<Record<string, unknown>> {
    if (this.known === undefined) {
      throw new Error(`the issuer ${this.url} has not been reached: ${this.lastError?.message ?? 'not yet'}`);
    }
    return { keys: this.known.keys.length, ...(this.lastError && { lastFetchFailed: this.lastError.message }) };
  }

  async find(head: Pick<TokenHead, 'algorithm' | 'keyId'>): Promise<KeyOfIssuer | undefined> {
    if (this.known === undefined) await this.loading;
    const found = this.pick(head);
    if (found !== undefined) return found;
    if (this.known === undefined) throw new IssuerUnavailable(`the issuer ${this.url} has not been reached`);
    if (this.times.now() >= this.coolUntil) {
      this.coolUntil = this.times.now() + this.times.coolDownMs;
      await this.load();
    } else {
      await this.loading;
    }
    return this.pick(head);
  }

  private pick(head: Pick<TokenHead, 'algorithm' | 'keyId'>): KeyOfIssuer | undefined {
    if (this.known === undefined) return undefined;
    const key = keyFor(this.known.keys, head);
    return key && { issuer: this.known.issuer, key };
  }

  /** One at a time; never rejects. */
  private load(): Promise<void> {
    this.loading ??= this.fetch()
      .catch((error: unknown) => {
        const failure = asError(error);
        if (failure.message !== this.lastError?.message) this.failed(failure);
        this.lastError = failure;
        // Its keys may have moved.
        this.discovery = undefined;
      })
      .finally(() => {
        this.loading = undefined;
      });
    return this.loading;
  }

  private async fetch(): Promise<void> {
    this.discovery ??= await discover(this.url, this.times.timeoutMs);
    const { issuer, jwksUri } = this.discovery;
    const keys = await fetchKeys(jwksUri, this.times.timeoutMs);
    if (keys.length === 0) throw new Error(`${jwksUri} holds no key that signs by RS256, ES256 or EdDSA`);
    this.lastError = undefined;
    if (this.known !== undefined && areSame(keys, this.known.keys)) return;
    this.known = { issuer, keys };
    this.revision++;
  }

  private again(): void {
    if (this.isClosed) return;
    const { retryMs, refreshMs } = this.times;
    this.timer = setTimeout(() => this.start(), this.known === undefined ? retryMs : refreshMs);
    this.timer.unref();
  }
}

function areSame(one: readonly VerificationKey[], other: readonly VerificationKey[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ keyId, key }, at) => {
      const twin = other[at];
      return twin !== undefined && twin.keyId === keyId && twin.key.equals(key);
    })
  );
}
