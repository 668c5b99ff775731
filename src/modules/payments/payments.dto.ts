import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional } from 'class-validator';
import { IsText } from '../../platform/http/is-text.decorator';
import { ApiMoney, IsAmount } from './money.dto';
import { PartiesDto } from './statement.dto';
import { requestStatuses, type PaymentRequestRow } from './views/payment-request.view';

export class RegisterUserDto {
  @IsOptional()
  @IsText({ max: 128, optional: true, example: 'alice', description: 'If given, the `sub` of the token' })
  id?: string | null;

  @IsText({ max: 100, example: 'Alice' })
  name: string;

  @IsText({ max: 100, example: 'alice' })
  username: string;
}

export class UserDto {
  @ApiProperty({ example: 'alice' })
  id: string;

  @ApiProperty({ example: 'Alice' })
  name: string;

  @ApiProperty({ example: 'alice' })
  username: string;
}

class TransferDto {
  @IsAmount()
  amount: number;

  @IsOptional()
  @IsText({ min: 0, max: 280, optional: true, example: 'Lunch' })
  notes?: string | null;
}

export class RequestPaymentDto extends TransferDto {
  @IsText({ max: 128, example: 'bob', description: 'Who is asked' })
  userId: string;
}

export class PayDto extends TransferDto {
  @IsText({ max: 128, example: 'bob', description: 'Who is paid' })
  userId: string;

  @IsOptional()
  @IsText({ max: 128, optional: true, description: 'The request that is paid' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase() : value))
  requestId?: string | null;
}

export class PaidDto {
  @ApiProperty({ format: 'uuid' })
  paymentId: string;

  @ApiMoney('Of the payer, afterwards')
  balance: number;
}

export class RequestedDto {
  @ApiProperty({ format: 'uuid' })
  requestId: string;
}

export class OpenRequestDto extends PartiesDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiMoney()
  amount: number;

  @ApiProperty({ type: String, nullable: true })
  notes: string | null;
}

export class PaymentRequestDto extends OpenRequestDto {
  @ApiProperty({ enum: requestStatuses })
  status: PaymentRequestRow['status'];
}
