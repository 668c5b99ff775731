import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { meanOf, showMoney } from '../../kernel/money';
import { RequireScope } from '../../platform/auth/access.decorators';
import { identityOf } from '../../platform/auth/caller';
import { Reads } from '../../platform/commands/reads.decorator';
import { ApiProblems } from '../../platform/http/api-problems.decorator';
import { PageQuery } from '../../platform/http/page';
import { Produces } from '../../platform/http/produces.decorator';
import { LiveRows, STREAM_OR_ROWS } from '../../platform/views/streams/live-rows';
import { ActivityDto, AverageDto, BalanceDto, TotalDto } from './statement.dto';
import { activityView, type ActivityRow } from './views/activity.view';
import { balanceHistoryView } from './views/balance-history.view';
import { balanceView } from './views/balance.view';
import { statisticsView, type StatisticsRow } from './views/statistics.view';

@ApiTags('payments')
@ApiProblems('VALIDATION_FAILED')
@Controller()
export class StatementController {
  constructor(private readonly live: LiveRows) {}

  @Get('activities')
  @RequireScope('read:activities')
  @Produces(...STREAM_OR_ROWS)
  @Reads(activityView)
  @ApiOperation({ summary: "Everybody's payments and requests, then each new one as it comes" })
  @ApiOkResponse({ type: [ActivityDto] })
  activities(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.live.answer({ view: activityView, show: showActivity }, page, request, reply);
  }

  @Get('current-balance')
  @RequireScope('read:balances')
  @Produces(...STREAM_OR_ROWS)
  @Reads(balanceView)
  @ApiOperation({ summary: 'What the caller has, then what it becomes' })
  @ApiOkResponse({ type: [BalanceDto] })
  balance(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const where = { id: identityOf(request) };
    return this.live.answer({ view: balanceView, where, show: showBalance }, page, request, reply);
  }

  @Get('balance-histories')
  @RequireScope('read:balances')
  @Produces(...STREAM_OR_ROWS)
  @Reads(balanceHistoryView)
  @ApiOperation({ summary: 'Every balance that the caller ever had, then each new one as it comes' })
  @ApiOkResponse({ type: [BalanceDto] })
  balances(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const where = { user_id: identityOf(request) };
    return this.live.answer({ view: balanceHistoryView, where, show: showBalance }, page, request, reply);
  }

  @Get('total-transactions')
  @RequireScope('read:total-transactions')
  @Produces(...STREAM_OR_ROWS)
  @Reads(statisticsView)
  @ApiOperation({ summary: 'The number of completed payments, then what it becomes' })
  @ApiOkResponse({ type: [TotalDto] })
  total(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.live.answer({ view: statisticsView, show: showTotal }, page, request, reply);
  }

  @Get('average-transactions')
  @RequireScope('read:average-transactions')
  @Produces(...STREAM_OR_ROWS)
  @Reads(statisticsView)
  @ApiOperation({ summary: 'The mean amount of completed payments, then what it becomes' })
  @ApiOkResponse({ type: [AverageDto] })
  average(@Query() page: PageQuery, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.live.answer({ view: statisticsView, show: showAverage }, page, request, reply);
  }
}

function showActivity(row: ActivityRow): ActivityDto {
  return {
    eventName: row.event_name,
    amount: showMoney(row.amount),
    fromUserId: row.from_user_id,
    fromUserName: row.from_user_name,
    toUserId: row.to_user_id,
    toUserName: row.to_user_name,
    timestamp: row.at,
  };
}

/** One function for both streams: a balance is shown the same wherever it stands. */
function showBalance({ balance, at }: { readonly balance: number; readonly at: number }): BalanceDto {
  return { balance: showMoney(balance), timestamp: at };
}

function showTotal({ total, at }: StatisticsRow): TotalDto {
  return { total, timestamp: at };
}

function showAverage({ amount, total, at }: StatisticsRow): AverageDto {
  return { average: showMoney(meanOf(BigInt(amount), total)), timestamp: at };
}
