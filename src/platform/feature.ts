import type { Aggregate } from '../kernel/decider';
import type { EventMessage } from '../kernel/event-contract';
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

/** @throws Error when a module, a view or a command is bound twice */
export function checkFeatures(features: readonly Feature[]): void {
  const commands = features.flatMap(({ aggregates }) => aggregates.flatMap((item) => item.commands));
  refuseTwins(
    'module',
    features.map(({ name }) => name),
  );
  refuseTwins(
    'view',
    features.flatMap(({ views }) => views.map(({ name }) => name)),
  );
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
