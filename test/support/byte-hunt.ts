import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { AppProcess } from './app-process.ts';
import type { AppSite } from './app-site.ts';
import type { SignedIn } from './signed-in.ts';

interface Topic {
  readonly name: string;
  readonly partitions: readonly { readonly partition: number; readonly start: number; readonly end: number }[];
}

const PAGE = 200;

/** All bytes that a site holds: every file, log line and metric of its process, every record of every topic, every table. */
export async function everyByte(site: AppSite, app: AppProcess, admin: SignedIn): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  found.set('the output', Buffer.from(app.output));
  found.set('/metrics', Buffer.from(await (await fetch(`${app.url}/metrics`)).text()));
  for (const name of readdirSync(app.dataDirectory)) {
    if (!name.endsWith('.sock')) found.set(name, readFileSync(join(app.dataDirectory, name)));
  }
  for (const { name, partitions } of (await admin.get('/operations/topics').expect(200)).body as Topic[]) {
    for (const { partition, start, end } of partitions) {
      found.set(`${name}/${partition}`, Buffer.from(await recordsOf(admin, name, partition, start, end)));
    }
  }
  const { DATABASE_URL } = site.settings;
  if (DATABASE_URL !== undefined) await addTables(DATABASE_URL, found);
  return found;
}

/** Where any of these texts is, as `place: text`. */
export function findTexts(places: ReadonlyMap<string, Buffer>, texts: readonly string[]): string[] {
  return [...places].flatMap(([place, bytes]) => {
    return texts.filter((text) => bytes.includes(text)).map((text) => `${place}: ${text}`);
  });
}

async function recordsOf(
  admin: SignedIn,
  topic: string,
  partition: number,
  start: number,
  end: number,
): Promise<string> {
  let text = '';
  for (let from = start; from < end;) {
    const path = `/operations/topics/${topic}/records?partition=${partition}&from=${from}&limit=${PAGE}`;
    const { body } = await admin.get(path).expect(200);
    const records = body as { readonly offset: number }[];
    text += JSON.stringify(records);
    const last = records.at(-1);
    if (last === undefined) break;
    from = last.offset + 1;
  }
  return text;
}

async function addTables(url: string, found: Map<string, Buffer>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('views', 'keys')`,
    );
    for (const { name } of tables.rows) {
      const { rows } = await client.query<object>(`select * from ${name}`);
      const parts = rows.flatMap((row) =>
        Object.values(row).map((value) => (Buffer.isBuffer(value) ? value : Buffer.from(`${String(value)}\n`))),
      );
      found.set(name, Buffer.concat(parts));
    }
  } finally {
    await client.end();
  }
}
