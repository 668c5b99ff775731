import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, HttpProblem } from './http-problem';

/** So many faults are told at most. */
const ERRORS_MAX = 100;

/**
 * Validates bodies and queries against their DTO classes: unknown fields are refused, nothing is converted silently, every
 * fault is told at once as 400 `VALIDATION_FAILED`.
 */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors) => new HttpProblem('VALIDATION_FAILED', { errors: fieldErrors(errors) }),
  });
}

/** Flattens nested errors into dotted paths. */
export function fieldErrors(errors: readonly ValidationError[]): FieldError[] {
  const found: FieldError[] = [];
  collect(errors, '', found);
  return found;
}

function collect(errors: readonly ValidationError[], parent: string, found: FieldError[]): void {
  for (const error of errors) {
    const path = parent === '' ? error.property : `${parent}.${error.property}`;
    for (const message of Object.values(error.constraints ?? {})) {
      if (found.length >= ERRORS_MAX) {
        return;
      }
      found.push({ path, message: withoutName(message, error.property) });
    }
    collect(error.children ?? [], path, found);
  }
}

/** `value must be a number` → `must be a number`: the path names the field already. */
function withoutName(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
