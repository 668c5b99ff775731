import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsEmail, IsIn, IsObject, IsOptional, Matches, ValidateNested } from 'class-validator';
import { IsText } from '../../platform/http/is-text.decorator';
import { ADDRESSES_MAX, addressTypes, CARDS_MAX, cardTypes } from './domain/customer.document';
import { CUSTOMER_ID } from './domain/customer.id';

export const EMAIL_MAX = 254;

export class NameDto {
  @IsOptional()
  @IsText({ max: 40, optional: true, example: 'Mr.' })
  title?: string | null;

  @IsText({ max: 100, example: 'Rajesh' })
  firstName: string;

  @IsOptional()
  @IsText({ max: 100, optional: true, example: 'V.' })
  middleName?: string | null;

  @IsText({ max: 100, example: 'Iyer' })
  lastName: string;

  @IsOptional()
  @IsText({ max: 40, optional: true, example: 'Jr.' })
  suffix?: string | null;
}

export class ContactDto {
  @IsText({ max: 40, example: '555-666-7777' })
  primaryPhone: string;

  @IsOptional()
  @IsText({ max: 40, optional: true, example: '555-444-9898' })
  secondaryPhone?: string | null;

  @IsText({ max: EMAIL_MAX, example: 'someone@example.com' })
  @IsEmail({}, { message: '$property must be an e-mail address' })
  email: string;
}

export class AddressDto {
  @ApiProperty({ enum: addressTypes })
  @IsIn(addressTypes)
  type: (typeof addressTypes)[number];

  @IsOptional()
  @IsText({ max: 200, optional: true, example: 'My home address' })
  description?: string | null;

  @IsText({ max: 200, example: '123 Oak Street' })
  address1: string;

  @IsOptional()
  @IsText({ max: 200, optional: true })
  address2?: string | null;

  @IsText({ max: 100, example: 'Sunrise' })
  city: string;

  @IsText({ max: 100, example: 'CA' })
  state: string;

  @IsText({ max: 20, example: '12345-6789' })
  postalCode: string;
}

class CardDto {
  @ApiProperty({ enum: cardTypes })
  @IsIn(cardTypes)
  type: (typeof cardTypes)[number];

  @IsOptional()
  @IsText({ max: 200, optional: true, example: 'VISA' })
  description?: string | null;

  @ApiProperty({
    pattern: String.raw`^[ -]*\d([ -]*\d){11,18}[ -]*$`,
    maxLength: 60,
    example: '1234-6789-0000-0000',
    description: 'Digits, with spaces or dashes; reduced to its last four before anything is written',
  })
  @Matches(/^(?=.{12,60}$)[ -]*\d([ -]*\d){11,18}[ -]*$/, { message: '$property must be 12 to 19 digits' })
  number: string;

  @ApiProperty({ pattern: String.raw`^(0?[1-9]|1[0-2])\/\d{2}$`, example: '6/19' })
  @Matches(/^(0?[1-9]|1[0-2])\/\d{2}$/, { message: '$property must be a month and a year, as 6/19' })
  expiration: string;

  @IsText({ max: 100, example: 'John S. Doe' })
  nameOnCard: string;
}

/** A whole customer; what it leaves out is not known any more. */
export class SaveCustomerDto {
  @ApiProperty({
    required: false,
    nullable: true,
    oneOf: [
      { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', pattern: CUSTOMER_ID.source },
    ],
    example: 123456,
    description: 'Kept as a text; made when it is left out',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? String(value) : value,
  )
  @Matches(CUSTOMER_ID, { message: '$property must be 1 to 64 letters, digits, dots, underscores, hyphens' })
  id?: string | null;

  @ApiProperty({ type: NameDto })
  @IsObject()
  @ValidateNested()
  @Type(() => NameDto)
  name: NameDto;

  @ApiProperty({ type: ContactDto })
  @IsObject()
  @ValidateNested()
  @Type(() => ContactDto)
  contact: ContactDto;

  @ApiProperty({ type: [AddressDto], required: false, nullable: true, maxItems: ADDRESSES_MAX })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ADDRESSES_MAX)
  @ValidateNested({ each: true })
  @Type(() => AddressDto)
  addresses?: AddressDto[] | null;

  @ApiProperty({ type: [CardDto], required: false, nullable: true, maxItems: CARDS_MAX })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(CARDS_MAX)
  @ValidateNested({ each: true })
  @Type(() => CardDto)
  creditCards?: CardDto[] | null;
}
