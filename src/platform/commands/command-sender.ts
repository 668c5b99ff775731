import { randomUUIDv7 } from 'node:crypto';
import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/caller';
import type { CommandMetadata } from '../../kernel/command';
import { Rejected } from '../../kernel/rejection';
import { ApiProblems } from '../http/api-problems.decorator';
import { HttpProblem } from '../http/http-problem';
import type { CommandOutcome } from './command-gateway';
import { readExpectedVersion, readIdempotencyKey, readPreference, type Preference } from './command-preferences';
import { encodeToken } from './consistency-token';
import { canonicalJson, commandIdOf, uuidV5 } from './identifiers';

/** What a route wants of its sender. */
export interface SenderOptions {
  /** How long the route waits for the decision when the client does not say; default 10,000. */
  readonly waitMs?: number;
  /** Member of the body that names the target aggregate, within whose scope idempotency keys live; default `id`. */
  readonly target?: string;
}

/** How an outcome looks on a route. */
export interface AnswerShape {
  /** Status of an accepted command; default 200; 204 has no body. */
  readonly status?: number;
  /** `Location` of an accepted command, and of a pending one in place of its outcome's page. */
  readonly location?: string;
  /** Members added to every answer, such as the id of what is made. */
  readonly body?: Readonly<Record<string, unknown>>;
}

const WAIT_MS = 10_000;
const NO_CONTENT = 204;

/**
 * The HTTP side of one command: metadata from the request's headers on the way in, status and headers on the way out.
 */
export class CommandSender {
  readonly metadata: CommandMetadata;
  private readonly preference: Preference;

  constructor(
    request: FastifyRequest,
    private readonly reply: FastifyReply,
    options: SenderOptions,
  ) {
    const { headers } = request;
    const key = readIdempotencyKey(single(headers['idempotency-key']));
    const expectedVersion = readExpectedVersion(headers['if-match']);
    const { traceparent } = request;
    this.preference = readPreference(single(headers['prefer']), options.waitMs ?? WAIT_MS);
    const identity = identityOf(request);
    this.metadata = {
      commandId: key === undefined ? randomUUIDv7() : commandIdOf(scopeOf(request, identity, options.target), key),
      identity,
      correlationId: request.correlationId,
      receivedAt: Date.now(),
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
      ...(traceparent === undefined ? {} : { traceparent }),
      sender: {
        waitMs: this.preference.waitMs,
        ...(key === undefined ? {} : { idempotencyKey: key, content: contentOf(request) }),
      },
    };
  }

  /** Id for what the command makes; the same for every attempt with one idempotency key, so that twins meet. */
  newId(): string {
    return uuidV5(this.metadata.commandId);
  }

  /**
   * Answers with the outcome.
   *
   * @throws Rejected as the module's table says
   * @throws HttpProblem COMMAND_PARKED, IDEMPOTENCY_KEY_REUSED, VERSION_MISMATCH
   */
  answer(outcome: CommandOutcome, shape: AnswerShape = {}): unknown {
    const { commandId } = this.metadata;
    if (this.preference.applied !== undefined) this.header('preference-applied', this.preference.applied);
    if (outcome.status === 'pending') {
      this.header('consistency-token', encodeToken({ kind: 'command', commandId }));
      this.header('location', shape.location ?? `/commands/${commandId}`);
      void this.reply.status(202);
      return { ...shape.body, commandId };
    }
    const { decision, position, replayed } = outcome;
    this.header('consistency-token', encodeToken({ kind: 'position', position }));
    if (replayed) this.header('idempotency-replayed', 'true');
    switch (decision.status) {
      case 'parked':
        throw new HttpProblem('COMMAND_PARKED', { headers: { location: `/commands/${commandId}` } });
      case 'rejected':
        throw rejection(decision.code, decision.details);
      case 'accepted':
        this.header('etag', `"${decision.version}"`);
        if (shape.location !== undefined) this.header('location', shape.location);
        void this.reply.status(shape.status ?? 200);
        return shape.status === NO_CONTENT ? undefined : { ...shape.body, ...Object(decision.reply) };
    }
  }

  private header(name: string, value: string): void {
    void this.reply.header(name, value);
  }
}

/** Hands the route's {@link CommandSender}: `@Sender() sender: CommandSender`. */
export const Sender = createParamDecorator((options: SenderOptions | undefined, context: ExecutionContext) => {
  const http = context.switchToHttp();
  return new CommandSender(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), options ?? {});
});

/** Documents what every command route takes and may answer. */
export function ApiCommand(): MethodDecorator {
  return applyDecorators(
    ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same key is decided once, for 24 hours' }),
    ApiHeader({ name: 'If-Match', required: false, description: 'Decide only at this version of the aggregate' }),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: '`respond-async`, or `wait=n` seconds for the decision',
    }),
    ApiProblems(
      'VERSION_MISMATCH',
      'IDEMPOTENCY_KEY_REUSED',
      'LOG_UNAVAILABLE',
      'OUTCOME_UNKNOWN',
      'COMMAND_PARKED',
      'DISK_FULL',
    ),
  );
}

/** Decisions of the platform itself are its own problems; all others are in the tables of the modules. */
export function rejection(code: string, details: Readonly<Record<string, unknown>>): Error {
  if (code === 'VERSION_MISMATCH') return new HttpProblem(code, { extensions: details });
  if (code === 'IDEMPOTENCY_KEY_REUSED') return new HttpProblem(code);
  return new Rejected(code, details);
}

function scopeOf(request: FastifyRequest, identity: string, member = 'id'): Parameters<typeof commandIdOf>[0] {
  const [pathId] = Object.keys(Object(request.params));
  const named = pathId === undefined ? undefined : memberText(request.params, pathId);
  const target = named ?? memberText(request.body, member) ?? identity;
  return { identity, method: request.method, route: routeOf(request), target };
}

/** Everything that makes one request differ from another, for the fingerprint: path and canonical body. */
function contentOf(request: FastifyRequest): string {
  const params = Object.values(Object(request.params)).map((value) => sameSpelling(String(value)));
  return `${request.method} ${routeOf(request)} ${params.join('/')}\n${canonicalJson(request.body ?? null)}`;
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '';
}

function memberText(holder: unknown, member: string): string | undefined {
  if (typeof holder !== 'object' || holder === null || !(member in holder)) return undefined;
  const value: unknown = Object.entries(holder).find(([name]) => name === member)?.[1];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? sameSpelling(value) : undefined;
}

/** Two spellings of a UUID are one id; other ids are what they are. */
function sameSpelling(id: string): string {
  return /^[0-9a-f-]{36}$/i.test(id) ? id.toLowerCase() : id;
}

/** Node joins repeated headers of these names with commas, or lists them; the first one counts for neither. */
function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
