import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { AMOUNT_MAX, parseMoney, showMoney } from '../../kernel/money';

/** An amount in a body: a number or a decimal text of at most two places. The property is then minor units. */
export function IsAmount(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      oneOf: [
        { type: 'number', minimum: 0.01, maximum: showMoney(AMOUNT_MAX) },
        { type: 'string', pattern: String.raw`^\d{1,15}(\.\d{1,2})?$` },
      ],
      example: 12.5,
      description:
        'From 0.01 to 1000000000.00 with at most two decimals; a number, or a text of digits and an optional point',
    }),
    Transform(({ value }: { value: unknown }) => parseMoney(value) ?? NaN),
    ValidateBy({
      name: 'isAmount',
      validator: {
        validate: (minor: unknown) => typeof minor === 'number' && minor >= 1 && minor <= AMOUNT_MAX,
        defaultMessage: () => '$property must be a decimal from 0.01 to 1000000000.00 with at most two places',
      },
    }),
  );
}

/** Money in an answer. */
export function ApiMoney(description?: string): PropertyDecorator {
  return ApiProperty({ type: Number, example: 87.5, ...(description !== undefined && { description }) });
}
