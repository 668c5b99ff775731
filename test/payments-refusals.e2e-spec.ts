import type { AppProcess } from './support/app-process.ts';
import { UNKNOWN_ID } from './support/calculator.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { Payer } from './support/payments.ts';
import { SignedIn } from './support/signed-in.ts';

describeModes('Payments refuse', ({ startApp }) => {
  let app: AppProcess;
  let alice: Payer;
  let bob: Payer;
  let carol: Payer;

  beforeAll(async () => {
    app = await startApp();
    [alice, bob, carol] = await Promise.all([
      Payer.register(app, 'Alice'),
      Payer.register(app, 'Bob'),
      Payer.register(app, 'Carol'),
    ]);
  }, 60_000);

  describe('bad input, which changes nothing', () => {
    const amounts: unknown[] = [
      0, -1, '-1', '+1', 0.001, '0.001', '1e3', 2 ** 63, '9223372036854775808', 'NaN', '', ' 1', '1 ', '١', '1,5', '.5', '1.',
      '0x10', 1_000_000_000.01, true, [1], { value: 1 }, null,
    ]; // prettier-ignore
    it.each(amounts)('an amount of %j', async (amount) => {
      for (const path of ['/pay', '/request']) {
        const { body } = await alice.caller.post(path, { userId: bob.id, amount }).expect(400);
        expect(body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'amount' }] });
      }
    });

    it.each([
      ['no payee', { amount: 1 }],
      ['an empty payee', { userId: '', amount: 1 }],
      ['a payee of 129 characters', { userId: 'x'.repeat(129), amount: 1 }],
      ['a number as payee', { userId: 7, amount: 1 }],
      ['notes of 281 characters', { userId: 'bob', amount: 1, notes: 'x'.repeat(281) }],
      ['notes that no store can hold', { userId: 'bob', amount: 1, notes: 'a\u0000b' }],
      ['a payer in the body', { userId: 'bob', amount: 1, fromUserId: 'carol' }],
      ['a balance in the body', { userId: 'bob', amount: 1, balance: 1_000_000 }],
    ])('%s', async (_name, body) => {
      const answer = await alice.caller.post('/pay', body).expect(400);
      expect(answer.body.code).toBe('VALIDATION_FAILED');
    });

    it.each([
      ['no name', { username: 'a' }],
      ['an empty name', { name: '', username: 'a' }],
      ['a name of 101 characters', { name: 'x'.repeat(101), username: 'a' }],
      ['half of a surrogate pair', { name: '\uD800', username: 'a' }],
      ['an opening balance', { name: 'a', username: 'a', openingBalance: 1_000_000 }],
    ])('a user with %s', async (_name, body) => {
      await alice.caller.put('/current-user', body).expect(400);
    });

    it('counts characters, not units', async () => {
      const dave = await SignedIn.as(app);
      await dave.put('/current-user', { name: '😀'.repeat(100), username: 'dave' }).expect(204);
      await dave.put('/current-user', { name: '😀'.repeat(101), username: 'dave' }).expect(400);
    });

    afterAll(async () => {
      for (const user of [alice, bob]) expect(await user.balance()).toBe(100);
    });
  });

  describe('what contradicts the state', () => {
    it('an id that is not that of the token', async () => {
      const body = { id: bob.id, name: 'Alice', username: 'alice' };
      await refused(alice.caller.put('/current-user', body), 422, 'IDENTITY_MISMATCH');
    });

    it('oneself as payee and as payer', async () => {
      await refused(alice.pay(alice, 1), 422, 'SELF_PAYMENT');
      await refused(alice.caller.post('/request', { userId: alice.id, amount: 1 }), 422, 'SELF_PAYMENT');
    });

    it('users who have not registered', async () => {
      const stranger = await SignedIn.as(app);
      const body = { userId: bob.id, amount: 1 };
      await refused(alice.pay({ id: 'nobody' }, 1), 404, 'USER_NOT_FOUND');
      await refused(alice.caller.post('/request', { userId: 'nobody', amount: 1 }), 404, 'USER_NOT_FOUND');
      await refused(stranger.post('/pay', body), 404, 'USER_NOT_FOUND');
      await refused(stranger.post('/request', body), 404, 'USER_NOT_FOUND');
    });

    it('more than there is', async () => {
      await refused(alice.pay(bob, 100.01), 409, 'INSUFFICIENT_FUNDS');
    });

    it('requests of others, as if there were none', async () => {
      const requestId = await bob.ask(alice, 5);
      await refused(carol.pay(bob, 5, { requestId }), 404, 'REQUEST_NOT_FOUND');
      await refused(carol.caller.get(`/payment-requests/${requestId}`), 404, 'REQUEST_NOT_FOUND');
      await refused(carol.caller.delete(`/payment-requests/${requestId}`), 404, 'REQUEST_NOT_FOUND');
      await refused(bob.pay(alice, 5, { requestId }), 404, 'REQUEST_NOT_FOUND');
      await refused(alice.pay(bob, 5, { requestId: UNKNOWN_ID }), 404, 'REQUEST_NOT_FOUND');
      await eventually(() => alice.caller.get(`/payment-requests/${requestId}`).expect(200));
    });

    it('a request with another payee or amount', async () => {
      const requestId = await bob.ask(alice, 5);
      await refused(alice.pay(carol, 5, { requestId }), 409, 'REQUEST_MISMATCH');
      await refused(alice.pay(bob, 5.01, { requestId }), 409, 'REQUEST_MISMATCH');
    });

    it('the first of what is wrong, in the order of the contract', async () => {
      await refused(alice.pay(alice, 1_000, { requestId: UNKNOWN_ID }), 422, 'SELF_PAYMENT');
      await refused(alice.pay({ id: 'nobody' }, 1_000, { requestId: UNKNOWN_ID }), 404, 'USER_NOT_FOUND');
      await refused(alice.pay(bob, 1_000, { requestId: UNKNOWN_ID }), 404, 'REQUEST_NOT_FOUND');
      const requestId = await bob.ask(alice, 500);
      await refused(alice.pay(bob, 1_000, { requestId }), 409, 'REQUEST_MISMATCH');
      await refused(alice.pay(bob, 500, { requestId }), 409, 'INSUFFICIENT_FUNDS');
      await bob.caller.delete(`/payment-requests/${requestId}`).expect(204);
      await refused(alice.pay(bob, 1_000, { requestId }), 409, 'REQUEST_CLOSED');
    });

    it('more than 200 open requests asked of one user', async () => {
      const asked = await Payer.register(app, 'Erin');
      for (let sent = 0; sent < 200; sent += 20) {
        await Promise.all(Array.from({ length: 20 }, () => bob.ask(asked, 1)));
      }
      const more = bob.caller.post('/request', { userId: asked.id, amount: 1 });
      await refused(more, 409, 'TOO_MANY_REQUESTS');
    }, 30_000);
  });

  async function refused(answer: ReturnType<SignedIn['get']>, status: number, code: string): Promise<void> {
    const { body } = await answer.expect(status).expect('Content-Type', /problem\+json/);
    expect(body).toMatchObject({ code, status });
  }
});
