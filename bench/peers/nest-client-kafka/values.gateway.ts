import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Module,
  type OnApplicationBootstrap,
  Param,
  ParseUUIDPipe,
  Post,
} from '@nestjs/common';
import { ClientKafka, ClientsModule } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { kafka, updateTopic } from './settings';
import { UpdateValueDto } from './update-value.dto';

const CLIENT = 'VALUES_CLIENT';

/** Request and reply through Kafka; the key keeps the requests for one value in order. */
@Controller('values')
export class ValuesGateway implements OnApplicationBootstrap {
  constructor(@Inject(CLIENT) private readonly client: ClientKafka) {}

  async onApplicationBootstrap(): Promise<void> {
    this.client.subscribeToResponseOf(updateTopic);
    await this.client.connect();
  }

  @Post(':id')
  @HttpCode(200)
  update(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() { operation, value }: UpdateValueDto,
  ): Observable<{ value: number }> {
    return this.client.send(updateTopic, { key: id, value: { id, operation, value } });
  }
}

@Module({
  imports: [ClientsModule.register([{ name: CLIENT, ...kafka }])],
  controllers: [ValuesGateway],
})
export class GatewayModule {}
