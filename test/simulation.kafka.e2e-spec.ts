import { join } from 'node:path';
import type { AppProcess } from './support/app-process.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { SignedIn } from './support/signed-in.ts';
import { attempts, hasNoGap, simulationState, virtualUsers } from './support/virtual-users.ts';

const within = 30_000;
// The fifty take twenty seconds, so that there is a middle.
const alone = { ROLES: 'simulator', SIMULATION_SPEED: '20', KAFKA_SESSION_TIMEOUT_MS: '1500' };

describeModes(
  'Two processes that simulate, with no other role',
  ({ newSite }) => {
    it('simulate one at a time, and the other takes over after kill -9 with the next number', async () => {
      const site = await newSite();
      const api = await site.start();
      const caller = await SignedIn.as(api);
      const processes = await Promise.all([
        site.start({ ...alone, DATA_DIR: join(site.directory, 'one') }),
        site.start({ ...alone, DATA_DIR: join(site.directory, 'other') }),
      ]);
      const [first, second] = await oneHere(processes);
      const before = await eventually(
        async () => {
          const users = await virtualUsers(caller);
          return users.length >= 8 && users;
        },
        { within },
      );
      expect(await simulationState(second)).toBe('elsewhere');
      expect(await attempts(second)).toBe(0);

      await first.kill9();
      await eventually(async () => expect(await simulationState(second)).toBe('here'), { within });
      const { users, sent } = await eventually(
        async () => {
          const registered = await attempts(second, 'register');
          const seen = await virtualUsers(caller);
          return seen.length >= before.length + 3 && hasNoGap(seen) && { users: seen, sent: registered };
        },
        { within },
      );
      expect(users).toEqual(expect.arrayContaining(before));
      expect(sent).toBeLessThan(users.length - 3);

      // Who comes back waits for its turn, and has it when the other ends in good order.
      await first.restart();
      expect(await simulationState(first)).toBe('elsewhere');
      expect(await second.terminate()).toMatchObject({ code: 0 });
      await eventually(async () => expect(await attempts(first)).toBeGreaterThan(0), { within });
    });
  },
  ['kafka'],
);

/** The one that simulates, and the one that waits. */
async function oneHere([one, other]: readonly [AppProcess, AppProcess]): Promise<[AppProcess, AppProcess]> {
  return eventually(
    async () => {
      const [ofOne, ofOther] = await Promise.all([simulationState(one), simulationState(other)]);
      expect(new Set([ofOne, ofOther])).toEqual(new Set(['here', 'elsewhere']));
      return ofOne === 'here' ? [one, other] : [other, one];
    },
    { within },
  );
}
