import { gzipSync } from 'node:zlib';
import { expectProblem, parseRaw } from '../src/platform/http/testing/expect-problem';
import { SampleApplication } from '../src/platform/http/testing/sample-application';

const json = { 'content-type': 'application/json' };
let sample: SampleApplication;

beforeAll(async () => {
  sample = await SampleApplication.start();
});
afterAll(() => sample.app.close());

describe('a body', () => {
  it('that is valid reaches the route', async () => {
    const answer = await sample.post('{"value": 2.5, "note": "hé", "items": [{"price": 1}]}');

    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.text)).toEqual({ value: 2.5, note: 'hé', items: [{ price: 1 }] });
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('may say null for an absent member', async () => {
    const answer = await sample.post('{"value": 1, "note": null, "items": [{"price": 2, "x": null}], "unknown": null}');

    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.text)).toEqual({ value: 1, items: [{ price: 2 }] });
  });

  it('is told every fault at once, with paths', async () => {
    const answer = await sample.post('{"note": 5, "extra": true, "items": [{"price": "1"}, null]}');

    expectProblem(answer, 'VALIDATION_FAILED');
    const errors = answer.problem['errors'] as { path: string; message: string }[];
    expect(new Set(errors.map(({ path }) => path))).toEqual(
      new Set(['value', 'note', 'extra', 'items.0.price', 'items.1']),
    );
    expect(errors).toContainEqual({ path: 'items.0.price', message: expect.stringMatching(/^must be a number/) });
  });

  it.each([
    ['malformed JSON', '{"value": 1'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a list of valid bodies', '[{"value": 1}]'],
    ['a string', '"value"'],
    ['a number', '1'],
    ['a number as text', '{"value": "1"}'],
    ['null for a required member', '{"value": null}'],
    ['a number that overflows a double', '{"value": 1e400}'],
    ['a number that overflows in a list', '{"value": 1, "items": [-1e999]}'],
    ['a prototype key', '{"value": 1, "__proto__": {"admin": true}}'],
    ['a nested prototype key', '{"value": 1, "items": [{"price": 1, "__proto__": {}}]}'],
    ['a constructor key', '{"value": 1, "constructor": {"prototype": {"admin": true}}}'],
    ['33 levels', `${'{"value":'.repeat(33)}1${'}'.repeat(33)}`],
    ['50,000 levels', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['a lone surrogate', '{"value": 1, "note": "\\ud800"}'],
    ['a NUL', '{"value": 1, "note": "\\u0000"}'],
    ['a byte order mark', '\ufeff{"value": 1}'],
  ])('of %s is refused', async (_name, body) => {
    expectProblem(await sample.post(body), 'VALIDATION_FAILED');
  });

  it('names the number that overflows a double, even where no route would look', async () => {
    const answer = await sample.post('{"value": 1, "items": [{"price": 1, "deep": [2, 1e400]}]}');

    expect(answer.problem['errors']).toEqual([{ path: 'items.0.deep.1', message: 'is too large for a number' }]);
  });

  it('that is not UTF-8 is refused', async () => {
    expectProblem(await sample.post(Buffer.from('{"value": 1, "note": "\xff\xfe"}', 'latin1')), 'VALIDATION_FAILED');
  });

  it('may be 32 levels deep', async () => {
    const answer = await sample.post(`${'{"value":'.repeat(32)}1${'}'.repeat(32)}`);

    expectProblem(answer, 'VALIDATION_FAILED');
    expect(answer.problem['errors']).toEqual([{ path: 'value', message: expect.any(String) }]);
  });

  it.each([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['no type', {}],
    ['a malformed type', { 'content-type': 'json' }],
    ['another charset', { 'content-type': 'application/json; charset=utf-16' }],
    ['another JSON type', { 'content-type': 'application/merge-patch+json' }],
  ])('sent as %s is refused', async (_name, headers) => {
    expectProblem(
      await sample.post(Buffer.from('{"value": 1}'), headers as Record<string, string>),
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('that is compressed is refused', async () => {
    const answer = await sample.post(gzipSync('{"value": 1}'), { ...json, 'content-encoding': 'gzip' });

    expectProblem(answer, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('may name its charset', async () => {
    expect((await sample.post('{"value": 1}', { 'content-type': 'application/json; charset=UTF-8' })).status).toBe(202);
  });

  it('may be 100 KB large and no larger', async () => {
    const filled = (bytes: number) =>
      JSON.stringify({ value: 1, pad: 'x'.repeat(bytes - '{"value":1,"pad":""}'.length) });

    expectProblem(await sample.post(filled(100 * 1024)), 'VALIDATION_FAILED');
    expectProblem(await sample.post(filled(100 * 1024 + 1)), 'BODY_TOO_LARGE');
  });

  it('without a declared length may be no larger either', async () => {
    const head =
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;

    expect(parseRaw(await sample.raw(head, chunk, chunk, chunk, chunk, '0\r\n\r\n'))).toMatchObject({
      status: 413,
      problem: { code: 'BODY_TOO_LARGE' },
    });
  });
});
