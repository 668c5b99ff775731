import fc from 'fast-check';
import { meanOf, MINOR_UNITS_MAX, parseMoney, showMoney } from './money';

describe('Money', () => {
  it.each([
    [1, 100],
    [0.1, 10],
    [1.1, 110],
    ['1', 100],
    ['1.5', 150],
    ['1.05', 105],
    ['001.50', 150],
    [1_000_000_000, 100_000_000_000],
    ['9999999999999.99', MINOR_UNITS_MAX],
  ])('%p is %p minor units', (given, minor) => {
    expect(parseMoney(given)).toBe(minor);
  });

  it.each([
    -1,
    0.001,
    1e-7,
    1e21,
    2 ** 63,
    Number.NaN,
    Infinity,
    '',
    ' 1',
    '1 ',
    '+1',
    '-1',
    '1e3',
    '1.',
    '.5',
    '1.005',
    '1,5',
    '١',
    '0x10',
    '10000000000000.00',
    true,
    null,
    undefined,
    {},
    [1],
    1n,
  ])('%p is none', (given) => {
    expect(parseMoney(given)).toBeUndefined();
  });

  it('is shown as the decimal that it was, up to the most that can be had', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MINOR_UNITS_MAX }), (minor) => {
        const shown = JSON.stringify(showMoney(minor));

        expect(shown).toMatch(/^\d+(\.\d{1,2})?$/);
        expect(parseMoney(JSON.parse(shown))).toBe(minor);
      }),
    );
  });

  it('has a mean that is rounded half up', () => {
    expect(meanOf(10n, 4)).toBe(3);
    expect(meanOf(9n, 4)).toBe(2);
    expect(meanOf(10n ** 30n, 10 ** 15)).toBe(10 ** 15);
  });
});
