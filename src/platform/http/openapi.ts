import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { Problem } from './api-problems.decorator';
import { product } from './product';

/** The OpenAPI document of every route of the process; every route may also answer the problems that need no command. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle(product.name)
    .setDescription(product.description)
    .setVersion(product.version)
    .build();
  return SwaggerModule.createDocument(app, config, { extraModels: [Problem] });
}
