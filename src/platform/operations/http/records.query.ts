import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsText } from '../../http/is-text.decorator';

const LIMIT = 50;
const LIMIT_MAX = 200;
/** What a partition's number and a `Date` can be. */
const PARTITION_MAX = 2 ** 31 - 1;
const TIME_MS_MAX = 8.64e15;
/** Without its offset from UTC it would be another time on each machine. */
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Which records of a topic are asked for. */
export class RecordsQuery {
  @IsCount({ max: PARTITION_MAX, description: 'Default: all partitions, one after the other' })
  partition?: number;

  @IsCount({ max: Number.MAX_SAFE_INTEGER, description: 'First offset; default: the first there is' })
  from?: number;

  @ApiPropertyOptional({
    type: String,
    description: 'Only what is not older: ISO 8601, or milliseconds since the epoch',
    example: '2026-01-31T12:00:00Z',
  })
  @IsOptional()
  @Transform(({ value }) => milliseconds(value))
  @IsInt({ message: 'time must be a time such as 2026-01-31T12:00:00Z' })
  @Min(0)
  @Max(TIME_MS_MAX)
  time?: number;

  @IsText({ min: 0, max: 1_000, optional: true, description: 'Only records of this key' })
  @IsOptional()
  key?: string;

  @IsCount({ min: 1, max: LIMIT_MAX, default: LIMIT })
  limit?: number;

  /** As asked for, or the default. */
  get most(): number {
    return this.limit ?? LIMIT;
  }
}

/** A whole number in a query, written in digits alone: an empty text is none. */
function IsCount({ min = 0, max, ...documented }: Bounds): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...documented, type: 'integer', minimum: min, maximum: max }),
    IsOptional(),
    Transform(({ value }) => (isDigits(value) ? Number(value) : value)),
    IsInt(),
    Min(min),
    Max(max),
  );
}

interface Bounds {
  readonly min?: number;
  readonly max: number;
  readonly default?: number;
  readonly description?: string;
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,16}$/.test(value);
}

function milliseconds(value: unknown): unknown {
  if (isDigits(value)) return Number(value);
  return typeof value === 'string' && ISO_TIME.test(value) ? Date.parse(value) : value;
}
