import { join } from 'node:path';
import { pause } from '../../scripts/process/wait.ts';
import { sendByTheClock } from '../load/by-the-clock.ts';
import { PayingUsers } from '../load/paying-users.ts';
import type { PaymentsTask } from '../load/payment-watchers.ts';
import { StreamAudience } from '../load/stream-audience.ts';
import type { BenchProcess } from '../process/bench-process.ts';
import { ProductSite } from '../process/product-site.ts';
import { rounded } from '../statistics.ts';
import type { BenchContext } from './bench-context.ts';
import { delaysOf, streamFaults } from './delays.ts';
import { figure, type Figure, idleAfterMs } from './figure.ts';

/** Two processes: one alone would have no core left for the server, and its own queue would be measured. */
const audiences = 2;
const watchersOfActivities = 5_000;
const watchersOfBalances = 5_000;
const paymentsPerSecond = 5;
const delayMsMax = 1_000;
const kilobytesMax = 30;
const openingCents = 10_000;
/** Each is between two others; the largest is far below what they have. */
const paymentsMax = watchersOfBalances / 2;

/** Half of the clients watch all payments, the other half their own balance, in one process. */
export async function paymentStreamsFigures(context: BenchContext): Promise<Figure[]> {
  const { directory, repeat, seconds, tell } = context;
  const payments = Math.min(paymentsMax, paymentsPerSecond * seconds * repeat);
  const site = await ProductSite.make(join(directory, 'payment-streams'));
  try {
    const process = await site.start();
    await process.ready();
    const paying = await PayingUsers.register(process.port, watchersOfBalances);
    await pause(idleAfterMs);
    const megabytesBefore = await process.residentMegabytes();
    const groups = await StreamAudience.gatherAll('payment-watchers.ts', tasks(process, paying, payments));
    try {
      await pause(idleAfterMs);
      const megabytesWaiting = await process.residentMegabytes();
      const cpuBefore = await process.cpuSeconds();
      const pay = (index: number): Promise<number> => paying.pay(2 * index, 2 * index + 1, (index + 1) / 100);
      const { sentAtMs, faults } = await sendByTheClock('a payment', payments, paymentsPerSecond, pay);
      const legsSentAtMs = sentAtMs.flatMap((ms) => [ms, ms]);
      const heard = await Promise.all(groups.map((group) => group.finish({ sentAtMs: legsSentAtMs })));
      const megabytesAfter = await process.residentMegabytes();
      const cpuAfter = await process.cpuSeconds();
      const cpuSeconds = cpuBefore === undefined || cpuAfter === undefined ? null : rounded(cpuAfter - cpuBefore);
      const { delayMs, arrivals } = delaysOf(heard);
      const clients = watchersOfActivities + watchersOfBalances;
      const kilobytesOf = (megabytes: number): number => rounded(((megabytes - megabytesBefore) * 1_000) / clients, 1);
      const kilobytes = { waiting: kilobytesOf(megabytesWaiting), after: kilobytesOf(megabytesAfter) };
      tell(
        `${clients} clients, ${arrivals} arrivals: p50 ${delayMs.p50} ms, p99 ${delayMs.p99} ms, ${cpuSeconds} s of processor`,
      );
      tell(`memory per client: ${kilobytes.waiting} KB waiting, ${kilobytes.after} KB after the payments`);
      const name = `streams: ${clients.toLocaleString('en')} clients, ${paymentsPerSecond} payments/s`;
      const repetitions = [{ delayMs, arrivals, cpuSeconds, megabytesBefore, megabytesWaiting, megabytesAfter }];
      return [
        figure({
          name: `${name}, p99 of the delay`,
          unit: 'ms',
          target: { atMost: delayMsMax },
          measured: delayMs.p99,
          medians: { p50: delayMs.p50, p99: delayMs.p99 },
          faults: [...faults, ...streamFaults(heard)],
          repetitions,
        }),
        figure({
          name: `${name}, resident memory of one`,
          unit: 'KB',
          target: { atMost: kilobytesMax },
          measured: Math.max(kilobytes.waiting, kilobytes.after),
          medians: kilobytes,
          faults: [],
          repetitions,
        }),
      ];
    } finally {
      await Promise.all(groups.map((group) => group.close()));
    }
  } finally {
    await site.remove();
  }
}

/** Payment n is from user 2 n to user 2 n + 1, of n + 1 cents: nobody pays or is paid twice, and no amount comes twice. */
function tasks({ port }: BenchProcess, paying: PayingUsers, payments: number): PaymentsTask[] {
  const users = Array.from({ length: watchersOfBalances }, (_, index) => {
    const payment = index >> 1;
    if (payment >= payments) return { token: paying.token(index), balance: openingCents / 100, leg: undefined };
    const cents = index % 2 === 0 ? -(payment + 1) : payment + 1;
    return { token: paying.token(index), balance: (openingCents + cents) / 100, leg: index };
  });
  return Array.from({ length: audiences }, (_, part) => ({
    port,
    token: paying.token(0),
    activityClients: watchersOfActivities / audiences,
    users: users.filter((_user, index) => index % audiences === part),
    payments,
  }));
}
