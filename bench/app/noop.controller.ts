import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../../src/platform/auth/access.decorators';
import { UpdateValueDto } from '../../src/modules/calculator/values.dto';

/** What a route costs that takes the same body through the same application and then does nothing. */
@Public()
@ApiExcludeController()
@Controller('noop')
export class NoopController {
  @Post()
  @HttpCode(200)
  answer(@Body() { value }: UpdateValueDto): { value: number } {
    return { value };
  }
}

@Module({ controllers: [NoopController] })
export class NoopModule {}
