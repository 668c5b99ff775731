import { HttpException } from '@nestjs/common';
import { Rejected, type RejectionTable } from '../../kernel/rejection';
import { DiskFull, LogUnavailable, OutcomeUnknown } from '../log/log.port';
import { type FieldError, HttpProblem } from './http-problem';
import { problemCodes, type ProblemCode, type ProblemEntry } from './problem-codes';

/** RFC 9457 problem details as answered; members of the platform beside the standard ones. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Path of the request, without the query. */
  readonly instance: string;
  /** Stable, upper snake case. */
  readonly code: string;
  readonly correlationId: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

/** A problem with the headers that go with it. */
export interface ProblemAnswer {
  readonly body: ProblemDetails;
  readonly headers: Readonly<Record<string, string>>;
  /** Nobody foresaw the error: it must be logged with its stack. */
  readonly unexpected: boolean;
}

type ErrorClass<Failure extends Error> = abstract new (...args: never[]) => Failure;

const statusCodes: Readonly<Record<number, ProblemCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'INSUFFICIENT_SCOPE',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  431: 'HEADERS_TOO_LARGE',
  503: 'OVERLOADED',
};

/** Every problem code of the process, and the one place where an error becomes a problem. */
export class ProblemCatalog {
  readonly #entries = new Map<string, ProblemEntry>(Object.entries(problemCodes));
  readonly #translations: { type: ErrorClass<Error>; translate: (error: Error) => HttpProblem }[] = [];

  /** @param publicUrl origin of the pages that `type` points to */
  constructor(private readonly publicUrl: string) {
    this.translate(LogUnavailable, (cause) => new HttpProblem('LOG_UNAVAILABLE', { cause }));
    this.translate(OutcomeUnknown, (cause) => new HttpProblem('OUTCOME_UNKNOWN', { cause }));
    this.translate(DiskFull, (cause) => new HttpProblem('DISK_FULL', { cause }));
  }

  /**
   * Adds the rejection codes of a module; call it while the module is built.
   * @throws Error when a code is known already with another meaning
   */
  register(table: RejectionTable): void {
    for (const [code, entry] of Object.entries(table)) {
      const known = this.#entries.get(code);
      if (known && (known.status !== entry.status || known.title !== entry.title)) {
        throw new Error(`The problem code ${code} is declared twice with different meanings`);
      }
      this.#entries.set(code, entry);
    }
  }

  /** Says which problem an error of another part stands for. The first fitting translation counts. */
  translate<Failure extends Error>(type: ErrorClass<Failure>, translate: (error: Failure) => HttpProblem): void {
    this.#translations.push({ type, translate: (error) => translate(error as Failure) }); // `type` has matched it
  }

  /** Every code with its status and title. */
  codes(): ReadonlyMap<string, ProblemEntry> {
    return this.#entries;
  }

  /**
   * What a client is told about an error. Never throws; an unknown error becomes 500 `INTERNAL_ERROR` without any detail of it.
   *
   * @param instance path of the request, without the query
   */
  problemOf(error: unknown, correlationId: string, instance: string): ProblemAnswer {
    if (error instanceof Rejected) {
      const entry = this.#entries.get(error.code);
      if (entry) {
        const { detail, ...extensions } = error.details;
        return this.#answer(error.code, entry, correlationId, instance, {
          ...(typeof detail === 'string' && { detail }),
          extensions,
        });
      }
    }
    const problem = this.#known(error);
    const answer = problem ?? new HttpProblem('INTERNAL_ERROR');
    return {
      ...this.#answer(answer.code, problemCodes[answer.code], correlationId, instance, answer),
      unexpected: problem === undefined,
    };
  }

  #known(error: unknown): HttpProblem | undefined {
    if (error instanceof HttpProblem) {
      return error;
    }
    if (!(error instanceof Error)) {
      return undefined;
    }
    for (const { type, translate } of this.#translations) {
      if (error instanceof type) {
        return translate(error);
      }
    }
    return fromStatus(error);
  }

  #answer(
    code: string,
    { status, title }: ProblemEntry,
    correlationId: string,
    instance: string,
    { detail, errors, extensions, headers }: Partial<Pick<HttpProblem, 'detail' | 'errors' | 'extensions' | 'headers'>>,
  ): ProblemAnswer {
    const retry = status === 503 || status === 429 ? { 'retry-after': '1' } : {};
    return {
      body: {
        ...extensions,
        type: `${this.publicUrl}/docs/problems/${pageName(code)}`,
        title,
        status,
        detail: detail ?? `${title}.`,
        instance,
        code,
        correlationId,
        ...(errors && { errors }),
      },
      headers: { ...retry, ...headers },
      unexpected: false,
    };
  }
}

/** Name of a code's page: `VIEW_BEHIND` → `view-behind`. */
export function pageName(code: string): string {
  return code.toLowerCase().replaceAll('_', '-');
}

/** Errors of Nest, Fastify and their plugins carry a status; their texts are not ours and are left out. */
function fromStatus(error: Error): HttpProblem | undefined {
  const status =
    error instanceof HttpException ? error.getStatus() : 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status !== 'number' || status < 400 || (status >= 500 && status !== 503)) {
    return undefined;
  }
  return new HttpProblem(statusCodes[status] ?? 'VALIDATION_FAILED', { cause: error });
}
