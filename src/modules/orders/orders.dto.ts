import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsInt, Matches, Max, Min, ValidateNested } from 'class-validator';
import { QUANTITY_MAX } from '../../kernel/money';
import { IsText } from '../../platform/http/is-text.decorator';
import { IsPrice } from '../../platform/http/price.decorator';
import { CUSTOMER_ID } from '../accounts/contracts';
import { orderStatuses, type OrderStatus } from './domain/order.decider';
import { ITEMS_MAX } from './domain/order.events';

const PRODUCT_ID = /^[A-Za-z0-9._-]{1,64}$/;

export class OrderItemDto {
  @ApiProperty({ pattern: PRODUCT_ID.source, example: 'kettle' })
  @Matches(PRODUCT_ID, { message: '$property must be 1 to 64 letters, digits, dots, underscores, hyphens' })
  productId: string;

  @IsText({ max: 200, example: 'Kettle' })
  title: string;

  @IsPrice()
  price: number;

  @ApiProperty({ type: 'integer', minimum: 1, maximum: QUANTITY_MAX })
  @IsInt()
  @Min(1)
  @Max(QUANTITY_MAX)
  quantity: number;
}

export class PlaceOrderDto {
  @ApiProperty({
    oneOf: [
      { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', pattern: CUSTOMER_ID.source },
    ],
    example: '123456',
    description: 'As accounts names the customer, who need not be known yet',
  })
  @Transform(({ value }: { value: unknown }) => (isWhole(value) ? String(value) : value))
  @Matches(CUSTOMER_ID, { message: '$property must be 1 to 64 letters, digits, dots, underscores, hyphens' })
  customerId: string;

  @ApiProperty({ type: [OrderItemDto], minItems: 1, maxItems: ITEMS_MAX })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(ITEMS_MAX)
  @ValidateNested({ each: true })
  @Type(() => OrderItemDto)
  items: OrderItemDto[];
}

export class PlacedOrderDto {
  @ApiProperty({ format: 'uuid' })
  orderId: string;

  @ApiProperty({ example: '6400.00' })
  total: string;
}

export class OrderStatusDto {
  @ApiProperty({ format: 'uuid' })
  orderId: string;

  @ApiProperty({ enum: orderStatuses })
  status: OrderStatus;
}

class ShownItemDto {
  @ApiProperty({ example: 'kettle' })
  productId: string;

  @ApiProperty({ example: 'Kettle' })
  title: string;

  @ApiProperty({ example: '3200.00' })
  price: string;

  @ApiProperty({ type: 'integer' })
  quantity: number;
}

/** An order within a customer's document. */
export class CustomerOrderDto extends OrderStatusDto {
  @ApiProperty({ type: [ShownItemDto] })
  items: ShownItemDto[];

  @ApiProperty({ example: '6400.00' })
  total: string;

  @ApiProperty({ format: 'date-time' })
  placedAt: string;
}

export class OrderDto extends CustomerOrderDto {
  @ApiProperty({ example: '123456' })
  customerId: string;
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
