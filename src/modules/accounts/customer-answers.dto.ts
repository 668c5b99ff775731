import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsText } from '../../platform/http/is-text.decorator';
import { TextPageQuery } from '../../platform/http/page';
import { AddressDto, ContactDto, EMAIL_MAX, NameDto } from './customers.dto';
import { cardTypes } from './domain/customer.document';
import { customerEventTypes } from './views/customer-history.view';

export class CustomersQuery extends TextPageQuery {
  @ApiPropertyOptional({ description: 'Only customers with exactly this e-mail address' })
  @IsOptional()
  @IsText({ max: EMAIL_MAX, optional: true })
  email?: string;
}

export class SavedCustomerDto {
  @ApiProperty({ example: '123456' })
  id: string;

  @ApiProperty({ type: 'integer', minimum: 1 })
  version: number;

  @ApiProperty()
  created: boolean;
}

class MaskedCardDto {
  @ApiProperty({ enum: cardTypes })
  type: (typeof cardTypes)[number];

  @ApiProperty({ type: String, nullable: true })
  description: string | null;

  @ApiProperty({ example: '****-****-****-0000' })
  number: string;

  @ApiProperty({ example: '0000' })
  last4: string;

  @ApiProperty({ example: '6/19' })
  expiration: string;

  @ApiProperty()
  nameOnCard: string;
}

/** A customer as it is shown: what was left out is `null`. */
export class CustomerDto {
  @ApiProperty({ example: '123456' })
  id: string;

  @ApiProperty({ type: NameDto })
  name: NameDto;

  @ApiProperty({ type: ContactDto })
  contact: ContactDto;

  @ApiProperty({ type: [AddressDto] })
  addresses: AddressDto[];

  @ApiProperty({ type: [MaskedCardDto] })
  creditCards: MaskedCardDto[];
}

export class CustomerChangeDto {
  @ApiProperty({ type: 'integer', minimum: 1 })
  version: number;

  @ApiProperty({ enum: customerEventTypes })
  event: (typeof customerEventTypes)[number];

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ description: 'Who has changed it: the `sub` of a token' })
  by: string;

  @ApiProperty({ type: [String], example: ['contact.email', 'addresses[0].city'] })
  changed: string[];
}
