import { ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';

const LIMIT_MAX = 200;
const LIMIT = 50;

/** Query of a list: how many rows, and after which one. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (/^\d{1,9}$/.test(String(value)) ? Number(value) : value))
  @IsInt()
  @Min(1)
  @Max(LIMIT_MAX)
  limit: number = LIMIT;

  @ApiPropertyOptional({ description: 'As the `Link` of the page before says; opaque' })
  @IsOptional()
  @IsString()
  @Matches(/^\d{1,15}(-\d{1,15})?$/, { message: 'after must be as the Link of a page says' })
  after?: string;
}

/** Query of a list that is ordered by a text. */
export class TextPageQuery extends PickType(PageQuery, ['limit']) {
  @ApiPropertyOptional({ description: 'As the `Link` of the page before says; opaque' })
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9_-]{1,1000}$/, { message: 'after must be as the Link of a page says' })
  after?: string;

  /** The text after which the page begins; empty for the first page. */
  get afterText(): string {
    return Buffer.from(this.after ?? '', 'base64url').toString();
  }
}

/** Cursor of a row in a list that is ordered by a text. */
export function textCursor(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Adds `Link: <…>; rel="next"` when the page is full. @param cursor of a row: what the next page comes after */
export function linkNext<Row>(
  request: FastifyRequest,
  reply: FastifyReply,
  { limit }: Pick<PageQuery, 'limit'>,
  rows: readonly Row[],
  cursor: (row: Row) => string,
): void {
  const last = rows.at(-1);
  if (last === undefined || rows.length < limit) return;
  const [path, asked] = request.url.split('?', 2);
  const query = new URLSearchParams(asked);
  query.set('limit', String(limit));
  query.set('after', cursor(last));
  void reply.header('link', `<${path}?${query.toString()}>; rel="next"`);
}
