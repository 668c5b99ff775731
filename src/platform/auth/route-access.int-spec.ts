import { Controller, Get, Module, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../config/load-settings';
import { createApplication } from '../http/application';
import { startFailure } from '../http/start-failure';
import { Public, RequireScope } from './access.decorators';

@Controller('open')
class ForgetfulController {
  @Get('known')
  @Public()
  known(): object {
    return {};
  }

  @Get(':id/forgotten')
  forgotten(): object {
    return {};
  }
}

@RequireScope('read:things')
@Controller('things')
class CarefulController {
  @Get()
  list(): object {
    return [];
  }
}

const DATA_DIR = mkdtempSync(join(tmpdir(), 'routes-'));
const applications: NestFastifyApplication[] = [];

async function applicationOf(controller: Type): Promise<NestFastifyApplication> {
  @Module({ controllers: [controller] })
  class OneController {}
  const settings = loadSettings({ DATA_DIR, LOG_LEVEL: 'silent' });
  const app = await createApplication({ settings, modules: [OneController] });
  applications.push(app);
  return app;
}

describe('G13: a process starts only when every route says who may use it', () => {
  afterEach(async () => {
    for (const app of applications.splice(0)) await app.close();
  });
  afterAll(() => rmSync(DATA_DIR, { recursive: true }));

  it('is refused with a controller that forgets a route, in one clear line', async () => {
    const refusal: unknown = await applicationOf(ForgetfulController).catch((error: unknown) => error);

    expect(startFailure(refusal, '')).toEqual({
      exitCode: 1,
      lines: [
        'ROUTE_UNDECLARED: GET /open/:id/forgotten (ForgetfulController.forgotten): declare who may use it, by @RequireScope, @RequireToken or @Public',
      ],
    });
  });

  it('is refused with a route beside the controllers, which no guard would see', async () => {
    const app = await applicationOf(CarefulController);
    const server = app.getHttpAdapter().getInstance();

    expect(() => server.get('/raw', () => 'everything')).toThrow('GET /raw: declare who may use it');
    expect(() => server.get('/raw', { config: { isPublic: true } }, () => 'nothing')).not.toThrow();
    await app.init();
  });

  it('closes what its controller has declared, and tells no more than that', async () => {
    const app = await applicationOf(CarefulController);
    await app.init();
    const answer = await app.inject({ method: 'GET', url: '/things' });

    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="kafka-cqrs-platform"');
    expect(answer.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await app.inject({ method: 'GET', url: '/nowhere' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'DELETE', url: '/things' })).statusCode).toBe(405);
  });
});
