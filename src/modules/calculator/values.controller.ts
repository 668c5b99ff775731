import { Body, Controller, Get, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequireScope } from '../../platform/auth/access.decorators';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { linkNext, PageQuery } from '../../platform/http/page';
import { Produces } from '../../platform/http/produces.decorator';
import { UuidPipe } from '../../platform/http/uuid.pipe';
import { LiveRows, STREAM_OR_ROWS } from '../../platform/views/streams/live-rows';
import { CreateValueCommand, UpdateValueCommand } from './domain/value.commands';
import { valueRejections } from './domain/value.decider';
import { AcceptedValueDto, ChangeDto, CreateValueDto, HistoryStepDto, UpdateValueDto, ValueDto } from './values.dto';
import { GetValueHistory, valueHistoryView, type ValueHistoryRow } from './views/value-history.view';
import { GetValue, valueView } from './views/value.view';

@ApiTags('calculator')
@RequireScope('read:values', 'calculator')
@ApiProblems('VALIDATION_FAILED', valueRejections)
@Controller('values')
export class ValuesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly live: LiveRows,
  ) {}

  @Post()
  @RequireScope('write:values', 'calculator')
  @ApiOperation({ summary: 'Create a value' })
  @ApiCommand()
  @ApiAcceptedResponse({ type: AcceptedValueDto })
  @ApiCreatedResponse({ type: ValueDto, description: 'With `Prefer: wait=n`' })
  async create(@Body() { value }: CreateValueDto, @Sender({ waitMs: 0 }) sender: CommandSender): Promise<unknown> {
    const id = sender.newId();
    const outcome: CommandOutcome = await this.commands.execute(new CreateValueCommand(id, { value }, sender.metadata));
    return sender.answer(outcome, { status: 201, location: `/values/${id}`, body: { id } });
  }

  @Put(':id')
  @RequireScope('write:values', 'calculator')
  @ApiOperation({ summary: 'Add to a value or multiply it' })
  @ApiCommand()
  @ApiAcceptedResponse({ type: AcceptedValueDto })
  @ApiOkResponse({ type: ValueDto, description: 'With `Prefer: wait=n`' })
  async update(
    @Param('id', UuidPipe) id: string,
    @Body() { operation, value }: UpdateValueDto,
    @Sender({ waitMs: 0 }) sender: CommandSender,
  ): Promise<unknown> {
    const command = new UpdateValueCommand(id, { operation, value }, sender.metadata);
    const outcome: CommandOutcome = await this.commands.execute(command);
    return sender.answer(outcome);
  }

  @Get(':id')
  @Reads(valueView)
  @ApiOperation({ summary: 'What a value is now' })
  @ApiOkResponse({ type: ValueDto })
  async value(@Param('id', UuidPipe) id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<ValueDto> {
    const { value, version } = await this.queries.execute(new GetValue(id));
    void reply.header('etag', `"${version}"`);
    return { value };
  }

  @Get(':id/history')
  @Reads(valueHistoryView)
  @ApiOperation({ summary: 'Everything that was done to a value, oldest first' })
  @ApiOkResponse({ type: [HistoryStepDto] })
  async history(
    @Param('id', UuidPipe) id: string,
    @Query() page: PageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HistoryStepDto[]> {
    const rows = await this.queries.execute(
      new GetValueHistory(id, page.limit, Number.parseInt(page.after ?? '0', 10)),
    );
    linkNext(request, reply, page, rows, ({ version }) => String(version));
    return rows.map(({ operation, operand, result, version, at }) => {
      return { operation, operand, result, version, at: new Date(at).toISOString() };
    });
  }

  @Get(':id/changes')
  @Produces(...STREAM_OR_ROWS)
  @Reads(valueHistoryView)
  @ApiOperation({ summary: 'The values that a value has had, then each new one as it comes' })
  @ApiOkResponse({ type: [ChangeDto] })
  async changes(
    @Param('id', UuidPipe) id: string,
    @Query() page: PageQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.queries.execute(new GetValueHistory(id, 1, 0));
    await this.live.answer({ view: valueHistoryView, where: { id }, show: showChange }, page, request, reply);
  }
}

function showChange({ result, version, at }: ValueHistoryRow): ChangeDto {
  return { value: result, version, at: new Date(at).toISOString() };
}
