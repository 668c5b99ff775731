import { z } from 'zod';

/**
 * Money is integers of minor units (cents) in JavaScript numbers: events, states and tables are JSON and SQL integers, and every integer
 * up to 2^53 is exact in them. No sum here leaves {@link MINOR_UNITS_MAX}, below which a decimal with two places survives a double too.
 */
export const MINOR_UNITS_MAX = 999_999_999_999_999;

const MINOR_PER_UNIT = 100;

/** What can be paid or asked for at once: 0.01 to 1,000,000,000.00. */
export const AMOUNT_MAX = 1_000_000_000 * MINOR_PER_UNIT;

/** Schema of a sum as stored: integer minor units, not negative. */
export const balanceSchema = z.int().min(0).max(MINOR_UNITS_MAX);

/** Schema of an amount that changes hands, as stored: integer minor units. */
export const amountSchema = z.int().min(1).max(AMOUNT_MAX);

const DECIMAL = /^(\d{1,15})(?:\.(\d{1,2}))?$/;

/**
 * Reads a decimal of at most two places: digits and an optional point, without sign, exponent or spaces.
 *
 * @param given a JSON number, or a decimal string
 * @returns minor units; `undefined` when it is no such decimal
 */
export function parseMoney(given: unknown): number | undefined {
  if (typeof given !== 'number' && typeof given !== 'string') return undefined;
  const [, units, fraction = ''] = DECIMAL.exec(String(given)) ?? [];
  if (units === undefined) return undefined;
  const minor = Number(units) * MINOR_PER_UNIT + Number(fraction.padEnd(2, '0'));
  return minor <= MINOR_UNITS_MAX ? minor : undefined;
}

/** Minor units as a JSON number with at most two decimals. */
export function showMoney(minor: number): number {
  return minor / MINOR_PER_UNIT;
}

/** What one unit of something costs: 0.00 to 99,999,999.99. */
export const PRICE_MAX = 9_999_999_999;

/** Schema of a price as stored: integer minor units. */
export const priceSchema = z.int().min(0).max(PRICE_MAX);

/** How many of something: 1 to 10,000. */
export const QUANTITY_MAX = 10_000;

/** Schema of a quantity as stored. */
export const quantitySchema = z.int().min(1).max(QUANTITY_MAX);

/** Sum of price times quantity, minor units, exact however large. */
export function totalOf(lines: readonly { readonly price: number; readonly quantity: number }[]): bigint {
  return lines.reduce((sum, { price, quantity }) => sum + BigInt(price) * BigInt(quantity), 0n);
}

/** Minor units as a decimal text with two places: `6400.00`. @param minor not negative */
export function decimalText(minor: number | bigint): string {
  const digits = String(minor).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * The mean of a sum over a count, rounded half up to minor units.
 *
 * @param sum minor units, however many
 */
export function meanOf(sum: bigint, count: number): number {
  const n = BigInt(count);
  return Number((2n * sum + n) / (2n * n));
}
