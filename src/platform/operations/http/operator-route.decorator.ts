import { applyDecorators, Controller, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../../auth/access.decorators';
import { ADMIN } from '../../auth/route-access';
import { AuditInterceptor } from './audit.interceptor';

/** Routes below `/operations`: for the scope `admin` alone, and every use leaves an audit line. */
export function OperatorRoutes(path: string): ClassDecorator {
  return applyDecorators(
    ApiTags('operations'),
    RequireScope(ADMIN),
    UseInterceptors(AuditInterceptor),
    Controller(`operations/${path}`),
  );
}
