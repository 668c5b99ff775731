import type { z } from 'zod';
import type { OperatorServices } from './operator-services';

/** One thing that an operator can ask for: the same in the process, over its socket, or against the stores themselves. */
export interface Operation<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  /** `<subject>.<verb>`; part of the socket's protocol. */
  readonly name: string;
  readonly input: Input;
  /** Shape of each thing that it answers; JSON-safe, checked where it comes out of a socket. */
  readonly output: Output;
  /** Whether it changes anything: such a use leaves an audit line. */
  readonly changes: boolean;
  /** Answers any number of things, and ends soon after `signal` aborts. */
  readonly run: (
    services: OperatorServices,
    input: z.output<Input>,
    signal: AbortSignal,
  ) => AsyncIterable<z.input<Output>>;
}

/** Where operations are sent: a running process, its stores, or Kafka. */
export interface Operator {
  /**
   * `process`: a running process does it; `directory`: this process holds the data directory, nobody else works on it; `kafka`: this
   * process looks at the log that others work on.
   */
  readonly place: 'process' | 'directory' | 'kafka';
  /** @throws OperationFailed while it is read */
  call<Input extends z.ZodType, Output extends z.ZodType>(
    operation: Operation<Input, Output>,
    input: z.input<Input>,
    signal?: AbortSignal,
  ): AsyncIterable<z.output<Output>>;
  close(): Promise<void>;
}

/** An operation that answers one thing. */
export function operation<Input extends z.ZodType, Output extends z.ZodType>(
  definition: Omit<Operation<Input, Output>, 'run' | 'changes'> & {
    readonly changes?: boolean;
    readonly run: (services: OperatorServices, input: z.output<Input>) => Promise<z.input<Output>>;
  },
): Operation<Input, Output> {
  const { run } = definition;
  return {
    ...definition,
    changes: definition.changes ?? false,
    async *run(services, input) {
      yield await run(services, input);
    },
  };
}

/** The only answer of an operation. @throws OperationFailed */
export async function only<Output>(answers: AsyncIterable<Output>): Promise<Output> {
  for await (const answer of answers) return answer;
  throw new Error('the operation has answered nothing');
}
