import { bearerTokenOf } from './bearer-token';

describe('The token of a request', () => {
  it.each([
    ['Bearer abc.def.ghi', 'abc.def.ghi'],
    ['bearer abc', 'abc'],
    ['BEARER abc==', 'abc=='],
  ])('is in %j', (authorization, token) => {
    expect(bearerTokenOf({ authorization })).toBe(token);
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer  abc',
    'Bearer abc def',
    'Bearer abc, Bearer def',
    'Bearer "abc"',
    'Bearer a\tb',
  ])('is none that could be valid in %j', (authorization) => {
    expect(bearerTokenOf({ authorization })).toBe('');
  });

  it.each([undefined, 'Basic YWxpY2U6', 'Bearerabc', 'Digest username="Bearer abc"'])('was not sent in %j', (value) => {
    expect(bearerTokenOf(value === undefined ? {} : { authorization: value })).toBeUndefined();
  });
});
