import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsNumber } from 'class-validator';
import { valueSteps, type ValueHistoryRow } from './views/value-history.view';

export class CreateValueDto {
  @ApiProperty({ example: 2 })
  @IsNumber()
  value: number;
}

export class UpdateValueDto {
  @ApiProperty({ enum: ['ADD', 'MULTIPLY'] })
  @IsIn(['ADD', 'MULTIPLY'])
  operation: 'ADD' | 'MULTIPLY';

  @ApiProperty({ example: 3 })
  @IsNumber()
  value: number;
}

/** The command has been taken; its outcome can be asked for. */
export class AcceptedValueDto {
  @ApiProperty({ format: 'uuid', required: false, description: 'With POST: id of the new value' })
  id?: string;

  @ApiProperty({ format: 'uuid' })
  commandId: string;
}

export class ValueDto {
  @ApiProperty({ format: 'uuid', required: false, description: 'With POST' })
  id?: string;

  @ApiProperty({ example: 12 })
  value: number;
}

export class HistoryStepDto {
  @ApiProperty({ enum: valueSteps })
  operation: ValueHistoryRow['operation'];

  @ApiProperty({ example: 3 })
  operand: number;

  @ApiProperty({ example: 12 })
  result: number;

  @ApiProperty({ minimum: 1, type: 'integer' })
  version: number;

  @ApiProperty({ format: 'date-time' })
  at: string;
}

export class ChangeDto {
  @ApiProperty({ example: 12 })
  value: number;

  @ApiProperty({ minimum: 1, type: 'integer' })
  version: number;

  @ApiProperty({ format: 'date-time' })
  at: string;
}
