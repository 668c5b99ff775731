import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';

export class Create__Noun__Dto {
  @ApiProperty({ minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  name: string;
}

export class Rename__Noun__Dto {
  @ApiProperty({ minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  name: string;
}

/** The command has been taken; its outcome can be asked for. */
export class Accepted__Noun__Dto {
  @ApiProperty({ format: 'uuid', required: false, description: 'With POST: id of what is created' })
  id?: string;

  @ApiProperty({ format: 'uuid' })
  commandId: string;
}

export class __Noun__Dto {
  @ApiProperty({ format: 'uuid', required: false, description: 'With POST' })
  id?: string;

  @ApiProperty()
  name: string;
}
