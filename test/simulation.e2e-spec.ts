import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../scripts/process/repository.ts';
import type { AppProcess } from './support/app-process.ts';
import { DocumentedExample, documentedSteps } from './support/documented-example.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { Payer } from './support/payments.ts';
import { SignedIn } from './support/signed-in.ts';
import { attempts, hasNoGap, simulating, simulationState, virtualUsers } from './support/virtual-users.ts';

const usersMax = 50;
const within = 30_000;
const howTo = readFileSync(join(repositoryRoot(), 'docs/how-to/simulate.md'), 'utf8');

describeModes('Virtual users', ({ newSite, startApp }) => {
  let app: AppProcess;
  let alice: Payer;

  beforeAll(async () => {
    app = await startApp(simulating);
    alice = await Payer.register(app, 'Alice');
  }, 60_000);

  it('appear one by one, with names of their own, up to fifty', async () => {
    const users = await eventually(
      async () => {
        const seen = await virtualUsers(alice.caller);
        expect(seen).toHaveLength(usersMax);
        return seen;
      },
      { within },
    );

    expect(hasNoGap(users)).toBe(true);
    expect(new Set(users.map(({ name }) => name)).size).toBe(usersMax);
    // They do not go on: others have been busy for a while since.
    const before = await attempts(app, 'pay-virtual');
    await eventually(async () => expect(await attempts(app, 'pay-virtual')).toBeGreaterThan(before + 5), { within });
    expect(await attempts(app, 'register')).toBe(usersMax);
    expect(await virtualUsers(alice.caller)).toHaveLength(usersMax);
  });

  it.each([
    ['pay each other', 'PaymentSent', 'virtual', 200],
    ['pay real users', 'PaymentSent', 'real', 200],
    ['ask each other', 'PaymentRequested', 'virtual', 500],
    ['ask real users', 'PaymentRequested', 'real', 500],
  ] as const)('%s', async (_what, eventName, otherIs, max) => {
    const activity = await eventually(
      async () => {
        const { body } = await alice.caller.get('/activities?limit=200').set('Accept', 'application/json').expect(200);
        // In requests "to" is who is asked.
        const found = body.findLast(
          (one: { eventName: string; fromUserId: string; toUserId: string }) =>
            one.eventName === eventName &&
            one.fromUserId.startsWith('virtual-user-') &&
            one.toUserId.startsWith('virtual-user-') === (otherIs === 'virtual'),
        );
        return found ?? false;
      },
      { within },
    );

    expect(activity.fromUserName).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
    if (otherIs === 'real') expect(activity).toMatchObject({ toUserId: alice.id, toUserName: 'Alice' });
    expect(Math.abs(activity.amount)).toBeGreaterThanOrEqual(1);
    expect(Math.abs(activity.amount)).toBeLessThanOrEqual(max);
  });

  it('pay what they are asked when they have the funds, and leave it open when they have not', async () => {
    const [somebody] = await eventually(async () => {
      const users = await virtualUsers(alice.caller);
      return users.length > 0 && users;
    });
    if (somebody === undefined) throw new Error('nobody is there');
    const tooMuch = await alice.ask(somebody, 1_000_000);
    const little = await alice.ask(somebody, 0.01);

    await eventually(async () => expect(await statusOf(little)).toBe('paid'), { within });
    expect(await statusOf(tooMuch)).toBe('open');
    expect(await attempts(app, 'settle')).toBeGreaterThan(0);
  });

  it('are shown as the how-to says', async () => {
    await example(app).run(documentedSteps(howTo, 'simulate'));
  });

  it('are asked for by npm start, which hands its options on', () => {
    // Without the dashes at its end, the command line of Nest keeps them to itself.
    expect(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8')).toContain('"start": "nest start --"');
  });

  it('go on with the next number after kill -9, under the names that they had', async () => {
    const site = await newSite();
    // The fifty take twenty seconds, so that there is a middle.
    const restarted = await site.start({ ...simulating, SIMULATION_SPEED: '20' });
    const caller = await SignedIn.as(restarted);
    const before = await eventually(
      async () => {
        const users = await virtualUsers(caller);
        return users.length >= 8 && users;
      },
      { within },
    );
    await restarted.kill9();
    await restarted.restart();
    const later = await eventually(
      async () => {
        const sent = await attempts(restarted, 'register');
        const users = await virtualUsers(caller);
        return users.length >= before.length + 3 && hasNoGap(users) && { users, sent };
      },
      { within },
    );

    expect(later.users).toEqual(expect.arrayContaining(before));
    // Had it begun anew, it would have sent everybody once more.
    expect(later.sent).toBeLessThan(later.users.length - 3);
  });

  it('are there when the command line asks for them, and not otherwise; a stop ends them in good order', async () => {
    const site = await newSite();
    const asked = await site.start({ SIMULATION_SPEED: '1000' }, ['--simulate']);
    await eventually(async () => expect(await attempts(asked, 'register')).toBeGreaterThan(0), { within });
    expect(await simulationState(asked)).toBe('here');
    expect(await asked.terminate()).toMatchObject({ code: 0 });
    expect(asked.output).not.toMatch(/"level":"(error|fatal)"|cannot go on/);

    const quiet = await startApp();
    expect(await simulationState(quiet)).toBeUndefined();
  });

  async function statusOf(requestId: string): Promise<unknown> {
    return (await alice.caller.get(`/payment-requests/${requestId}`).expect(200)).body.status;
  }
});

function example({ url }: AppProcess): DocumentedExample {
  return new DocumentedExample({ 'http://localhost:3000': url });
}
