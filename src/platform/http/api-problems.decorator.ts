import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { RejectionTable } from '../../kernel/rejection';
import { problemCodes, type ProblemCode } from './problem-codes';

class ProblemError {
  @ApiProperty({ example: 'items.0.price', description: 'Dotted path of the field' })
  path: string;

  @ApiProperty({ example: 'must be a positive number' })
  message: string;
}

/** Schema component of every error answer. */
export class Problem {
  @ApiProperty({ format: 'uri', description: 'Page about this code' })
  type: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status: number;

  @ApiProperty()
  detail: string;

  @ApiProperty({ description: 'Path of the request' })
  instance: string;

  @ApiProperty({ pattern: '^[A-Z][A-Z_]*$', description: 'Stable; programs decide by it' })
  code: string;

  @ApiProperty({ format: 'uuid' })
  correlationId: string;

  @ApiProperty({ type: [ProblemError], required: false, description: 'With VALIDATION_FAILED' })
  errors?: ProblemError[];
}

/**
 * Documents the problems of a route: codes of the platform, and whole rejection tables of modules.
 * `@ApiProblems('VALIDATION_FAILED', valueRejections)`
 */
export function ApiProblems(...problems: (ProblemCode | RejectionTable)[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, string[]>();
  for (const problem of problems) {
    const table: RejectionTable = typeof problem === 'string' ? { [problem]: problemCodes[problem] } : problem;
    for (const [code, { status, title }] of Object.entries(table)) {
      byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\`: ${title}`]);
    }
  }
  return applyDecorators(
    ApiExtraModels(Problem),
    ...[...byStatus].map(([status, lines]) =>
      ApiResponse({
        status,
        description: lines.join('\n\n'),
        content: { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } } },
      }),
    ),
  );
}
