import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { half, kafka, port } from './settings';
import { GatewayModule } from './values.gateway';
import { ServiceModule } from './values.service';

async function startService(): Promise<void> {
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, kafka);
  service.enableShutdownHooks();
  await service.listen();
}

async function startGateway(): Promise<void> {
  const gateway = await NestFactory.create<NestFastifyApplication>(GatewayModule, new FastifyAdapter());
  gateway.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  gateway.enableShutdownHooks();
  await gateway.listen(port, '127.0.0.1');
}

async function main(): Promise<void> {
  if (half !== 'gateway') await startService();
  if (half !== 'service') await startGateway();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
