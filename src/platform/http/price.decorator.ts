import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { parseMoney, PRICE_MAX, showMoney } from '../../kernel/money';

/** A price in a body: a number or a decimal text of at most two places. The property is then minor units. */
export function IsPrice(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      oneOf: [
        { type: 'number', minimum: 0, maximum: showMoney(PRICE_MAX) },
        { type: 'string', pattern: String.raw`^\d{1,15}(\.\d{1,2})?$` },
      ],
      example: '3200',
      description:
        'From 0 to 99999999.99 with at most two decimals; a number, or a text of digits and an optional point',
    }),
    Transform(({ value }: { value: unknown }) => parseMoney(value) ?? NaN),
    ValidateBy({
      name: 'isPrice',
      validator: {
        validate: (minor: unknown) => typeof minor === 'number' && minor >= 0 && minor <= PRICE_MAX,
        defaultMessage: () => '$property must be a decimal from 0 to 99999999.99 with at most two places',
      },
    }),
  );
}
