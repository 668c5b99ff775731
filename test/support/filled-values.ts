import { HttpClient, type HttpAnswer } from './http-client.ts';
import { member } from './ledger-of-attempts.ts';

const connections = 16;
const pageRows = 200;

/**
 * Makes some values and adds to them in turn, until there are so many events.
 * @returns their ids
 * @throws Error when a command is not taken
 */
export async function fillValues(
  url: string,
  { values, events }: { values: number; events: number },
): Promise<string[]> {
  const client = new HttpClient(url, { connections });
  const create = async (value: number): Promise<string> =>
    String(member(await accepted(client.send('POST', '/values', { body: { value } })), 'id'));
  const ids = await Promise.all(Array.from({ length: values }, (_, value) => create(value)));
  let sent = values;
  const fill = async (): Promise<void> => {
    while (sent < events) {
      const value = sent++;
      const path = `/values/${ids[value % values]}`;
      await accepted(client.send('PUT', path, { body: { operation: 'ADD', value } }));
    }
  };
  await Promise.all(Array.from({ length: connections }, fill));
  client.close();
  return ids;
}

async function accepted(sending: Promise<HttpAnswer>): Promise<unknown> {
  const { status, body } = await sending;
  if (status !== 202) throw new Error(`${status} ${body}`);
  return JSON.parse(body);
}

/**
 * Every row that the calculator's views have of these values, as its readers see them: positions in streams are left out.
 * @throws Error when a view does not answer
 */
export async function rowsOf(url: string, ids: readonly string[]): Promise<Map<string, readonly unknown[]>> {
  const client = new HttpClient(url, { connections });
  const rows = await Promise.all(ids.map(async (id) => [id, await rowsOfValue(client, id)] as const));
  client.close();
  return new Map(rows);
}

async function rowsOfValue(client: HttpClient, id: string): Promise<unknown[]> {
  const now = await client.send('GET', `/values/${id}`);
  if (now.status !== 200) throw new Error(`${now.status} ${now.body}`);
  const rows: unknown[] = [{ now: now.body, etag: now.headers['etag'] }];
  for (let read = pageRows; read === pageRows;) {
    const after = rows.length - 1;
    const { status, body } = await client.send('GET', `/values/${id}/history?limit=${pageRows}&after=${after}`);
    const page: unknown = JSON.parse(body);
    if (status !== 200 || !Array.isArray(page)) throw new Error(`${status} ${body}`);
    rows.push(...page.map((row: unknown) => row));
    read = page.length;
  }
  return rows;
}
