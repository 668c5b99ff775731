import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { showMoney } from '../../kernel/money';
import { Rejected } from '../../kernel/rejection';
import { RequireScope } from '../../platform/auth/access.decorators';
import { identityOf } from '../../platform/auth/caller';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiAccepted } from '../../platform/commands/api-accepted.decorator';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { linkNext, PageQuery, textCursor, TextPageQuery } from '../../platform/http/page';
import { Produces } from '../../platform/http/produces.decorator';
import { UuidPipe } from '../../platform/http/uuid.pipe';
import { LiveRows, STREAM_OR_ROWS } from '../../platform/views/streams/live-rows';
import { paymentRejections } from './domain/payment.rejections';
import { CloseRequestCommand, RequestCommand } from './domain/user.commands';
import { PaymentFacts } from './payment.facts';
import { OpenRequestDto, PaymentRequestDto, RequestedDto, RequestPaymentDto } from './payments.dto';
import {
  GetOpenRequests,
  GetPaymentRequest,
  paymentRequestView,
  type PaymentRequestRow,
} from './views/payment-request.view';

const { SELF_PAYMENT, USER_NOT_FOUND, TOO_MANY_REQUESTS, REQUEST_NOT_FOUND, REQUEST_CLOSED } = paymentRejections;

@ApiTags('payments')
@ApiProblems('VALIDATION_FAILED', 'VIEW_BEHIND', 'VIEWS_UNAVAILABLE')
@Controller()
export class PaymentRequestsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly facts: PaymentFacts,
    private readonly live: LiveRows,
  ) {}

  @Post('request')
  @HttpCode(200)
  @RequireScope('write:request')
  @ApiOperation({ summary: 'Ask somebody for a payment' })
  @ApiCommand()
  @ApiAccepted()
  @ApiOkResponse({ type: RequestedDto })
  @ApiProblems({ SELF_PAYMENT, USER_NOT_FOUND, TOO_MANY_REQUESTS })
  async ask(
    @Body() { userId, amount, notes }: RequestPaymentDto,
    @Req() request: FastifyRequest,
    @Sender({ target: 'userId' }) sender: CommandSender,
  ): Promise<unknown> {
    const fromUserName = await this.facts.ownNameOf(identityOf(request));
    const data = { requestId: sender.newId(), fromUserName, amount, notes: notes ?? null };
    const outcome: CommandOutcome = await this.commands.execute(new RequestCommand(userId, data, sender.metadata));
    return sender.answer(outcome);
  }

  @Get('current-payment-requests')
  @RequireScope('read:payment-requests')
  @Reads(paymentRequestView)
  @ApiOperation({ summary: 'The open requests asked of the caller' })
  @ApiOkResponse({ type: [OpenRequestDto] })
  async open(
    @Query() page: TextPageQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OpenRequestDto[]> {
    const rows = await this.queries.execute(new GetOpenRequests(identityOf(request), page.limit, page.afterText));
    linkNext(request, reply, page, rows, ({ id }) => textCursor(id));
    return rows.map(showOpen);
  }

  @Get('payment-requests')
  @RequireScope('read:payment-requests')
  @Produces(...STREAM_OR_ROWS)
  @Reads(paymentRequestView)
  @ApiOperation({ summary: 'The open requests asked of the caller, then each change as it comes' })
  @ApiOkResponse({ type: [OpenRequestDto] })
  stream(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const where = { to_user_id: identityOf(request), status: 'open' } as const;
    return this.live.answer({ view: paymentRequestView, where, show: showOpen }, page, request, reply);
  }

  @Get('payment-requests/:id')
  @RequireScope('read:payment-requests')
  @Reads(paymentRequestView)
  @ApiOperation({ summary: 'A request, for its two parties' })
  @ApiOkResponse({ type: PaymentRequestDto })
  @ApiProblems({ REQUEST_NOT_FOUND })
  async one(@Param('id', UuidPipe) id: string, @Req() request: FastifyRequest): Promise<PaymentRequestDto> {
    const row = await this.queries.execute(new GetPaymentRequest(id, identityOf(request)));
    return { ...showOpen(row), status: row.status };
  }

  @Delete('payment-requests/:id')
  @RequireScope('write:request')
  @ApiOperation({ summary: 'Decline a request, or withdraw it' })
  @ApiCommand()
  @ApiAccepted()
  @ApiNoContentResponse()
  @ApiProblems({ REQUEST_NOT_FOUND, REQUEST_CLOSED })
  async close(
    @Param('id', UuidPipe) requestId: string,
    @Req() request: FastifyRequest,
    @Sender() sender: CommandSender,
  ): Promise<unknown> {
    const known = await this.facts.requestOf(requestId, identityOf(request));
    if (known === undefined) throw new Rejected('REQUEST_NOT_FOUND');
    const command = new CloseRequestCommand(known.to_user_id, { requestId }, sender.metadata);
    const outcome: CommandOutcome = await this.commands.execute(command);
    return sender.answer(outcome, { status: 204 });
  }
}

function showOpen(row: PaymentRequestRow) {
  return {
    id: row.id,
    fromUserId: row.from_user_id,
    fromUserName: row.from_user_name,
    toUserId: row.to_user_id,
    toUserName: row.to_user_name,
    amount: showMoney(row.amount),
    notes: row.notes,
    timestamp: row.at,
  } satisfies OpenRequestDto;
}
