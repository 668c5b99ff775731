import type { RejectionEntry } from '../../kernel/rejection';

/** How a problem code looks to an HTTP client. */
export type ProblemEntry = RejectionEntry;

/** Every problem that the platform itself answers with; modules add theirs as rejection tables. */
export const problemCodes = {
  VALIDATION_FAILED: { status: 400, title: 'The request is not valid' },
  UNAUTHENTICATED: { status: 401, title: 'A valid access token is required' },
  INSUFFICIENT_SCOPE: { status: 403, title: 'The access token lacks a scope' },
  RESERVED_IDENTITY: { status: 403, title: 'This identity is reserved' },
  NOT_FOUND: { status: 404, title: 'There is nothing here' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The resource does not know this method' },
  NOT_ACCEPTABLE: { status: 406, title: 'No representation is acceptable to the client' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  OPERATION_CONFLICT: { status: 409, title: 'Not as things stand' },
  CUSTOMER_ERASED: { status: 410, title: 'The customer has been erased' },
  VERSION_MISMATCH: { status: 412, title: 'The aggregate is at another version' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is larger than 100 KB' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body must be JSON' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used for another request' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The request headers are too large' },
  INTERNAL_ERROR: { status: 500, title: 'The server failed' },
  ISSUER_UNAVAILABLE: { status: 503, title: 'The issuer of the tokens cannot be reached' },
  LOG_UNAVAILABLE: { status: 503, title: 'The log cannot be reached; nothing was sent' },
  OUTCOME_UNKNOWN: { status: 503, title: 'The outcome is not known yet' },
  COMMAND_PARKED: { status: 503, title: 'The command was set aside' },
  VIEWS_UNAVAILABLE: { status: 503, title: 'The views cannot be read' },
  VIEW_BEHIND: { status: 503, title: 'The view has not seen this write yet' },
  VIEW_PARKED: { status: 503, title: 'The view is stuck on this key' },
  OVERLOADED: { status: 503, title: 'The server is overloaded' },
  DISK_FULL: { status: 507, title: 'The log has no space left' },
} as const satisfies Readonly<Record<string, ProblemEntry>>;

/** A stable code of the platform. */
export type ProblemCode = keyof typeof problemCodes;
