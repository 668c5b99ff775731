import { validTraceparent } from './request-context';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('traceparent', () => {
  it.each([`00-${trace}`, `01-${trace}`, `cc-${trace}-what-comes-later`])('%s is passed on', (header) => {
    expect(validTraceparent(header)).toBe(header);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `ff-${trace}`,
    `00-${trace}-more`,
    `00-${trace.toUpperCase()}`,
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  ])('%s is dropped', (header) => {
    expect(validTraceparent(header)).toBeUndefined();
  });

  it('is dropped when sent twice', () => {
    expect(validTraceparent([`00-${trace}`, `00-${trace}`])).toBeUndefined();
  });
});
