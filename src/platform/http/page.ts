import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';

const LIMIT_MAX = 200;
const LIMIT = 50;

/** Query of a list: how many rows, and after which one. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: LIMIT_MAX, default: LIMIT })
  @IsOptional()
  @Type(() => Number)
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

/** Adds `Link: <…>; rel="next"` when the page is full. @param after cursor of its last row */
export function linkNext(request: FastifyRequest, reply: FastifyReply, { limit }: PageQuery, after: string): void {
  const path = request.url.split('?', 1)[0];
  void reply.header('link', `<${path}?limit=${limit}&after=${after}>; rel="next"`);
}
