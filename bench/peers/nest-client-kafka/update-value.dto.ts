import { IsIn, IsNumber } from 'class-validator';

export class UpdateValueDto {
  @IsIn(['ADD', 'MULTIPLY'])
  operation: 'ADD' | 'MULTIPLY';

  @IsNumber()
  value: number;
}
