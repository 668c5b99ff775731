import type { Effect } from './effects.ts';
import { eventually } from './eventually.ts';
import { HttpClient } from './http-client.ts';
import { member, type LedgerOfAttempts } from './ledger-of-attempts.ts';

const pageRows = 200;

/**
 * Reads these values over HTTP, after one more addition to each, which is decided after all that was sent before.
 * @throws Error when the present value is not what the history ends with, or an addition is not decided in time
 */
export async function readHistories(
  url: string,
  ledger: LedgerOfAttempts,
  valueIds: readonly string[],
): Promise<Effect[]> {
  const client = new HttpClient(url);
  const histories = await Promise.all(valueIds.map((valueId) => readHistory(client, ledger, valueId)));
  client.close();
  return histories.flat();
}

/**
 * Adds once more to the value, and waits for the decision.
 * @returns the token of that decision, which comes after all that was sent before
 * @throws Error when it is refused, or not decided in time
 */
export async function addLast(client: HttpClient, ledger: LedgerOfAttempts, valueId: string): Promise<string> {
  const last = ledger.begin({ kind: 'ADD', key: `last ${valueId} ${ledger.operations.length}`, waits: true, valueId });
  await eventually(
    async () => {
      await ledger.attempt(client, last);
      return last.fate === 'acknowledged' || ledger.complaints.length > 0;
    },
    { within: 30_000 },
  );
  const token = last.answers.find(({ status }) => status === 200)?.token;
  if (token === undefined) throw new Error(ledger.complaints.join('; ') || `${valueId}: no decision in time`);
  return token;
}

async function readHistory(client: HttpClient, ledger: LedgerOfAttempts, valueId: string): Promise<Effect[]> {
  const token = await addLast(client, ledger, valueId);
  const headers = { 'consistency-token': token, prefer: 'wait=20' };
  const effects: Effect[] = [];
  for (let rows = pageRows; rows === pageRows;) {
    const after = effects.at(-1)?.version ?? 0;
    const path = `/values/${valueId}/history?limit=${pageRows}&after=${after}`;
    const page: unknown = JSON.parse((await client.send('GET', path, { headers })).body);
    if (!Array.isArray(page)) throw new Error(`${path} answers ${JSON.stringify(page)}`);
    effects.push(...page.map((row: unknown) => effectOf(valueId, row)));
    rows = page.length;
  }
  const now = await client.send('GET', `/values/${valueId}`, { headers });
  const end = effects.at(-1);
  const value = member(JSON.parse(now.body), 'value');
  if (value !== end?.result || now.headers['etag'] !== `"${end?.version}"`) {
    throw new Error(
      `${valueId} is ${String(now.headers['etag'])} ${now.body}, its history ends with ${JSON.stringify(end)}`,
    );
  }
  return effects;
}

function effectOf(valueId: string, row: unknown): Effect {
  return {
    valueId,
    version: Number(member(row, 'version')),
    operation: String(member(row, 'operation')),
    operand: Number(member(row, 'operand')),
    result: Number(member(row, 'result')),
  };
}
