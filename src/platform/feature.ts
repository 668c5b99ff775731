import type { Aggregate } from '../kernel/decider';
import type { Erasure } from '../kernel/erasure';
import type { EventMessage } from '../kernel/event-contract';
import type { Process } from '../kernel/process';
import type { Publication } from '../kernel/publication';
import type { RejectionTable } from '../kernel/rejection';
import type { RowShape, View } from '../kernel/view';
import { decodeEvent } from './log/envelope';
import type { SoleTaskDefinition } from './tasks/sole-task';
import { decodeOnce, projectionOf, type Projection } from './views/projection';

/** What a business module gives the platform to run; its module class holds it as `static feature`. */
export interface Feature {
  /** Name of the module: its topics are `<name>.commands`, `.events` and `.state`. */
  readonly name: string;
  readonly aggregates: readonly Aggregate[];
  readonly views: readonly Projection[];
  readonly rejections: readonly RejectionTable[];
  /** Made by `processOf`; together they are the consumer group `<name>.reactor`. */
  readonly processes?: readonly Process[];
  /** Made by `publicationOf`; each is a consumer group of its own. */
  readonly publications?: readonly Publication[];
  /** Made by `erasureOf`; each is a consumer group of its own. */
  readonly erasures?: readonly Erasure[];
  /** It seals or opens what is known of persons: a process with it needs their keys. */
  readonly holdsPersonalData?: true;
  /** What one process at a time does beside that, each among the processes with its role. */
  readonly tasks?: readonly SoleTaskDefinition[];
}

/** Injection token of the features of this process: `readonly Feature[]`. */
export const FEATURES = Symbol('FEATURES');

const decode = decodeOnce(decodeEvent);

/** Makes a module's view runnable. */
export function runnable<Row extends RowShape, Event extends EventMessage>(view: View<Row, Event>): Projection {
  return projectionOf(view, decode);
}

/** @throws Error when a module, a view, a process, a publication or a command is bound twice, or a public topic has two policies */
export function checkFeatures(features: readonly Feature[]): void {
  const publications = features.flatMap((feature) => feature.publications ?? []);
  const erasures = features.flatMap((feature) => feature.erasures ?? []);
  const commands = features.flatMap(({ aggregates }) => aggregates.flatMap((item) => item.commands));
  refuseTwins(
    'module',
    features.map(({ name }) => name),
  );
  // Views and publications are consumer groups alike, and so is what runs the processes of a module.
  refuseTwins('view, publication or erasure', [
    ...features.flatMap(({ name, views }) => [...views.map((view) => view.name), `${name}.reactor`]),
    ...publications.map(({ name }) => name),
    ...erasures.map(({ name }) => name),
  ]);
  refuseTwins(
    'process',
    features.flatMap(({ processes = [] }) => processes.map(({ name }) => name)),
  );
  for (const { topic, policy } of publications) {
    const other = publications.find((one) => one.topic === topic && one.policy !== policy);
    if (other !== undefined) throw new Error(`the topic ${topic} is to be ${policy} and ${other.policy}`);
  }
  refuseTwins(
    'task',
    features.flatMap(({ tasks = [] }) => tasks.map(({ name }) => name)),
  );
  refuseTwins(
    'command',
    commands.map(({ type }) => type),
  );
}

function refuseTwins(kind: string, names: readonly string[]): void {
  const twin = names.find((name, at) => names.indexOf(name) !== at);
  if (twin !== undefined) throw new Error(`the ${kind} ${twin} is bound twice`);
}
