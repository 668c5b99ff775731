import type { AppProcess } from './support/app-process.ts';
import type { EventStream } from './support/event-stream.ts';
import { eventually } from './support/eventually.ts';
import { describeModes } from './support/modes.ts';
import { Payer } from './support/payments.ts';

describeModes('The streams of payments', ({ startApp }) => {
  let app: AppProcess;
  let alice: Payer;
  let bob: Payer;
  const open: EventStream[] = [];

  beforeAll(async () => {
    app = await startApp();
  }, 60_000);

  beforeEach(async () => {
    [alice, bob] = await Promise.all([Payer.register(app, 'Alice'), Payer.register(app, 'Bob')]);
    await Promise.all([alice.has(100), bob.has(100)]);
  });

  afterEach(() => {
    for (const stream of open.splice(0)) stream.close();
  });

  async function caughtUp(payer: Payer, path: string): Promise<{ stream: EventStream; snapshot: unknown[] }> {
    const stream = await payer.caller.stream(path);
    open.push(stream);
    return { stream, snapshot: (await stream.untilCaughtUp()).map(dataOf) };
  }

  it('show every balance to its owner alone', async () => {
    const balances = await caughtUp(bob, '/current-balance');
    const histories = await caughtUp(bob, '/balance-histories');
    const carol = await Payer.register(app, 'Carol');
    await carol.has(100);
    const others = await caughtUp(carol, '/balance-histories');
    expect(balances.snapshot).toEqual([{ balance: 100, timestamp: expect.any(Number) }]);

    await alice.pay(bob, 1.5).expect(200);
    await bob.has(101.5);
    await bob.pay(alice, 0.5).expect(200);

    await balances.stream.until((event) => dataOf(event).balance === 101);
    await histories.stream.until((event) => dataOf(event).balance === 101);
    const seen = ({ stream }: { stream: EventStream }): unknown[] =>
      stream.events.filter(({ event }) => event === 'message').map((event) => dataOf(event).balance);
    expect(seen(histories)).toEqual([100, 101.5, 101]);
    await eventually(() => expect(seen(others)).toEqual([100]));
  });

  it('show to everybody who paid and asked whom, each leg once', async () => {
    const carol = await Payer.register(app, 'Carol');
    const { stream } = await caughtUp(carol, '/activities');
    await bob.ask(alice, 2);
    await alice.pay(bob, 2).expect(200);

    const parties = { fromUserId: alice.id, fromUserName: 'Alice', toUserId: bob.id, toUserName: 'Bob' };
    const live = await stream.until((event) => {
      const { eventName, toUserId } = dataOf(event);
      return eventName === 'PaymentReceived' && toUserId === bob.id;
    });
    const mine = live.map(dataOf).filter(({ toUserId }) => toUserId === bob.id || toUserId === alice.id);
    const timestamp = expect.any(Number);
    expect(mine).toHaveLength(3);
    expect(mine).toEqual(
      expect.arrayContaining([
        {
          eventName: 'PaymentRequested',
          amount: 2,
          fromUserId: bob.id,
          fromUserName: 'Bob',
          toUserId: alice.id,
          toUserName: 'Alice',
          timestamp,
        },
        { eventName: 'PaymentSent', amount: -2, ...parties, timestamp },
        { eventName: 'PaymentReceived', amount: 2, ...parties, timestamp },
      ]),
    );
  });

  it('show open requests to who is asked, and tell when they go', async () => {
    const { stream, snapshot } = await caughtUp(alice, '/payment-requests');
    expect(snapshot).toEqual([]);
    const ids = [await bob.ask(alice, 1, { notes: null }), await bob.ask(alice, 2), await bob.ask(alice, 3)];
    const [first, second, third] = ids;
    await stream.until((event) => dataOf(event).id === third);

    await alice.pay(bob, 1, { requestId: first }).expect(200);
    await alice.caller.delete(`/payment-requests/${second}`).expect(204);
    await bob.caller.delete(`/payment-requests/${third}`).expect(204);
    await stream.until(({ event, data }) => event === 'delete' && JSON.parse(data).id === third);

    const deleted = stream.events.filter(({ event }) => event === 'delete').map(({ data }) => JSON.parse(data));
    expect(deleted).toEqual([{ id: first }, { id: second }, { id: third }]);
    expect((await caughtUp(bob, '/payment-requests')).snapshot).toEqual([]);
  });

  it('show the number and the mean of completed payments', async () => {
    const totals = (await caughtUp(alice, '/total-transactions')).stream;
    const averages = (await caughtUp(alice, '/average-transactions')).stream;

    await alice.pay(bob, 1).expect(200);
    await alice.pay(bob, 7.77).expect(200);

    // Each of the three views comes in its own time.
    await eventually(async () => {
      const { body } = await alice.caller.get('/activities?limit=200').set('Accept', 'application/json').expect(200);
      const received = body.filter(({ eventName }: { eventName: string }) => eventName === 'PaymentReceived');
      const cents: number[] = received.map(({ amount }: { amount: number }) => Math.round(amount * 100));
      expect(cents).toContain(777);
      const sum = cents.reduce((before, amount) => before + amount, 0);
      const lastOf = ({ events }: EventStream): Record<string, unknown> =>
        dataOf(events.findLast(({ event }) => event === 'message') ?? { data: '{}' });
      expect(lastOf(totals)).toMatchObject({ total: cents.length });
      expect(lastOf(averages)).toMatchObject({
        average: Math.floor((2 * sum + cents.length) / (2 * cents.length)) / 100,
      });
    });
  });

  it('answer with the present rows when JSON is preferred', async () => {
    await bob.ask(alice, 4);
    const paths = ['/activities', '/payment-requests', '/current-balance', '/balance-histories'];
    for (const path of paths) {
      const { body } = await alice.caller.get(path).set('Accept', 'application/json').expect(200);
      expect(Array.isArray(body)).toBe(true);
    }
    const pages = await alice.caller.get('/activities?limit=1').set('Accept', 'application/json').expect(200);
    expect(pages.body).toHaveLength(1);
    expect(pages.headers['link']).toMatch(/rel="next"/);
  });

  it('go on after a restart where a client was, without gap or double (G7)', async () => {
    const own = await startApp();
    const [carol, dave] = await Promise.all([Payer.register(own, 'Carol'), Payer.register(own, 'Dave')]);
    await carol.has(100);
    const before = await carol.caller.stream('/balance-histories');
    await before.untilCaughtUp();
    await carol.pay(dave, 1).expect(200);
    await before.until((event) => dataOf(event).balance === 99);
    before.close();
    await carol.pay(dave, 2).expect(200);

    await own.kill9();
    await own.restart();
    await carol.pay(dave, 3).expect(200);
    const after = await carol.caller.stream('/balance-histories', { lastEventId: before.lastEventId ?? '' });
    open.push(after);
    await after.until((event) => dataOf(event).balance === 94);
    const seen = after.events.filter(({ event }) => event === 'message').map((event) => dataOf(event).balance);
    expect(seen).toEqual([97, 94]);
    expect(after.events.map(({ event }) => event)).not.toContain('reset');
  }, 60_000);
});

function dataOf({ data }: { readonly data: string }): Record<string, unknown> {
  return JSON.parse(data) as Record<string, unknown>;
}
