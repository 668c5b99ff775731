import { Inject, Injectable, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { SETTINGS } from '../config/config.module';
import type { Settings } from '../config/settings';
import { ACCESS, type Access } from './access.decorators';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route beside Nest's, which no guard sees: it may only be open to everybody, and must say so. */
    isPublic?: boolean;
  }
}

/** The scope that no token of the development issuer has unless it is asked for. */
export const ADMIN = 'admin';

/** A route says nothing of who may use it; one clear line for the developer, then the process ends. */
export class RouteUndeclared extends Error {
  override readonly name = 'RouteUndeclared';
  readonly code = 'ROUTE_UNDECLARED';

  constructor(routes: readonly string[]) {
    super(`${routes.join(', ')}: declare who may use it, by @RequireScope, @RequireToken or @Public`);
  }
}

/** Who may use which route of this process. */
@Injectable()
export class RouteAccess {
  private readonly byRoute = new Map<string, Access>();
  private servesPublicModule = false;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Learns every route of the controllers. Those that the server gets from elsewhere, which no guard sees, must say that they are public.
   * Call it before the server gets its routes.
   *
   * @throws RouteUndeclared for a controller's route at once, for others while the server gets ready
   */
  require(server: FastifyInstance): void {
    this.learn();
    server.addHook('onRoute', ({ method, url, config }) => {
      for (const name of typeof method === 'string' ? [method] : method) {
        // Preflights answer nothing but headers; a HEAD is its GET.
        if (name === 'OPTIONS' || config?.isPublic === true) continue;
        const route = `${name === 'HEAD' ? 'GET' : name} ${url}`;
        if (!this.byRoute.has(route)) throw new RouteUndeclared([route]);
      }
    });
  }

  /** @param path with `{id}` or `:id` */
  of(method: string, path: string): Access | undefined {
    return this.byRoute.get(`${method.toUpperCase()} ${path.replaceAll(/\{([^}]+)\}/g, ':$1')}`);
  }

  /** Whether callers without a token are let in. */
  isOpen(access: Access): boolean {
    switch (access.kind) {
      case 'public':
        return true;
      case 'token':
        return access.orPublicModules === true && this.servesPublicModule;
      case 'scope':
        return this.isPublicModule(access.publicModule);
    }
  }

  /** Tokens come from elsewhere, and cannot be judged before that has been reached. */
  get issuerMayBeAway(): boolean {
    return this.settings.auth.issuer !== 'development';
  }

  /** Every scope that a route of this process asks for, in the order of the alphabet. */
  get scopes(): readonly string[] {
    const scopes = [...this.byRoute.values()].flatMap((access) => (access.kind === 'scope' ? [access.scope] : []));
    return [...new Set(scopes)].sort();
  }

  private learn(): void {
    const undeclared: string[] = [];
    for (const { metatype } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const controller = metatype as Type;
      for (const { route, name, access } of this.routesOf(controller)) {
        if (access === undefined) undeclared.push(`${route} (${controller.name}.${name})`);
        else this.byRoute.set(route, access);
      }
    }
    this.servesPublicModule = [...this.byRoute.values()].some((access) => {
      return access.kind === 'scope' && this.isPublicModule(access.publicModule);
    });
    if (undeclared.length > 0) throw new RouteUndeclared(undeclared);
  }

  private isPublicModule(name: string | undefined): boolean {
    return name !== undefined && this.settings.auth.publicModules.has(name);
  }

  private routesOf(controller: Type): { route: string; name: string; access: Access | undefined }[] {
    const prototype: unknown = controller.prototype;
    if (typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
      const handler: unknown = Reflect.get(prototype, name);
      if (typeof handler !== 'function') return [];
      const method: unknown = Reflect.getMetadata(METHOD_METADATA, handler);
      if (typeof method !== 'number') return [];
      const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [handler, controller]);
      return pathsOf(controller).flatMap((prefix) =>
        pathsOf(handler).map((path) => ({ route: `${RequestMethod[method]} ${joined(prefix, path)}`, name, access })),
      );
    });
  }
}

function pathsOf(target: object): string[] {
  const paths: unknown = Reflect.getMetadata(PATH_METADATA, target);
  return (Array.isArray(paths) ? paths : [paths ?? '']).map(String);
}

function joined(...parts: readonly string[]): string {
  const segments = parts.map((part) => part.replaceAll(/^\/+|\/+$/g, '')).filter((part) => part !== '');
  return `/${segments.join('/')}`;
}
