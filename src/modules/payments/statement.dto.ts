import { ApiProperty } from '@nestjs/swagger';
import { ApiMoney } from './money.dto';
import type { ActivityRow } from './views/activity.view';

class TimedDto {
  @ApiProperty({ type: 'integer', description: 'Milliseconds since the epoch' })
  timestamp: number;
}

/** From whom something goes to whom, and when. */
export class PartiesDto extends TimedDto {
  @ApiProperty()
  fromUserId: string;

  @ApiProperty()
  fromUserName: string;

  @ApiProperty()
  toUserId: string;

  @ApiProperty()
  toUserName: string;
}

export class ActivityDto extends PartiesDto {
  @ApiProperty({ enum: ['PaymentSent', 'PaymentReceived', 'PaymentRequested'] })
  eventName: ActivityRow['event_name'];

  @ApiMoney('Negative when it was sent')
  amount: number;
}

export class BalanceDto extends TimedDto {
  @ApiMoney()
  balance: number;
}

export class TotalDto extends TimedDto {
  @ApiProperty({ type: 'integer', description: 'Number of completed payments' })
  total: number;
}

export class AverageDto extends TimedDto {
  @ApiMoney('Mean amount of completed payments')
  average: number;
}
