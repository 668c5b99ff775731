import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { RequireScope } from '../../platform/auth/access.decorators';
import { identityOf } from '../../platform/auth/caller';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { ApiAccepted } from '../../platform/commands/api-accepted.decorator';
import { ApiCommand, type CommandSender, Sender } from '../../platform/commands/command-sender';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { paymentRejections } from './domain/payment.rejections';
import { PayCommand } from './domain/user.commands';
import { PaymentFacts } from './payment.facts';
import { PaidDto, PayDto } from './payments.dto';

const { SELF_PAYMENT, USER_NOT_FOUND, REQUEST_NOT_FOUND, REQUEST_CLOSED, REQUEST_MISMATCH, INSUFFICIENT_FUNDS } =
  paymentRejections;
const refusals = {
  SELF_PAYMENT,
  USER_NOT_FOUND,
  REQUEST_NOT_FOUND,
  REQUEST_CLOSED,
  REQUEST_MISMATCH,
  INSUFFICIENT_FUNDS,
};

@ApiTags('payments')
@ApiProblems('VALIDATION_FAILED', 'VIEW_BEHIND', 'VIEWS_UNAVAILABLE', refusals)
@Controller()
export class PaymentsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: PaymentFacts,
  ) {}

  @Post('pay')
  @HttpCode(200)
  @RequireScope('write:pay')
  @ApiOperation({ summary: 'Pay somebody, or what somebody has asked for' })
  @ApiCommand()
  @ApiAccepted()
  @ApiOkResponse({ type: PaidDto })
  async pay(
    @Body() { userId: toUserId, amount, notes, requestId }: PayDto,
    @Req() request: FastifyRequest,
    @Sender() sender: CommandSender,
  ): Promise<unknown> {
    const payer = identityOf(request);
    const [toUserName, asked] = await Promise.all([
      this.facts.nameOf(toUserId),
      typeof requestId === 'string' ? this.facts.requestOf(requestId, payer) : undefined,
    ]);
    const command = new PayCommand(
      payer,
      {
        paymentId: sender.newId(),
        toUserId,
        toUserName,
        amount,
        notes: notes ?? null,
        requestId: requestId ?? null,
        isRequestKnown: asked?.to_user_id === payer,
      },
      sender.metadata,
    );
    const outcome: CommandOutcome = await this.commands.execute(command);
    return sender.answer(outcome);
  }
}
