import { z } from 'zod';
import { dropDeadLetter, listDeadLetters, retryDeadLetter, showDeadLetter } from './dead-letter.operations';
import { rotateKeys } from './key.operations';
import { operation, type Operation } from './operation';
import { OperationFailed, operationFailed } from './operation-failed';
import type { OperatorServices } from './operator-services';
import { beginReaction, listReactions } from './reaction.operations';
import { listTopics, readLog, showRecords, tailRecords } from './topic.operations';
import { abortRebuild, listViews, rebuildView } from './view.operations';

/** Copies log and keys, while they are written, into a directory that is empty or not there; an absolute path on this machine. */
export const copyStores = operation({
  name: 'stores.copy',
  input: z.object({ directory: z.string().startsWith('/') }),
  output: z.null(),
  changes: true,
  run: async ({ copyTo }, { directory }) => {
    if (copyTo === undefined) throw new OperationFailed('UNAVAILABLE', 'only an embedded log can be copied as files');
    await copyTo(directory);
    return null;
  },
});

/** All that an operator can ask for, by name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    erased(listViews),
    erased(rebuildView),
    erased(abortRebuild),
    erased(listDeadLetters),
    erased(showDeadLetter),
    erased(retryDeadLetter),
    erased(dropDeadLetter),
    erased(listReactions),
    erased(beginReaction),
    erased(listTopics),
    erased(showRecords),
    erased(tailRecords),
    erased(readLog),
    erased(copyStores),
    erased(rotateKeys),
  ].map((known) => [known.name, known]),
);

/**
 * Runs an operation on what has come from outside.
 * @throws OperationFailed and nothing else
 */
export async function* perform(
  name: string,
  services: OperatorServices,
  input: unknown,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const known = OPERATIONS.get(name);
  if (known === undefined) throw new OperationFailed('BAD_INPUT', `there is no operation ${name}`);
  const parsed = known.input.safeParse(input);
  if (!parsed.success) throw new OperationFailed('BAD_INPUT', `${name}: ${z.prettifyError(parsed.error)}`);
  try {
    yield* known.run(services, parsed.data, signal);
  } catch (error) {
    throw operationFailed(error);
  }
}

/** Safe because {@link perform} hands an operation only what its own schema has parsed. */
function erased<Input extends z.ZodType, Output extends z.ZodType>(known: Operation<Input, Output>): Operation {
  const shape: unknown = known;
  return shape as Operation;
}
