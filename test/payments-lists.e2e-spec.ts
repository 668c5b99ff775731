import type { AppProcess } from './support/app-process.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { Payer } from './support/payments.ts';
import { SignedIn } from './support/signed-in.ts';

interface Listed {
  readonly amount: number;
  readonly timestamp: number;
}

describeModes('Lists of payments', ({ startApp }) => {
  let app: AppProcess;
  let payers: Payer[];

  beforeAll(async () => {
    app = await startApp();
    const names = ['Alice', 'Bob', 'Carol', 'Dave', 'Erin', 'Frank'];
    payers = await Promise.all(names.map((name) => Payer.register(app, name)));
    await Promise.all(payers.map((payer) => payer.has(100)));
    for (let amount = 1; amount <= 20; amount++) {
      const [from, to] = [payers[amount % payers.length], payers[(amount + 1) % payers.length]] as [Payer, Payer];
      const before = await to.balance();
      await from.pay(to, amount).expect(200);
      await to.has(before + amount);
    }
  }, 60_000);

  async function page(path: string): Promise<{ rows: Listed[]; next: string | undefined }> {
    const [first] = payers as [Payer];
    const { body, headers } = await first.caller.get(path).set('Accept', 'application/json').expect(200);
    return { rows: body, next: /<([^>]+)>/.exec(headers['link'] ?? '')?.[1] };
  }

  async function rebuilt(view: string): Promise<void> {
    const admin = await SignedIn.as(app, 'operator', 'admin');
    await admin.post(`/operations/views/${view}/rebuild`, {}).expect(202);
    await eventually(
      async () => {
        const { body } = await admin.get('/operations/views').expect(200);
        const [found] = body.filter(({ name }: { name: string }) => name === view);
        expect(found).toMatchObject({ generation: 2 });
      },
      { within: 20_000 },
    );
  }

  it('keep the oldest first when they are rebuilt, and refuse pages of the list before', async () => {
    const { rows: live } = await page('/activities?limit=200');
    expect(live).toHaveLength(40);
    const { next } = await page('/activities?limit=7');
    expect(next).toBeDefined();

    await rebuilt('payments.activity');

    const { rows } = await page('/activities?limit=200');
    // Both legs of a payment have its time.
    expect(rows.map(({ amount }) => Math.abs(amount))).toEqual(live.map((_, index) => 1 + (index >> 1)));
    expect(rows.map(({ timestamp }) => timestamp)).toEqual(
      live.map(({ timestamp }) => timestamp).toSorted((one, other) => one - other),
    );
    const [first] = payers as [Payer];
    for (const path of [
      next ?? '',
      '/activities?after=5',
      '/activities?after=7-1',
      '/activities?after=999999999999999',
    ]) {
      const { body } = await first.caller.get(path).set('Accept', 'application/json').expect(400);
      expect(body).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'after' }] });
    }
    const pages: Listed[] = [];
    for (let at: string | undefined = '/activities?limit=7'; at !== undefined;) {
      const one = await page(at);
      pages.push(...one.rows);
      at = one.next;
    }
    expect(pages).toEqual(rows);
  }, 60_000);

  it.each(['1e1', '0x10', '%201', '1.0', '-1', '0', '201'])('refuse the limit %s', async (limit) => {
    const [first] = payers as [Payer];
    await first.caller.get(`/users?limit=${limit}`).expect(400);
  });

  it('tell who asks by the name that was just taken, and know a request by either spelling of its id', async () => {
    const [alice, bob] = await Promise.all([Payer.register(app, 'Old name'), Payer.register(app, 'Bob')]);
    await bob.has(100);
    for (let index = 0; index < 5; index++) {
      const name = `Name ${index}`;
      await alice.caller.put('/current-user', { name, username: 'alice' }).expect(204);
      const id = await alice.ask(bob, 1);
      await eventually(async () => {
        const { body } = await bob.caller.get(`/payment-requests/${id}`).expect(200);
        expect(body.fromUserName).toBe(name);
      });
      await bob.pay(alice, 1, { requestId: id.toUpperCase() }).expect(200);
    }
  });
});
