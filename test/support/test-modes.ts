/** The two ways the product runs: on its own log and SQLite, or on Kafka and PostgreSQL. */
export type Mode = 'embedded' | 'kafka';

const allModes: readonly Mode[] = ['embedded', 'kafka'];

/**
 * The modes this run covers: `TEST_MODES`, by default both.
 * @throws Error when it names another mode, or none
 */
export function testModes(named = process.env['TEST_MODES'] ?? allModes.join(',')): readonly Mode[] {
  const names = named.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !allModes.some((mode) => mode === name));
  if (unknown.length > 0) throw new Error(`TEST_MODES: "${unknown.join(',')}" is none of ${allModes.join(', ')}`);
  return allModes.filter((mode) => names.includes(mode));
}

/** How many faults a fault test makes: `small` in `npm test`, `full` in `npm run test:faults`, or the number that `FAULTS` gives. */
export function faultCount({ small, full }: { small: number; full: number }): number {
  const asked = process.env['FAULTS'] ?? 'small';
  if (asked === 'small') return small;
  if (asked === 'full') return full;
  const count = Number(asked);
  if (!Number.isInteger(count) || count < 1) throw new Error(`FAULTS: "${asked}" is no number, nor "small" or "full"`);
  return count;
}
