import type { HttpAnswer, HttpClient } from './http-client.ts';

/** What an answer says, kept small: a ledger holds many. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
  readonly etag: string | undefined;
  readonly token: string | undefined;
}

/** One command as a client means it: sent once, or again with its idempotency key. */
export interface Operation {
  /** No two operations have the same, so the log tells whose effect an event is. */
  readonly operand: number;
  readonly kind: 'CREATE' | 'ADD';
  readonly key: string | undefined;
  /** Asks for the decision; else the answer tells only that the command was taken. */
  readonly waits: boolean;
  /** The value it is about; of a CREATE only once an answer has told it. */
  valueId: string | undefined;
  /** What the client knows: `unknown` when an attempt got no answer, or the one that says so. */
  fate: 'acknowledged' | 'refused' | 'unknown';
  readonly answers: KeptAnswer[];
}

export type NewOperation = Pick<Operation, 'kind' | 'key' | 'waits'> & { readonly valueId?: string };

/** What clients of the calculator sent and what they were told; `checkEffects` compares it with what came of it. */
export class LedgerOfAttempts {
  readonly operations: Operation[] = [];
  /** Answers that no client may ever get. */
  readonly complaints: string[] = [];
  /** How often an attempt ended without a decision, by what ended it. */
  readonly losses: Record<string, number> = {};

  begin({ kind, key, waits, valueId }: NewOperation): Operation {
    const operand = this.operations.length + 1;
    const operation: Operation = { operand, kind, key, waits, valueId, fate: 'refused', answers: [] };
    this.operations.push(operation);
    return operation;
  }

  /**
   * Sends the operation, for the first time or again, and notes the outcome.
   * @returns false when there is nobody at the other end any more
   */
  async attempt(client: HttpClient, operation: Operation): Promise<boolean> {
    try {
      this.#note(operation, await send(client, operation));
      return true;
    } catch (error) {
      const loss = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      this.losses[loss] = (this.losses[loss] ?? 0) + 1;
      const nothingWasSent = loss === 'ECONNREFUSED';
      if (!nothingWasSent && operation.fate !== 'acknowledged') operation.fate = 'unknown';
      return false;
    }
  }

  count(fate: Operation['fate']): number {
    return this.operations.filter((operation) => operation.fate === fate).length;
  }

  #note(operation: Operation, answer: HttpAnswer): void {
    const body: unknown = JSON.parse(answer.body);
    const code = member(body, 'code');
    if (answer.status >= 200 && answer.status < 300) {
      operation.fate = 'acknowledged';
      operation.answers.push(kept(answer));
      const id = member(body, 'id');
      if (typeof id === 'string') operation.valueId ??= id;
    } else if (answer.status === 503 && (code === 'OUTCOME_UNKNOWN' || code === 'LOG_UNAVAILABLE')) {
      this.losses[code] = (this.losses[code] ?? 0) + 1;
      if (answer.headers['retry-after'] === undefined) this.complaints.push(`${code} came without Retry-After`);
      if (code === 'OUTCOME_UNKNOWN' && operation.fate === 'refused') operation.fate = 'unknown';
    } else {
      this.complaints.push(`${operation.kind} ${operation.operand} was answered ${answer.status} ${answer.body}`);
    }
  }
}

function kept({ status, body, headers }: HttpAnswer): KeptAnswer {
  const text = (name: string) => (headers[name] === undefined ? undefined : String(headers[name]));
  return { status, body, etag: text('etag'), token: text('consistency-token') };
}

function send(client: HttpClient, { kind, key, waits, operand, valueId }: Operation): Promise<HttpAnswer> {
  const headers = {
    ...(key === undefined ? {} : { 'idempotency-key': key }),
    ...(waits ? { prefer: 'wait=20' } : {}),
  };
  if (kind === 'CREATE') return client.send('POST', '/values', { headers, body: { value: operand } });
  return client.send('PUT', `/values/${valueId}`, { headers, body: { operation: 'ADD', value: operand } });
}

/** The member of a parsed JSON object, or undefined. */
export function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}
