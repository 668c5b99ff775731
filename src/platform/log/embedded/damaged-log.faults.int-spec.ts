import { SeededRandom } from '../../../../test/support/seeded-random';
import { faultCount } from '../../../../test/support/test-modes';
import { DamagedLogs, type Contents, type Found } from './testing/damaged-log';

/** Damaged files per test; each costs a start. */
const FAULTS = faultCount({ small: 12, full: 3_500 });
const NOTHING: Contents = {
  values: { 'orders.events/0': [], 'orders.events/1': [], 'replies/0': [] },
  group: undefined,
};

describe('The embedded log with damaged files (F5)', () => {
  let logs: DamagedLogs;

  afterEach(() => logs.dispose());

  /** All of it, or no start: nothing acknowledged may be missing, and nothing may be there that was not written. */
  function isWhole(found: Found): void {
    if ('refused' in found) expect(found.refused).toBe('LOG_DAMAGED');
    else expect(found.contents).toEqual(logs.history.at(-1));
  }

  /** What was acknowledged up to some commit, each commit whole. */
  function isPrefix(found: Found): void {
    if ('refused' in found) expect(found.refused).toBe('LOG_DAMAGED');
    else expect([NOTHING, ...logs.history]).toContainEqual(found.contents);
  }

  describe.each([
    ['killed', 'log.db-wal'],
    ['killed', 'log.db'],
    ['closed', 'log.db'],
  ] as const)('of a process that was %s, %s', (end, file) => {
    it('cut at any byte, starts with all that it acknowledged or not at all', async () => {
      const random = SeededRandom.announce(`cut ${file} ${end}`);
      logs = await DamagedLogs.write(end);
      const size = logs.size(file);
      for (let count = 0; count < FAULTS; count++) {
        isWhole(await logs.cut(file, random.between(count % 2 === 0 ? Math.max(0, size - 8_192) : 0, size - 1)));
      }
    });

    it('with a flipped bit, starts with all that it acknowledged or not at all', async () => {
      const random = SeededRandom.announce(`flip ${file} ${end}`);
      logs = await DamagedLogs.write(end);
      const size = logs.size(file);
      for (let count = 0; count < FAULTS; count++) {
        isWhole(await logs.flip(file, random.between(0, size - 1), random.between(0, 7)));
      }
    });
  });

  it('recovers whole commits up to where a power failure tore the end off', async () => {
    const random = SeededRandom.announce('torn end');
    logs = await DamagedLogs.write('killed');
    logs.withoutMark();
    const size = logs.size('log.db-wal');
    let recovered = 0;
    for (let count = 0; count < FAULTS; count++) {
      const found = await logs.cut('log.db-wal', random.between(0, size - 1));
      isPrefix(found);
      if ('contents' in found) recovered++;
    }
    expect(recovered).toBe(FAULTS);
  });
});
