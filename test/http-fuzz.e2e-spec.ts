import * as fc from 'fast-check';
import { SampleApplication } from '../src/platform/http/testing/sample-application';

let sample: SampleApplication;

beforeAll(async () => {
  sample = await SampleApplication.start({ LOG_LEVEL: 'error' });
});
afterAll(() => sample.app.close());

const valid =
  'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n' +
  'Content-Length: 12\r\nConnection: close\r\n\r\n{"value": 1}';

/** A piece of the valid request is replaced by bytes that parsers stumble over. */
const mutation = fc.record({
  at: fc.nat({ max: valid.length }),
  length: fc.nat({ max: 20 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom(
        '\r\n',
        '\r\n\r\n',
        '%',
        '%00',
        '%2e%2e/',
        '\0',
        '{',
        '"',
        ':',
        ';q=',
        'chunked',
        '\ud800',
        '__proto__',
      )
      .map((text) => Buffer.from(text)),
  ),
});

describe('nothing that a client sends', () => {
  it('yields a 5xx: mutated requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        let bytes = Buffer.from(valid);
        for (const { at, length, insert } of mutations) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + length)]);
        }
        const answer = await sample.rawToEnd(bytes);

        expect(answer).toMatch(/^(HTTP\/1\.1 [1-4]\d\d |$)/);
      }),
      { numRuns: 150 },
    );
  });

  it('yields a 5xx: any JSON, path and headers', async () => {
    const header = fc.stringMatching(/^[\x21-\x7e]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
        fc.oneof(fc.webPath(), fc.constantFrom('/things', '/things/x', '/docs/constructor', '/docs/problems/..')),
        fc.option(fc.webQueryParameters()),
        fc.record({
          accept: header,
          'content-type': fc.oneof(header, fc.constant('application/json')),
          traceparent: header,
        }),
        fc.json({ noUnicodeString: false }),
        async (method, path, query, headers, body) => {
          const hasBody = method !== 'GET' && method !== 'HEAD';
          const target = `/${path.replace(/^\/+/, '')}${query === null ? '' : `?${query}`}`;
          const { status } = await sample.send(target, { method, headers, ...(hasBody && { body }) });

          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 300 },
    );
  });

  afterEach(() => {
    expect(sample.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
