import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';

/** Text that every store can hold: no U+0000, and no half of a surrogate pair. */
export interface TextBounds {
  /** Least characters (code points); default 1. */
  readonly min?: number;
  /** Most characters (code points). */
  readonly max: number;
  readonly example?: string;
  readonly description?: string;
  /** Whether it may be left out or `null`; `@IsOptional()` is to be added. */
  readonly optional?: boolean;
}

/** Validates and documents a text of bounded length, counted in characters as OpenAPI counts them. */
export function IsText({ min = 1, max, optional = false, ...documented }: TextBounds): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      ...documented,
      type: String,
      minLength: min,
      maxLength: max,
      required: !optional,
      ...(optional && { nullable: true }),
    }),
    ValidateBy({
      name: 'isText',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && isStorable(value) && isWithin(value, min, max),
        defaultMessage: () => `$property must be a text of ${min} to ${max} characters`,
      },
    }),
  );
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function isWithin(text: string, min: number, max: number): boolean {
  // Each character is one or two units: only what lies between needs to be counted.
  if (text.length < min || text.length > 2 * max) return false;
  const characters = Array.from(text).length;
  return characters >= min && characters <= max;
}
