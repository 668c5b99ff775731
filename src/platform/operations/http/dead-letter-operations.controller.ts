import { Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../../http/api-problems.decorator';
import { linkNext, textCursor, TextPageQuery } from '../../http/page';
import { dropDeadLetter, listDeadLetters, retryDeadLetter } from '../dead-letter.operations';
import { HttpOperator } from './http-operator';
import { DeadLetterDto } from './operations.dto';
import { OperatorRoutes } from './operator-route.decorator';

const ID = { name: 'id', description: '`consumer:topic:partition:offset`, percent-encoded' };

@OperatorRoutes('dead-letters')
@ApiProblems('VIEWS_UNAVAILABLE', 'LOG_UNAVAILABLE')
export class DeadLetterOperationsController {
  constructor(private readonly operator: HttpOperator) {}

  @Get()
  @ApiOperation({ summary: 'Records that a consumer could not take, by id' })
  @ApiOkResponse({ type: [DeadLetterDto] })
  async list(
    @Query() page: TextPageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeadLetterDto[]> {
    const all = await this.operator.only(listDeadLetters, {});
    const shown = all
      .filter(({ id }) => id > page.afterText)
      .sort((left, right) => (left.id < right.id ? -1 : 1))
      .slice(0, page.limit);
    linkNext(request, reply, page, shown, ({ id }) => textCursor(id));
    return shown;
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({ summary: 'Hand a record to its consumer once more; one that still cannot be taken is parked again' })
  @ApiParam(ID)
  @ApiAcceptedResponse({ description: 'The consumer takes it up by itself' })
  @ApiProblems('NOT_FOUND', 'OUTCOME_UNKNOWN', 'DISK_FULL')
  async retry(@Param('id') id: string): Promise<void> {
    await this.operator.only(retryDeadLetter, { id });
  }

  @Delete(':id')
  @HttpCode(202)
  @ApiOperation({ summary: 'Give a record up for its consumer; what is parked behind it goes on' })
  @ApiParam(ID)
  @ApiAcceptedResponse({ description: 'The consumer takes it up by itself' })
  @ApiProblems('NOT_FOUND', 'OUTCOME_UNKNOWN', 'DISK_FULL')
  async drop(@Param('id') id: string): Promise<void> {
    await this.operator.only(dropDeadLetter, { id });
  }
}
