import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { invalid } from './http-problem';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID of any version in a path or query, in lower case: two spellings are one id. Otherwise 400. */
export class UuidPipe implements PipeTransform<unknown, string> {
  transform(value: unknown, metadata: ArgumentMetadata): string {
    const text = typeof value === 'string' ? value.toLowerCase() : '';
    if (!pattern.test(text)) {
      throw invalid(metadata.data ?? metadata.type, 'must be a UUID');
    }
    return text;
  }
}
