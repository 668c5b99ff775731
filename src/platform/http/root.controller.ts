import { Controller, Get, HttpCode } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../auth/access.decorators';
import { Produces } from './produces.decorator';
import { product } from './product';

/** What a visitor of the bare address is told. */
@Public()
@ApiExcludeController()
@Controller()
export class RootController {
  @Get()
  root(): object {
    return {
      name: product.name,
      version: product.version,
      links: { documentation: '/docs', openapi: '/openapi.json', health: '/health/ready', metrics: '/metrics' },
    };
  }

  /** Browsers ask for it unasked. */
  @Get('favicon.ico')
  @HttpCode(204)
  @Produces('image/x-icon', '*/*')
  favicon(): void {}
}
