import { ApiAcceptedResponse, ApiProperty } from '@nestjs/swagger';

class AcceptedCommandDto {
  @ApiProperty({ format: 'uuid' })
  commandId: string;
}

/** Documents the answer of a command route that does not wait any longer. */
export function ApiAccepted(): MethodDecorator & ClassDecorator {
  return ApiAcceptedResponse({
    type: AcceptedCommandDto,
    description: 'With `Prefer: respond-async`, or when there is no decision in time: `Location` tells where to ask',
  });
}
