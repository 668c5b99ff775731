import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.decorators';
import { HealthRegistry, type Readiness } from './health-registry';

@ApiTags('operations')
@Public()
@SkipThrottle()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthRegistry) {}

  @Get('live')
  @ApiOperation({ summary: 'The process runs' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'The process can do its work; tells each part' })
  @ApiOkResponse({ schema: { example: { status: 'ok', parts: { log: { status: 'ok' } } } } })
  @ApiServiceUnavailableResponse({
    schema: { example: { status: 'unavailable', parts: { log: { status: 'failed', reason: 'not reachable' } } } },
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.health.readiness();
    if (readiness.status !== 'ok') {
      reply.code(503).header('retry-after', '1');
    }
    return readiness;
  }
}
