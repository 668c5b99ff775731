import { freePort } from '../scripts/process/ports.ts';
import type { AppProcess } from './support/app-process.ts';
import { eventually } from './support/eventually.ts';
import { GarbageCollector } from './support/garbage-collector.ts';
import { flood, openAndLeave, sendAndNeverRead } from './support/hostile-sockets.ts';
import { HttpClient } from './support/http-client.ts';
import { member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { processMetrics, type ProcessMetrics } from './support/process-metrics.ts';
import { SeededRandom } from './support/seeded-random.ts';
import { faultCount } from './support/test-modes.ts';

const rounds = faultCount({ small: 1, full: 50 });
const visits = faultCount({ small: 1_000, full: 100_000 });
/** With few rounds the growth is that of a process that has just started: it is told, and not judged. */
const growthMegabytesMax = rounds < 20 ? Infinity : 50;
/** Of what is left when all garbage is collected. */
const heapGrowthMegabytesMax = 5;
const warmUpRequests = 2_000;
const visitorsAtOnce = 50;
const perRound = 10;
const largeBodyBytes = 100 * 1024 * 1024;
/** What two sockets hold between them, beside what the server reads before it refuses. */
const takenBytesMax = 16 * 1024 * 1024;
const within = 60_000;

describeModes(
  'clients that mean no good',
  ({ startApp }) => {
    let app: AppProcess;
    let id: string;
    let garbage: GarbageCollector;

    beforeEach(async () => {
      garbage = new GarbageCollector(await freePort());
      app = await startApp({ LOG_LEVEL: 'error', ...garbage.settings });
      const headers = { 'content-type': 'application/json', prefer: 'wait=20' };
      const created = await fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":0}' });
      id = String(member(await created.json(), 'id'));
      const token = String(created.headers.get('consistency-token'));
      expect((await fetch(`${app.url}/values/${id}`, { headers: { 'consistency-token': token } })).status).toBe(200);
    });

    it(`are refused within bounds of memory, and the others are served: ${rounds} rounds`, async () => {
      const others = new HttpClient(app.url, { connections: 2 });
      await warmUp(others);
      const before = await settled();
      let most = 0;
      for (let count = 0; count < rounds; count++) {
        const hostile = round();
        const body = { operation: 'ADD', value: 1 };
        const served = await others.send('PUT', `/values/${id}`, { headers: { prefer: 'wait=20' }, body });
        expect(served.status).toBe(200);
        await hostile;
        most = Math.max(most, (await processMetrics(app.url)).residentMegabytes);
      }
      const after = await settled();
      others.close();
      const resident = `${before.residentMegabytes} MB before, ${after.residentMegabytes} MB after`;
      process.stdout.write(`hostile clients: ${resident}, with garbage ${most} MB at most\n`);
      expect(after.heapMegabytes - before.heapMegabytes).toBeLessThanOrEqual(heapGrowthMegabytesMax);
      expect(after.residentMegabytes - before.residentMegabytes).toBeLessThanOrEqual(growthMegabytesMax);
      expect(app.output).not.toContain('"level"');
    });

    it(`leave nothing behind when they open streams and go: ${visits} visits`, async () => {
      const random = SeededRandom.announce('streams opened and left');
      await visit(random, visitorsAtOnce * 2);
      const before = await settled();
      await visit(random, visits);
      const after = await settled();
      process.stdout.write(
        `streams opened and left: heap ${before.heapMegabytes} MB before, ${after.heapMegabytes} MB after\n`,
      );
      expect(after.handles).toBeLessThanOrEqual(before.handles);
      expect(after.timers).toBeLessThanOrEqual(before.timers);
      expect(after.heapMegabytes - before.heapMegabytes).toBeLessThanOrEqual(heapGrowthMegabytesMax);
      expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
      expect(app.output).not.toContain('"level"');
    });

    /** What a process takes for itself as soon as it is used at all. */
    async function warmUp(client: HttpClient): Promise<void> {
      const headers = { prefer: 'wait=20' };
      for (let sent = 0; sent < warmUpRequests; sent += 20) {
        const write = client.send('PUT', `/values/${id}`, { headers, body: { operation: 'ADD', value: 1 } });
        await Promise.all([write, ...Array.from({ length: 19 }, () => client.send('GET', `/values/${id}/history`))]);
      }
    }

    /** Every kind of hostile client, many at once; all but those that never read get their refusal. */
    async function round(): Promise<void> {
      const post = `POST /values HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
      const many = <T>(make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: perRound }, make));
      const unread = `GET /values/${id}/history HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(100);
      const deep = '['.repeat(50_000) + ']'.repeat(50_000);
      const neverReading = Array.from({ length: perRound }, () => sendAndNeverRead(app.url, unread, 20));
      const [declared, chunked, flooded, names, unclosed, nested] = await Promise.all([
        many(() => flood(app.url, `${post}Content-Length: ${largeBodyBytes}\r\n\r\n`, largeBodyBytes)),
        many(() => flood(app.url, `${post}Transfer-Encoding: chunked\r\n\r\n6400000\r\n`, largeBodyBytes)),
        many(() => flood(app.url, `${post}X: `, largeBodyBytes)),
        many(() => flood(app.url, post, largeBodyBytes, Buffer.from('X-A: b\r\n'.repeat(1_000)))),
        many(() =>
          flood(
            app.url,
            `${post}Connection: close\r\nContent-Length: 100000\r\n\r\n`,
            100_000,
            Buffer.alloc(100_000, '['),
          ),
        ),
        many(() =>
          flood(app.url, `${post}Connection: close\r\nContent-Length: 100000\r\n\r\n`, 100_000, Buffer.from(deep)),
        ),
      ]);
      for (const socket of neverReading) socket.destroy();
      for (const { text, sentBytes } of [...declared, ...chunked, ...flooded, ...names]) {
        // A client that goes on sending may lose the answer to the reset of its connection.
        expect(text).toMatch(/^(HTTP\/1\.1 (413|431) |$)/);
        expect(sentBytes).toBeLessThan(takenBytesMax);
      }
      for (const { text } of [...unclosed, ...nested]) expect(text).toMatch(/^HTTP\/1\.1 400 [^]*"VALIDATION_FAILED"/);
    }

    async function visit(random: SeededRandom, count: number): Promise<void> {
      let left = count;
      const visitor = async (): Promise<void> => {
        while (left-- > 0) await openAndLeave(app.url, `/values/${id}/changes`, random.chance(0.3));
      };
      await Promise.all(Array.from({ length: visitorsAtOnce }, visitor));
    }

    /** What the process holds on to when nobody asks it anything. */
    async function settled(): Promise<ProcessMetrics> {
      await eventually(async () => expect(await processMetrics(app.url)).toMatchObject({ streams: 0, inFlight: 0 }), {
        within,
      });
      await garbage.collect();
      return processMetrics(app.url);
    }
  },
  ['embedded'],
);
