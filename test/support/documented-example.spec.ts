import { DocumentedExample, documentedSteps } from './documented-example.ts';

const text = [
  'Text',
  '',
  '<!-- example: made-up -->',
  '',
  '```sh',
  'printf \'noise\\n{"id":"11111111-aaaa-5bbb-8ccc-222222222222"}\\n\' -d # a command',
  '# => {"id":"2753b941-eb10-497c-b58c-2b3dec1eeeef"}',
  'ID=2753b941-eb10-497c-b58c-2b3dec1eeeef # yours',
  'printf "%s at 2026-01-01T00:00:00.123Z\\n" "$ID" -d # reads it',
  '# => 2753b941-eb10-497c-b58c-2b3dec1eeeef at 2026-11-21T09:00:00.000Z',
  '```',
].join('\n');

describe('an example in a document', () => {
  it('is run as it stands, with the ids that this run has had', async () => {
    await new DocumentedExample({}).run(documentedSteps(text, 'made-up'));
  });

  it.each([
    ['an id that is another', '"$ID" -d', '"33333333-aaaa-5bbb-8ccc-222222222222" -d'],
    ['a line that is not printed', '# => {"id"', '# => {"ids"'],
    ['a program that fails', "printf 'noise", "false 'noise"],
  ])('fails on %s', async (_what, from, to) => {
    const broken = text.replace(from, to);

    expect(broken).not.toBe(text);
    await expect(new DocumentedExample({}).run(documentedSteps(broken, 'made-up'))).rejects.toThrow();
  });

  it('must be there', () => {
    expect(() => documentedSteps(text, 'another')).toThrow('there is no example another');
  });
});
