import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { invalid } from './http-problem';

/** A text in a path that has to match a pattern. Otherwise 400. */
export class PatternPipe implements PipeTransform<unknown, string> {
  /** @param message `must be …` */
  constructor(
    private readonly pattern: RegExp,
    private readonly message: string,
  ) {}

  transform(value: unknown, metadata: ArgumentMetadata): string {
    if (typeof value === 'string' && this.pattern.test(value)) return value;
    throw invalid(metadata.data ?? metadata.type, this.message);
  }
}
