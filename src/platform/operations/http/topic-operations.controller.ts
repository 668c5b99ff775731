import { Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { preferred } from '../../http/accept';
import { ApiProblems } from '../../http/api-problems.decorator';
import { invalid } from '../../http/http-problem';
import { Produces } from '../../http/produces.decorator';
import { listTopics, showRecords } from '../topic.operations';
import { HttpOperator } from './http-operator';
import { sendJsonArray } from './json-array';
import { LiveTails } from './live-tails';
import { RecordDto, TopicDto } from './operations.dto';
import { OperatorRoutes } from './operator-route.decorator';
import { RecordsQuery } from './records.query';

/** JSON is the better one: a tail is for those who ask for it by name. */
const RECORDS_OR_TAIL = ['application/json', 'text/event-stream'] as const;

@OperatorRoutes('topics')
@ApiProblems('LOG_UNAVAILABLE')
export class TopicOperationsController {
  constructor(
    private readonly operator: HttpOperator,
    private readonly tails: LiveTails,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Every topic: partitions, first and next offset, policy' })
  @ApiOkResponse({ type: [TopicDto] })
  async list(): Promise<TopicDto[]> {
    const { topics } = await this.operator.only(listTopics, {});
    return topics;
  }

  @Get(':topic/records')
  @Produces(...RECORDS_OR_TAIL)
  @ApiOperation({
    summary: 'Records that are there; as server-sent events, those that come from now on',
    description:
      'A live tail, which takes `partition` and `key` alone, is answered when `Accept` names `text/event-stream`.',
  })
  @ApiOkResponse({ type: [RecordDto] })
  @ApiProblems('NOT_FOUND')
  async records(
    @Param('topic') topic: string,
    @Query() query: RecordsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (preferred(request.headers.accept, RECORDS_OR_TAIL) === 'text/event-stream') {
      await this.tail(topic, query, request, reply);
      return;
    }
    const { partition, from, time, key, most } = query;
    const asked = { topic, partition, from, time, key, limit: most };
    await sendJsonArray(reply, (signal) => this.operator.call(showRecords, asked, signal), shown);
  }

  private async tail(topic: string, query: RecordsQuery, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    for (const name of ['from', 'time', 'limit'] as const) {
      if (query[name] !== undefined) throw invalid(name, 'is for records that are there: a live tail begins now');
    }
    const { partition, key } = query;
    const read = (signal: AbortSignal) => this.operator.tail({ topic, partition, key }, signal);
    await this.tails.answer(reply, request.caller?.expiresAt, read, shown);
  }
}

function shown({ partition, offset, key, timestamp, headers, value }: RecordDto): RecordDto {
  return { partition, offset, key, timestamp, headers, value };
}
