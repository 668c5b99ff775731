import type { z } from 'zod';
import type { Operation, Operator } from './operation';
import { perform } from './operations.catalog';
import type { OperatorServices } from './operator-services';

/** Operations done in this very process. */
export class LocalOperator implements Operator {
  constructor(
    readonly place: 'directory' | 'kafka',
    private readonly services: OperatorServices,
    private readonly release: () => Promise<void>,
  ) {}

  async *call<Input extends z.ZodType, Output extends z.ZodType>(
    { name, output }: Operation<Input, Output>,
    input: z.input<Input>,
    signal: AbortSignal = new AbortController().signal,
  ): AsyncGenerator<z.output<Output>> {
    for await (const answer of perform(name, this.services, input, signal)) yield output.parse(answer);
  }

  close(): Promise<void> {
    return this.release();
  }
}
