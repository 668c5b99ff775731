import { Body, Controller, Get, HttpCode, Param, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsIn, IsNumber } from 'class-validator';
import type { CommandOutcome } from '../../platform/commands/command-gateway';
import { type CommandSender, Sender } from '../../platform/commands/command-sender';
import { Reads } from '../../platform/commands/reads.decorator';
import { UuidPipe } from '../../platform/http/uuid.pipe';
import { CreateValueCommand, UpdateValueCommand } from './domain/value.commands';
import { GetValue, valueView } from './views/value.view';

class CreateValueDto {
  @ApiProperty({ example: 2 })
  @IsNumber()
  value: number;
}

class UpdateValueDto {
  @ApiProperty({ enum: ['ADD', 'MULTIPLY'] })
  @IsIn(['ADD', 'MULTIPLY'])
  operation: 'ADD' | 'MULTIPLY';

  @ApiProperty({ example: 3 })
  @IsNumber()
  value: number;
}

class ValueDto {
  @ApiProperty({ example: 12 })
  value: number;
}

@ApiTags('calculator')
@Controller('values')
export class ValuesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @HttpCode(202)
  async create(@Body() { value }: CreateValueDto, @Sender({ waitMs: 0 }) sender: CommandSender): Promise<unknown> {
    const id = sender.newId();
    const outcome: CommandOutcome = await this.commands.execute(new CreateValueCommand(id, { value }, sender.metadata));
    return sender.answer(outcome, { status: 201, location: `/values/${id}`, body: { id } });
  }

  @Put(':id')
  @HttpCode(202)
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
  async value(@Param('id', UuidPipe) id: string): Promise<ValueDto> {
    const { value } = await this.queries.execute(new GetValue(id));
    return { value };
  }
}
