import { randomOf } from './seeded.random';

/** What virtual users do of their own accord, with each other and with real users. */
export const attemptKinds = ['pay-virtual', 'pay-real', 'ask-virtual', 'ask-real'] as const;
/** One of {@link attemptKinds}. */
export type AttemptKind = (typeof attemptKinds)[number];

export interface Person {
  readonly id: string;
  readonly name: string;
}

/** Who can take part. */
export interface Cast {
  /** In the order of their numbers. */
  readonly virtual: readonly Person[];
  /** Some of the real users, by id. */
  readonly real: readonly Person[];
}

/** Where the sequence of a kind of attempts stands; the next one follows from it. */
export interface SequencePlace {
  readonly seed: number;
  readonly kind: AttemptKind;
  /** How many were made before. */
  readonly made: number;
}

/** What somebody will send. Whether it is accepted is decided like everybody else's: who has not enough cannot pay. */
export interface Attempt {
  /** The virtual user who pays or asks. */
  readonly by: Person;
  /** Who is paid, or asked. */
  readonly to: Person;
  /** Minor units. */
  readonly amount: number;
  readonly notes: string;
}

/** Minor units: 1.00 to 200.00 are paid, 1.00 to 500.00 asked for. */
export const ATTEMPT_AMOUNTS = { min: 100, paidMax: 20_000, askedMax: 50_000 } as const;

const occasions = ['Lunch', 'Coffee', 'Groceries', 'Cinema', 'Concert tickets', 'Taxi', 'Books', 'Dinner', 'Rent'];

/** The next attempt of a sequence. @returns `undefined` while there is nobody for it; the sequence then stays where it is */
export function nextAttempt({ seed, kind, made }: SequencePlace, cast: Cast): Attempt | undefined {
  const random = randomOf(seed, attemptKinds.indexOf(kind), made);
  const isPayment = kind === 'pay-virtual' || kind === 'pay-real';
  const isAmongVirtual = kind === 'pay-virtual' || kind === 'ask-virtual';
  const by = random.pick(cast.virtual);
  const others = isAmongVirtual ? cast.virtual.filter((other) => other !== by) : cast.real;
  const to = random.pick(others);
  if (by === undefined || to === undefined) return undefined;
  const { min, paidMax, askedMax } = ATTEMPT_AMOUNTS;
  const amount = random.between(min, isPayment ? paidMax : askedMax);
  return { by, to, amount, notes: random.pick(occasions) ?? '' };
}
