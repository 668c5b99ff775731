import fc from 'fast-check';
import { ATTEMPT_AMOUNTS, attemptKinds, nextAttempt, type Attempt, type Cast } from './virtual-attempt.choice';

const people = (prefix: string, count: number): Cast['virtual'] =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix}-${index + 1}`, name: `${prefix} ${index + 1}` }));

const castOf = (virtual: number, real: number): Cast => ({
  virtual: people('virtual-user', virtual),
  real: people('real', real),
});

const casts = fc.tuple(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 60 })).map(([v, r]) => castOf(v, r));
const places = fc.record({
  seed: fc.nat(999_999_999),
  kind: fc.constantFrom(...attemptKinds),
  made: fc.nat(1_000_000),
});

function sequence(seed: number, kind: (typeof attemptKinds)[number], cast: Cast, length: number): Attempt[] {
  return Array.from({ length }, (_, made) => nextAttempt({ seed, kind, made }, cast)).filter(
    (one) => one !== undefined,
  );
}

describe('the attempts of virtual users', () => {
  it('are the same sequence for the same seed, and another for another seed or kind', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.constantFrom(...attemptKinds), casts, (seed, kind, cast) => {
        const once = sequence(seed, kind, cast, 50);
        expect(sequence(seed, kind, cast, 50)).toEqual(once);
        expect(sequence(seed + 1, kind, cast, 50)).not.toEqual(once);
        const others = attemptKinds.filter((other) => other !== kind).map((other) => sequence(seed, other, cast, 50));
        expect(others).not.toContainEqual(once);
      }),
    );
  });

  it('are by a virtual user, with another of the kind, for an amount within bounds', () => {
    fc.assert(
      fc.property(places, casts, (place, cast) => {
        const attempt = nextAttempt(place, cast);
        const isPayment = place.kind.startsWith('pay');
        const others = place.kind.endsWith('virtual') ? cast.virtual : cast.real;
        if (attempt === undefined) throw new Error('nobody attempts anything');
        expect(cast.virtual).toContain(attempt.by);
        expect(others.filter((other) => other !== attempt.by)).toContain(attempt.to);
        expect(Number.isInteger(attempt.amount)).toBe(true);
        expect(attempt.amount).toBeGreaterThanOrEqual(100);
        expect(attempt.amount).toBeLessThanOrEqual(isPayment ? 20_000 : 50_000);
        expect(attempt.notes).not.toBe('');
      }),
    );
  });

  it.each(attemptKinds)('come from everybody, go to everybody and fill the bounds: %s', (kind) => {
    const cast = castOf(50, 50);
    const attempts = sequence(1, kind, cast, 20_000);
    const { min, paidMax, askedMax } = ATTEMPT_AMOUNTS;
    const max = kind.startsWith('pay') ? paidMax : askedMax;
    const amounts = attempts.map(({ amount }) => amount);

    expect(new Set(attempts.map(({ by }) => by.id)).size).toBe(50);
    expect(new Set(attempts.map(({ to }) => to.id)).size).toBe(50);
    expect(Math.min(...amounts)).toBeLessThan(min + 50);
    expect(Math.max(...amounts)).toBeGreaterThan(max - 50);
  });

  it('wait for somebody to be there', () => {
    for (const kind of attemptKinds) {
      expect(nextAttempt({ seed: 1, kind, made: 0 }, castOf(0, 5))).toBeUndefined();
      expect(nextAttempt({ seed: 1, kind, made: 0 }, castOf(1, 0))).toBeUndefined();
    }
  });
});
