import { parseArgs } from 'node:util';

/** The parts that can be run alone. */
export const parts = [
  'embedded',
  'kafka',
  'start',
  'overload',
  'scale',
  'scale-kafka',
  'streams',
  'payments',
  'payments-kafka',
  'payment-streams',
  'customers',
  'customers-kafka',
  'simulation',
  'simulation-kafka',
] as const;
export type Part = (typeof parts)[number];

export interface Options {
  readonly only: readonly Part[];
  /** Of each repetition. */
  readonly seconds: number;
  readonly repeat: number;
  /** That the parts about scale are measured with. */
  readonly aggregates: number;
  /** That the parts about customers are measured with. */
  readonly customers: number;
}

/** Scale is measured beside a process with a thousand. */
const aggregatesMin = 2_000;

/** @throws Error that says what is wrong */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [...parts] },
      seconds: { type: 'string', default: '8' },
      repeat: { type: 'string', default: '3' },
      aggregates: { type: 'string', default: '1000000' },
      customers: { type: 'string', default: '100000' },
    },
  });
  const unknown = values.only.filter((name) => !parts.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`--only ${unknown.join(', ')}: there are ${parts.join(', ')}`);
  const aggregates = wholeNumber('--aggregates', values.aggregates);
  if (aggregates < aggregatesMin) throw new Error(`--aggregates ${aggregates}: fewer than ${aggregatesMin}`);
  return {
    only: parts.filter((part) => values.only.includes(part)),
    seconds: wholeNumber('--seconds', values.seconds),
    repeat: wholeNumber('--repeat', values.repeat),
    aggregates,
    customers: wholeNumber('--customers', values.customers),
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} ${text}: not a whole number above 0`);
  return value;
}
