import type { Command } from 'commander';
import type { LedgerTotals } from '../modules/payments/contracts';
import type { Verification } from '../platform/operations/verify/verify';
import { addCommand, print, type CliContext, type CommonOptions } from './cli-context';
import { EXIT } from './exit-codes';
import { chosenFeatures } from './features';
import { findingsText, logReader, viewsText } from './verify.command';

/** What the audit of all payments has found; sums are decimal texts of minor units. */
interface LedgerVerification
  extends Omit<LedgerTotals, 'granted' | 'held'>, Pick<Verification, 'views' | 'count' | 'findings'> {
  readonly granted: string;
  readonly held: string;
}

/** Adds `payments verify`. */
export function addPaymentsCommands(program: Command, context: CliContext): void {
  const payments = program.command('payments').description('the books of payments');
  const description = 'fold all payments and look whether any money was lost, made or overdrawn; ends with 1 when so';
  addCommand(payments, 'verify', description).action(async (options: CommonOptions) => {
    const reader = logReader(await context.operator());
    const [{ verifyLedger }, { verifyViews }, { Findings }] = await Promise.all([
      import('./verify-ledger.ts'),
      import('../platform/operations/verify/verify.ts'),
      import('../platform/operations/verify/findings.ts'),
    ]);
    const findings = new Findings();
    const { granted, held, ...totals } = await verifyLedger(reader, findings);
    const settings = context.settings();
    const features = (await chosenFeatures(settings)).filter(({ name }) => name === 'payments');
    const views = await verifyViews(reader, features, settings, findings);
    const { count, kept } = findings;
    const sums = { granted: String(granted), held: String(held) };
    const found: LedgerVerification = { ...totals, ...sums, views, count, findings: kept };
    print(context, options, found, () => text(found));
    if (count > 0) context.exitWith(EXIT.FOUND);
  });
}

function text({
  users,
  payments,
  completed,
  returned,
  inFlight,
  granted,
  held,
  views,
  ...found
}: LedgerVerification): string {
  return [
    `${users} users, ${payments} payments: ${completed} completed, ${returned} returned, ${inFlight} in flight\n`,
    `granted ${shown(granted)}, held and in flight ${shown(held)}\n`,
    viewsText(views),
    findingsText(found),
  ].join('');
}

/** Minor units as a decimal. */
function shown(minor: string): string {
  return minor.padStart(3, '0').replace(/(..)$/, '.$1');
}
