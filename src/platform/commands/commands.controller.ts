import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems, Problem } from '../http/api-problems.decorator';
import { HttpProblem } from '../http/http-problem';
import { ProblemCatalog } from '../http/problem-catalog';
import { UuidPipe } from '../http/uuid.pipe';
import { rejection } from './command-sender';
import { CommandOutcomes } from './command-outcomes';
import type { OutcomeRow } from './command-outcomes.view';

class CommandOutcomeDto {
  @ApiProperty({ format: 'uuid' })
  commandId: string;

  @ApiProperty({ description: 'Name of the command', example: 'UpdateValueCommand' })
  command: string;

  @ApiProperty({ enum: ['pending', 'accepted', 'rejected', 'parked'] })
  status: string;

  @ApiProperty({ required: false, type: Object, description: 'With `accepted`' })
  reply?: unknown;

  @ApiProperty({ required: false, type: Problem, description: 'With `rejected` and `parked`' })
  problem?: unknown;

  @ApiProperty({ format: 'date-time' })
  receivedAt: string;

  @ApiProperty({ required: false, format: 'date-time' })
  decidedAt?: string;
}

@ApiTags('commands')
@Controller('commands')
export class CommandsController {
  constructor(
    private readonly outcomes: CommandOutcomes,
    private readonly catalog: ProblemCatalog,
  ) {}

  @Get(':id')
  @ApiOperation({ summary: 'What became of a command, for 24 hours' })
  @ApiOkResponse({ type: CommandOutcomeDto })
  @ApiProblems('VALIDATION_FAILED', 'NOT_FOUND', 'VIEW_BEHIND', 'VIEWS_UNAVAILABLE')
  async outcome(@Param('id', UuidPipe) id: string, @Req() request: FastifyRequest): Promise<CommandOutcomeDto> {
    const row = await this.outcomes.find(id);
    if (row === 'behind') throw new HttpProblem('VIEW_BEHIND');
    if (row === undefined) throw new HttpProblem('NOT_FOUND', { detail: 'There is no such command.' });
    return this.show(row, request.url.split('?', 1)[0] ?? '');
  }

  private show(row: OutcomeRow, instance: string): CommandOutcomeDto {
    const shown = { commandId: row.command_id, command: row.command, receivedAt: isoTime(row.received_at) };
    if (row.outcome === null) return { ...shown, status: 'pending' };
    const { decision, correlationId } = row.outcome;
    const decided = { ...shown, status: decision.status, decidedAt: isoTime(row.decided_at) };
    const problem = (error: Error): unknown => this.catalog.problemOf(error, correlationId, instance).body;
    switch (decision.status) {
      case 'accepted':
        return { ...decided, reply: decision.reply };
      case 'rejected':
        return { ...decided, problem: problem(rejection(decision.code, decision.details)) };
      case 'parked':
        return { ...decided, problem: problem(new HttpProblem('COMMAND_PARKED')) };
    }
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
