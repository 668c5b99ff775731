import { Body, Controller, Get, Inject, Put, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Rejected } from '../../kernel/rejection';
import { RequireScope } from '../../platform/auth/access.decorators';
import { identityOf } from '../../platform/auth/caller';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiAccepted } from '../../platform/commands/api-accepted.decorator';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { SETTINGS } from '../../platform/config/config.module';
import type { Settings } from '../../platform/config/settings';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { linkNext, textCursor, TextPageQuery } from '../../platform/http/page';
import { paymentRejections } from './domain/payment.rejections';
import { RegisterUserCommand } from './domain/user.commands';
import { RegisterUserDto, UserDto } from './payments.dto';
import { GetUsers, userView } from './views/user.view';

const { IDENTITY_MISMATCH } = paymentRejections;

@ApiTags('payments')
@ApiProblems('VALIDATION_FAILED')
@Controller()
export class UsersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Put('current-user')
  @RequireScope('write:users')
  @ApiOperation({ summary: 'Register, or change the names' })
  @ApiCommand()
  @ApiAccepted()
  @ApiNoContentResponse()
  @ApiProblems({ IDENTITY_MISMATCH })
  async register(
    @Body() { id, name, username }: RegisterUserDto,
    @Req() request: FastifyRequest,
    @Sender() sender: CommandSender,
  ): Promise<unknown> {
    const userId = identityOf(request);
    if (typeof id === 'string' && id !== userId) throw new Rejected('IDENTITY_MISMATCH');
    const { openingBalance } = this.settings.payments;
    const command = new RegisterUserCommand(userId, { name, username, openingBalance }, sender.metadata);
    const outcome: CommandOutcome = await this.commands.execute(command);
    return sender.answer(outcome, { status: 204 });
  }

  @Get('users')
  @RequireScope('read:users')
  @Reads(userView)
  @ApiOperation({ summary: 'Everybody who has registered' })
  @ApiOkResponse({ type: [UserDto] })
  async users(
    @Query() page: TextPageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<UserDto[]> {
    const rows = await this.queries.execute(new GetUsers(page.limit, page.afterText));
    linkNext(request, reply, page, rows, ({ id }) => textCursor(id));
    return rows;
  }
}
