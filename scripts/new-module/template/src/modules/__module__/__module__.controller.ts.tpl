import { Body, Controller, Get, Param, Post, Put, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { RequireScope } from '../../platform/auth/access.decorators';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { UuidPipe } from '../../platform/http/uuid.pipe';
import { Accepted__Noun__Dto, Create__Noun__Dto, Rename__Noun__Dto, __Noun__Dto } from './__module__.dto';
import { Create__Noun__Command, Rename__Noun__Command } from './domain/__noun__.commands';
import { __nounName__Rejections } from './domain/__noun__.decider';
import { Get__Noun__, __nounName__View } from './views/__noun__.view';

@ApiTags('__module__')
@RequireScope('read:__module__')
@ApiProblems('VALIDATION_FAILED', __nounName__Rejections)
@Controller('__module__')
export class __Module__Controller {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @RequireScope('write:__module__')
  @ApiOperation({ summary: 'Create' })
  @ApiCommand()
  @ApiCreatedResponse({ type: __Noun__Dto })
  @ApiAcceptedResponse({ type: Accepted__Noun__Dto, description: 'With `Prefer: respond-async`, or no decision in time' })
  async create(@Body() { name }: Create__Noun__Dto, @Sender() sender: CommandSender): Promise<unknown> {
    const id = sender.newId();
    const outcome: CommandOutcome = await this.commands.execute(new Create__Noun__Command(id, { name }, sender.metadata));
    return sender.answer(outcome, { status: 201, location: `/__module__/${id}`, body: { id } });
  }

  @Put(':id')
  @RequireScope('write:__module__')
  @ApiOperation({ summary: 'Rename' })
  @ApiCommand()
  @ApiOkResponse({ type: __Noun__Dto })
  @ApiAcceptedResponse({ type: Accepted__Noun__Dto, description: 'With `Prefer: respond-async`, or no decision in time' })
  async rename(
    @Param('id', UuidPipe) id: string,
    @Body() { name }: Rename__Noun__Dto,
    @Sender() sender: CommandSender,
  ): Promise<unknown> {
    const outcome: CommandOutcome = await this.commands.execute(new Rename__Noun__Command(id, { name }, sender.metadata));
    return sender.answer(outcome);
  }

  @Get(':id')
  @Reads(__nounName__View)
  @ApiOperation({ summary: 'Read' })
  @ApiOkResponse({ type: __Noun__Dto })
  async read(@Param('id', UuidPipe) id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<__Noun__Dto> {
    const { name, version } = await this.queries.execute(new Get__Noun__(id));
    void reply.header('etag', `"${version}"`);
    return { name };
  }
}
