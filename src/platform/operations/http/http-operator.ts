import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { HttpProblem } from '../../http/http-problem';
import type { ProblemCode } from '../../http/problem-codes';
import type { LogRecord } from '../../log/log.port';
import { ViewsUnavailable } from '../../views/views.errors';
import { only, type Operation } from '../operation';
import { operationFailed, type FailureCode } from '../operation-failed';
import { OPERATOR_SERVICES, type OperatorServices } from '../operator-services';
import { openTail, type TailInput } from '../topic.operations';

/** Failures that a client can do something about; any other is told as what has caused it. */
const PROBLEMS: Partial<Record<FailureCode, ProblemCode>> = {
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'OPERATION_CONFLICT',
  BAD_INPUT: 'VALIDATION_FAILED',
};

/** The operations of the command line, done in this process for whoever asks over HTTP. */
@Injectable()
export class HttpOperator {
  constructor(@Inject(OPERATOR_SERVICES) private readonly services: OperatorServices) {}

  /** @throws what the problem catalogue knows, while it is read */
  async *call<Input extends z.ZodType, Output extends z.ZodType>(
    { run }: Operation<Input, Output>,
    input: z.output<Input>,
    signal: AbortSignal,
  ): AsyncGenerator<z.input<Output>> {
    try {
      yield* run(this.services, input, signal);
    } catch (error) {
      throw operationProblem(error);
    }
  }

  /** The answer of an operation that gives one. @throws what the problem catalogue knows */
  only<Input extends z.ZodType, Output extends z.ZodType>(
    operation: Operation<Input, Output>,
    input: z.output<Input>,
  ): Promise<z.input<Output>> {
    return only(this.call(operation, input, new AbortController().signal));
  }

  /** Resolves when every record that comes from then on will be read. @throws what the problem catalogue knows */
  async tail(input: TailInput, signal: AbortSignal): Promise<AsyncIterable<LogRecord>> {
    try {
      return await openTail(this.services, input, signal);
    } catch (error) {
      throw operationProblem(error);
    }
  }
}

/** What an error of an operation is to an HTTP client. */
function operationProblem(error: unknown): unknown {
  const failed = operationFailed(error);
  const code = PROBLEMS[failed.code];
  if (code !== undefined) return new HttpProblem(code, { detail: failed.message, cause: error });
  if (failed.code !== 'UNAVAILABLE') return error;
  return new HttpProblem(error instanceof ViewsUnavailable ? 'VIEWS_UNAVAILABLE' : 'LOG_UNAVAILABLE', { cause: error });
}
