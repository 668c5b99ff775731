import type { Settings } from '../../config/settings';
import type { Feature } from '../../feature';
import { openPersonalData } from '../../keys/open-keys';
import { topicsOf } from '../../log/envelope';
import type { IndexFor } from '../../views/projection';
import { Findings, type Finding } from './findings';
import type { Bounds, LogReader } from './log-reader';
import { verifyPartition } from './verify-partition';
import { verifyView } from './verify-view';
import { withViewsSnapshot } from './views-snapshot';

type VerifySettings = Pick<Settings, 'dataDir' | 'databaseUrl' | 'dataKeyEncryptionKeys' | 'production'>;

/** What was read, and what of it is not as the log says. */
export interface Verification {
  /** Of all findings; the list holds the first thousand. */
  readonly count: number;
  readonly findings: readonly Finding[];
  readonly modules: readonly { readonly name: string; readonly events: number; readonly aggregates: number }[];
  /** `rows` is absent for a view that was not compared, and `skipped` says why. */
  readonly views: readonly { readonly name: string; readonly rows?: number; readonly skipped?: string }[];
}

/**
 * Reads the whole log and compares what is derived from it: sequences and versions without gaps, state and views equal to the fold of
 * the events, no checkpoint past the end. Changes nothing, and may run while everything is written.
 */
export async function verify(
  reader: LogReader,
  features: readonly Feature[],
  settings: VerifySettings,
): Promise<Verification> {
  const findings = new Findings();
  const modules: Verification['modules'][number][] = [];
  for (const feature of features) modules.push(await verifyModule(reader, feature, findings));
  const views = await verifyViews(reader, features, settings, findings);
  return { count: findings.count, findings: findings.kept, modules, views };
}

/** Compares every view of these features with the fold of its events, all as of one moment. @returns none when there are no views yet */
export async function verifyViews(
  reader: LogReader,
  features: readonly Feature[],
  settings: VerifySettings,
  findings: Findings,
): Promise<Verification['views']> {
  const projections = features.flatMap((feature) => feature.views);
  const isPersonal = projections.some((projection) => projection.isPersonal);
  const personal = isPersonal ? await openPersonalData(settings, settings.dataDir) : undefined;
  const indexFor: IndexFor = async (persons) => (await personal?.indexFor(persons)) ?? (() => null);
  const views = await withViewsSnapshot(settings, async (snapshot) => {
    const seen: Verification['views'][number][] = [];
    for (const projection of projections) {
      const { name, retention } = projection;
      // Rows that time takes away are no function of the log.
      if (retention !== undefined) {
        seen.push({ name, skipped: 'rows are kept for a time only' });
        continue;
      }
      const rows = await verifyView(reader, snapshot, projection, findings, indexFor);
      seen.push(rows === undefined ? { name, skipped: 'never filled' } : { name, rows });
    }
    return seen;
  });
  await personal?.close();
  return views ?? [];
}

async function verifyModule(
  reader: LogReader,
  { name, aggregates }: Feature,
  findings: Findings,
): Promise<Verification['modules'][number]> {
  const topics = topicsOf(name);
  const told = (await reader.bounds()).get(topics.state) ?? [];
  const written = await reader.bounds();
  const nothing: Bounds = { start: 0, end: 0 };
  let events = 0;
  let folded = 0;
  for (const [partition, state] of told.entries()) {
    const verified = await verifyPartition(
      reader,
      {
        module: name,
        partition,
        state,
        events: written.get(topics.events)?.[partition] ?? nothing,
        commands: written.get(topics.commands)?.[partition] ?? nothing,
        aggregates,
      },
      findings,
    );
    events += verified.events;
    folded += verified.aggregates;
  }
  return { name, events, aggregates: folded };
}
