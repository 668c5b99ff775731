import { problemCodes, type ProblemCode } from './problem-codes';

/** One fault of a request. */
export interface FieldError {
  /** Dotted path into the body, query, path or headers: `items.0.price`. */
  readonly path: string;
  readonly message: string;
}

export interface HttpProblemOptions {
  /** One or two sentences for the caller; never secrets, another person's data, a stack, a query or a file path. */
  readonly detail?: string;
  /** Headers of the answer, such as `Location`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly FieldError[];
  /** Further members of the problem; the standard ones win. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** What really happened; logged with 5xx, never answered. */
  readonly cause?: unknown;
}

/** Throw it anywhere below a route to answer with a problem of the platform. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly detail: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[] | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;

  constructor(
    readonly code: ProblemCode,
    options: HttpProblemOptions = {},
  ) {
    super(options.detail ?? problemCodes[code].title, options.cause === undefined ? {} : { cause: options.cause });
    this.status = problemCodes[code].status;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
    this.errors = options.errors;
    this.extensions = options.extensions;
  }
}

/** 400 `VALIDATION_FAILED` for one field. */
export function invalid(path: string, message: string): HttpProblem {
  return new HttpProblem('VALIDATION_FAILED', { errors: [{ path, message }] });
}
