import * as fc from 'fast-check';

/** Texts that parsers, queries and pages stumble over. */
export const hostileTexts = fc.oneof(
  fc.constantFrom('', ' ', '*', ',', '"', '""', '0', '-1', '1e9', 'null', 'undefined', '__proto__', 'constructor'),
  fc.constantFrom("'; drop table values; --", '${7*7}', '{{x}}', '<script>', '../../etc/passwd', '\u00ff\u0080', '%00'),
  fc.constantFrom('x'.repeat(255), 'x'.repeat(256), 'x'.repeat(5_000), '9'.repeat(400)),
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
);

const headers: Record<string, fc.Arbitrary<string | string[]>> = {
  'idempotency-key': fc.oneof(hostileTexts, fc.constant<string[]>(['one', 'other']), fc.constantFrom('a', 'b', 'c')),
  'if-match': fc.oneof(
    hostileTexts,
    fc.constantFrom('"1"', '"0"', 'W/"1"', '"1", "2"', '"999999999999999"', '"-1"', '*'),
  ),
  prefer: fc.oneof(
    hostileTexts,
    fc.constantFrom(
      'wait=0',
      'wait=1',
      'wait=1',
      'wait=1',
      'wait',
      'wait=-1',
      'WAIT="1"',
      'respond-async, wait=1',
      'wait=1;x',
    ),
  ),
  'consistency-token': fc.oneof(
    hostileTexts,
    hostileTexts.map((text) => Buffer.from(text).toString('base64url')),
  ),
  'last-event-id': fc.oneof(hostileTexts, fc.constantFrom('1-1', '0-0', '-', '9-9-9', '1-99999999999999999999')),
  accept: fc.oneof(
    hostileTexts,
    fc.constantFrom('application/json', 'text/event-stream', '*/*', 'text/csv', 'a/b;q=x', '*/*;q=0'),
  ),
  'content-type': fc.oneof(
    fc.constant('application/json'),
    hostileTexts,
    fc.constantFrom(
      'application/json; charset=utf-16',
      'application/json;charset="UTF-8"',
      'text/plain',
      'multipart/form-data',
    ),
  ),
  'content-encoding': fc.constantFrom('gzip', 'identity', 'br, gzip', ''),
  'accept-encoding': fc.constantFrom('gzip', 'br;q=x', '*'),
  traceparent: fc.oneof(hostileTexts, fc.constant(`00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`)),
  origin: hostileTexts,
  'x-correlation-id': hostileTexts,
  'x-forwarded-for': hostileTexts,
  'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
  authorization: hostileTexts,
  cookie: hostileTexts,
  range: fc.constantFrom('bytes=0-1', 'bytes=-1', 'x'),
  expect: fc.constantFrom('100-continue', 'x'),
};

/** Two headers at most, else one fault hides the others. */
export const hostileHeaders = fc
  .tuple(fc.record(headers), fc.shuffledSubarray(Object.keys(headers), { maxLength: 2 }))
  .map(([every, names]) => Object.fromEntries(names.map((name) => [name, every[name] ?? ''])));

const numbers = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1e308',
    '1.7976931348623157e308',
    '1e309',
    '-1e309',
    '5e-324',
    '1e-400',
    '9007199254740993',
  ),
  fc.constantFrom('01', '+1', '1.', '.5', '0x10', 'NaN', 'Infinity', '1e', '१', '"1"', 'null', 'true', '[1]', '{}'),
  { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)) },
);
const operations = fc.constantFrom(
  ...Array<string>(4).fill('"ADD"'),
  ...Array<string>(4).fill('"MULTIPLY"'),
  '"add"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud800\\ud800"',
  '"__proto__"',
  '1',
  'null',
  '"\\x"',
);
const commands = fc
  .tuple(
    numbers,
    operations,
    fc.constantFrom(
      ...Array<string>(8).fill(''),
      ',"x":1',
      ',"value":1',
      ',"__proto__":{"x":1}',
      ',"constructor":null',
      ',"toString":1',
      ',',
    ),
  )
  .chain(([value, operation, more]) =>
    fc.constantFrom(`{"value":${value}${more}}`, `{"operation":${operation},"value":${value}${more}}`),
  );

const bodies = fc
  .oneof(
    { weight: 6, arbitrary: commands },
    fc.json({ noUnicodeString: false }),
    fc.constantFrom(
      '',
      ' ',
      'null',
      '[]',
      '{',
      '{"value":',
      '{"value":1}}',
      '{"value":1}\n{"value":2}',
      '\ufeff{"value":1}',
      "{'value':1}",
    ),
    fc.constantFrom(
      nested(31),
      nested(32),
      nested(33),
      nested(20_000),
      '['.repeat(50_000),
      `{"value":1,"x":"${'x'.repeat(110_000)}"}`,
    ),
  )
  .map((text) => Buffer.from(text));
/** Bodies: most of them nearly a command of the calculator, the others of every kind. */
export const hostileBodies = fc.oneof(
  { weight: 8, arbitrary: bodies },
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  fc.constantFrom(
    Buffer.from('{"value":1,"note":"\xff\xfe"}', 'latin1'),
    Buffer.from('{"value":1\0}'),
    Buffer.from('7b2276ed a080', 'hex'),
  ),
);

function nested(levels: number): string {
  return `${'{"value":'.repeat(levels)}1${'}'.repeat(levels)}`;
}
