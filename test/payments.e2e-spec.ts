import type { Response } from 'supertest';
import type { AppProcess } from './support/app-process.ts';
import { UUID } from './support/calculator.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { Payer } from './support/payments.ts';
import { SignedIn } from './support/signed-in.ts';

describeModes('Payments', ({ startApp }) => {
  let app: AppProcess;
  let alice: Payer;
  let bob: Payer;

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);

  beforeEach(async () => {
    [alice, bob] = await Promise.all([Payer.register(app, 'Alice'), Payer.register(app, 'Bob')]);
  });

  describe('users', () => {
    it('register once with the opening balance, and change their names', async () => {
      await alice.has(100);
      await alice.caller.put('/current-user', { id: alice.id, name: 'Alice B', username: 'ab' }).expect(204, '');
      const renamed = await alice.caller.put('/current-user', { name: 'Alice C', username: 'ac' }).expect(204);
      await alice.has(100);

      const { body } = await pageOf(alice, renamed.headers['consistency-token']);
      expect(body).toContainEqual({ id: alice.id, name: 'Alice C', username: 'ac' });
    });

    it('are listed by id, in pages that miss nobody', async () => {
      await eventually(async () => {
        const { body } = await alice.caller.get('/users?limit=200').expect(200);
        expect(body.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining([alice.id, bob.id]));
      });
      const ids: string[] = [];
      for (let path: string | undefined = '/users?limit=1'; path !== undefined;) {
        const page: Response = await alice.caller.get(path).expect(200);
        ids.push(...page.body.map(({ id }: { id: string }) => id));
        path = /^<(.+)>; rel="next"$/.exec(page.headers['link'] ?? '')?.[1];
      }

      expect(ids).toEqual([...new Set(ids)].sort());
      expect(ids).toEqual(expect.arrayContaining([alice.id, bob.id]));
    });

    it('are known to others at once, though views come later', async () => {
      const carol = await SignedIn.as(app);
      await carol.put('/current-user', { name: 'Carol', username: 'carol' }).expect(204);

      await alice.pay(carol, 1).expect(200);
      await carol.post('/request', { userId: alice.id, amount: 1 }).expect(200);
    });
  });

  describe('a payment', () => {
    it('moves money from one to the other', async () => {
      const paid = await alice.pay(bob, 12.5, { notes: 'Lunch' }).expect(200);

      expect(paid.body).toEqual({ paymentId: expect.stringMatching(UUID), balance: 87.5 });
      expect(await alice.balance(paid)).toBe(87.5);
      await bob.has(112.5);
    });

    it('takes a decimal text, and the whole balance', async () => {
      expect((await alice.pay(bob, '0.01').expect(200)).body.balance).toBe(99.99);
      expect((await alice.pay(bob, '99.99').expect(200)).body.balance).toBe(0);
      await bob.has(200);
    });

    it('never overdraws, whatever runs in parallel', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => alice.pay(bob, 30)));

      expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
      expect(answers.filter(({ body }) => body.code === 'INSUFFICIENT_FUNDS')).toHaveLength(9);
      await alice.has(10);
      await bob.has(190);
    });

    it('is made once for twins with one key (G5)', async () => {
      const twins = await Promise.all(
        Array.from({ length: 20 }, () => alice.pay(bob, 10).set('Idempotency-Key', 'twins')),
      );

      expect(new Set(twins.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
      await bob.has(110);
      expect(await alice.balance()).toBe(90);
      await alice
        .pay(bob, 11)
        .set('Idempotency-Key', 'twins')
        .expect(422)
        .expect(({ body }) => expect(body.code).toBe('IDEMPOTENCY_KEY_REUSED'));
    });

    it('can be asked for later', async () => {
      const sent = await alice.pay(bob, 10).set('Prefer', 'respond-async').expect(202);
      const { commandId } = sent.body;

      await eventually(async () => {
        const { body } = await alice.caller.get(`/commands/${commandId}`).expect(200);
        expect(body).toMatchObject({ command: 'PayCommand', status: 'accepted', reply: { balance: 90 } });
      });
      await bob.caller.get(`/commands/${commandId}`).expect(404);
    });
  });

  describe('a request', () => {
    it('is paid once, by who was asked, as it was asked', async () => {
      const requestId = await bob.ask(alice, 25, { notes: 'Tickets' });
      const open = await eventually(async () => {
        const { body } = await alice.caller.get('/current-payment-requests').expect(200);
        return body.length === 1 && body[0];
      });

      expect(open).toEqual({
        id: requestId,
        fromUserId: bob.id,
        fromUserName: 'Bob',
        toUserId: alice.id,
        toUserName: 'Alice',
        amount: 25,
        notes: 'Tickets',
        timestamp: expect.any(Number),
      });
      const paid = await alice.pay(bob, 25, { requestId }).expect(200);
      await alice
        .pay(bob, 25, { requestId })
        .expect(409)
        .expect(({ body }) => expect(body.code).toBe('REQUEST_CLOSED'));
      const token = paid.headers['consistency-token'] ?? '';
      await alice.caller.get('/current-payment-requests').set('Consistency-Token', token).expect(200, []);
      for (const party of [alice, bob]) {
        const one = await party.caller
          .get(`/payment-requests/${requestId}`)
          .set('Consistency-Token', token)
          .expect(200);
        expect(one.body).toMatchObject({ id: requestId, status: 'paid', amount: 25 });
      }
      await bob.has(125);
    });

    it('is paid once by twins that race', async () => {
      const requestId = await bob.ask(alice, 10);
      const answers = await Promise.all(Array.from({ length: 8 }, () => alice.pay(bob, 10, { requestId })));

      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.code === 'REQUEST_CLOSED')).toHaveLength(7);
      await bob.has(110);
    });

    it('is declined by the one and withdrawn by the other', async () => {
      const [declined, withdrawn] = [await bob.ask(alice, 1), await bob.ask(alice, 2)];

      await alice.caller.delete(`/payment-requests/${declined}`).expect(204, '');
      const { headers } = await bob.caller.delete(`/payment-requests/${withdrawn}`).expect(204, '');
      await bob.caller.delete(`/payment-requests/${declined}`).expect(409);
      const read = (id: string) =>
        bob.caller.get(`/payment-requests/${id}`).set('Consistency-Token', headers['consistency-token'] ?? '');
      expect((await read(declined)).body.status).toBe('declined');
      expect((await read(withdrawn)).body.status).toBe('withdrawn');
    });
  });

  function pageOf(payer: Payer, token: string | undefined) {
    return payer.caller
      .get('/users?limit=200')
      .set('Consistency-Token', token ?? '')
      .expect(200);
  }
});
