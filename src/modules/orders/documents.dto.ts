import { ApiProperty } from '@nestjs/swagger';
import { CustomerOrderDto } from './orders.dto';

const text = { type: String, nullable: true } as const;

class DocumentNameDto {
  @ApiProperty(text)
  title: string | null;

  @ApiProperty({ example: 'Rajesh' })
  firstName: string;

  @ApiProperty(text)
  middleName: string | null;

  @ApiProperty({ example: 'Iyer' })
  lastName: string;

  @ApiProperty(text)
  suffix: string | null;
}

class DocumentContactDto {
  @ApiProperty({ example: '555-666-7777' })
  primaryPhone: string;

  @ApiProperty(text)
  secondaryPhone: string | null;

  @ApiProperty({ example: 'someone@example.com' })
  email: string;
}

class DocumentAddressDto {
  @ApiProperty({ example: 'SHIPPING' })
  type: string;

  @ApiProperty(text)
  description: string | null;

  @ApiProperty({ example: '123 Oak Street' })
  address1: string;

  @ApiProperty(text)
  address2: string | null;

  @ApiProperty({ example: 'Sunrise' })
  city: string;

  @ApiProperty({ example: 'CA' })
  state: string;

  @ApiProperty({ example: '12345-6789' })
  postalCode: string;
}

/** A customer with all orders. */
export class DocumentDto {
  @ApiProperty({ example: '123456' })
  id: string;

  @ApiProperty({ type: DocumentNameDto, nullable: true, description: '`null`: not known yet, or erased' })
  name: DocumentNameDto | null;

  @ApiProperty({ type: DocumentContactDto, nullable: true })
  contact: DocumentContactDto | null;

  @ApiProperty({ type: [DocumentAddressDto] })
  addresses: DocumentAddressDto[];

  @ApiProperty({ type: [CustomerOrderDto] })
  orders: CustomerOrderDto[];
}
