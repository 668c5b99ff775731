import { SampleApplication } from '../src/platform/http/testing/sample-application';
import { eventually } from './support/eventually.ts';
import { dribble } from './support/hostile-sockets.ts';
import { faultCount } from './support/test-modes.ts';

const clients = faultCount({ small: 200, full: 3_000 });

/** The limits in time are those of the product, shortened: 0.3 s for the head and 0.6 s for all of a request. */
describe('clients that send a byte now and then', () => {
  let sample: SampleApplication;

  beforeAll(async () => {
    sample = await SampleApplication.start({ LOG_LEVEL: 'error' });
  });
  afterAll(() => sample.app.close());

  it.each([
    ['heads', `GET /things HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(5_000)}`],
    ['header after header', `GET /things HTTP/1.1\r\n${'X: y\r\n'.repeat(2_000)}`],
  ])(`get 408 for their %s, and the others are served: ${clients} clients`, async (_name, bytes) => {
    await allRefused(() => dribble(sample.url, bytes));
  });

  it(`get 408 for their bodies, and the others are served: ${clients} clients`, async () => {
    const head = 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n';
    await allRefused(() => dribble(sample.url, ' '.repeat(90_000), head));
  });

  async function allRefused(send: () => Promise<string>): Promise<void> {
    const slow = Promise.all(Array.from({ length: clients }, send));
    let isOver = false;
    const over = slow.finally(() => (isOver = true));
    while (!isOver) expect((await sample.send('/things')).status).toBe(200);
    for (const text of await over) expect(text).toMatch(/^HTTP\/1\.1 408 [^]*"REQUEST_TIMEOUT"/);
    await eventually(async () => {
      const { text } = await sample.send('/metrics', { headers: { connection: 'close' } });
      for (const [, count] of text.matchAll(/^http_requests_in_flight\{kind="\w+"\} (\d+)$/gm)) expect(count).toBe('0');
    });
  }
});
