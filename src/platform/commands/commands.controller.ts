import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { RequireToken } from '../auth/access.decorators';
import { ANONYMOUS, identityOf } from '../auth/caller';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { FEATURES, type Feature } from '../feature';
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
  private readonly publicCommands: ReadonlySet<string>;

  constructor(
    private readonly outcomes: CommandOutcomes,
    private readonly catalog: ProblemCatalog,
    @Inject(FEATURES) features: readonly Feature[],
    @Inject(SETTINGS) { auth }: Settings,
  ) {
    const open = features.filter(({ name }) => auth.publicModules.has(name));
    const types = open.flatMap(({ aggregates }) => aggregates.flatMap(({ commands }) => commands));
    this.publicCommands = new Set(types.map(({ type }) => type));
  }

  @Get(':id')
  @RequireToken({ orPublicModules: true })
  @ApiOperation({ summary: 'What became of a command, for 24 hours' })
  @ApiOkResponse({ type: CommandOutcomeDto })
  @ApiProblems('VALIDATION_FAILED', 'NOT_FOUND', 'VIEW_BEHIND', 'VIEWS_UNAVAILABLE')
  async outcome(@Param('id', UuidPipe) id: string, @Req() request: FastifyRequest): Promise<CommandOutcomeDto> {
    const row = await this.outcomes.find(id);
    if (row === 'behind') throw new HttpProblem('VIEW_BEHIND');
    if (row === undefined || !this.maySee(request, row))
      throw new HttpProblem('NOT_FOUND', { detail: 'There is no such command.' });
    return this.show(row, request.url.split('?', 1)[0] ?? '');
  }

  /** Whoever sent it; what was sent without a token, everybody, for as long as its module is public. */
  private maySee(request: FastifyRequest, { identity, command }: OutcomeRow): boolean {
    if (identityOf(request) !== identity) return false;
    return identity !== ANONYMOUS || this.publicCommands.has(command);
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
