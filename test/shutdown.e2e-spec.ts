import { request, type IncomingMessage } from 'node:http';
import type { AppProcess } from './support/app-process.ts';
import { CalculatorLoad, retryUnknown } from './support/calculator-load.ts';
import { checkEffects } from './support/effects.ts';
import { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { LedgerOfAttempts, member } from './support/ledger-of-attempts.ts';
import { describeModes } from './support/modes.ts';
import { effectsOf, readRawLog } from './support/raw-log.ts';
import { SeededRandom } from './support/seeded-random.ts';

const requestsInFlight = 20;
/** Five seconds are promised; the rest is for a machine that does other things too. */
const exitWithinMs = 7_500;

describeModes('SIGTERM', ({ newSite }) => {
  it('lets requests in flight end with their answer, closes streams with a retry time, and exits with 0', async () => {
    const site = await newSite();
    const app = await site.start();
    const { id, token } = await createValue(app);
    const headers = { 'consistency-token': token };
    const stream = await EventStream.open(`${app.url}/values/${id}/changes`, { headers });
    await stream.untilCaughtUp({ within: 20_000 });
    const begun = await Promise.all(
      Array.from({ length: requestsInFlight }, (_, index) => beginAddition(app, id, index + 1)),
    );

    const started = performance.now();
    const exit = app.terminate();
    await eventually(() => app.output.includes('SIGTERM: stopping'), { within: 20_000 });
    // First the streams, which would never end by themselves, and only then the requests.
    await stream.end({ within: 4_000 });
    const answers = await Promise.all(begun.map((addition) => addition.finish()));

    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(requestsInFlight).fill(200));
    expect(stream.retryMs).toBeGreaterThan(0);
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - started).toBeLessThan(exitWithinMs);
    await expect(fetch(`${app.url}/health/live`)).rejects.toThrow();

    await app.restart();
    const path = `/values/${id}/history?limit=${requestsInFlight + 10}`;
    await eventually(
      async () => {
        const history: unknown = await (await fetch(`${app.url}${path}`)).json();
        expect(history).toHaveLength(1 + requestsInFlight);
      },
      { within: 20_000 },
    );
    expect(await app.terminate()).toMatchObject({ code: 0 });
  });

  it('under load loses nothing that was acknowledged, and what was not can be asked again', async () => {
    const random = SeededRandom.announce('SIGTERM under load');
    const site = await newSite();
    const app = await site.start({ LOG_LEVEL: 'error' });
    const ledger = new LedgerOfAttempts();
    const load = CalculatorLoad.start([app.url], ledger, random);
    await eventually(() => ledger.count('acknowledged') > 100, { within: 30_000 });
    expect(await app.terminate()).toEqual({ code: 0, signal: null });
    await load.stop();
    expect(app.output).toBe('');
    await app.restart();
    await retryUnknown(app.url, ledger);
    expect(await app.terminate()).toMatchObject({ code: 0 });

    expect(ledger.complaints).toEqual([]);
    expect(checkEffects(ledger.operations, effectsOf(await readRawLog(site, app)))).toEqual([]);
  });
});

interface BegunRequest {
  /** Sends the rest, and reads the answer. */
  finish(): Promise<IncomingMessage>;
}

/** Resolves when the server has read the head, and so has the request in flight; its body waits for `finish`. */
async function beginAddition(app: AppProcess, id: string, value: number): Promise<BegunRequest> {
  const body = JSON.stringify({ operation: 'ADD', value });
  const outgoing = request(`${app.url}/values/${id}`, {
    method: 'PUT',
    agent: false,
    headers: {
      expect: '100-continue',
      prefer: 'wait=20',
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer));
      answer.once('error', reject);
    });
  });
  answered.catch(() => undefined);
  const continued = new Promise<void>((resolve) => outgoing.once('continue', resolve));
  outgoing.flushHeaders();
  await Promise.race([continued, answered]);
  return {
    finish: () => {
      outgoing.end(body);
      return answered;
    },
  };
}

async function createValue(app: AppProcess): Promise<{ id: string; token: string }> {
  const headers = { 'content-type': 'application/json', prefer: 'wait=20' };
  const answer = await fetch(`${app.url}/values`, { method: 'POST', headers, body: '{"value":0}' });
  const id = member(await answer.json(), 'id');
  if (answer.status !== 201 || typeof id !== 'string') throw new Error(`POST /values answers ${answer.status}`);
  return { id, token: answer.headers.get('consistency-token') ?? '' };
}
