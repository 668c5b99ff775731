interface KnownRoute {
  readonly pattern: RegExp;
  readonly method: string;
}

/** Which methods exist for a path: tells 405 from 404. Asked only when no route fits, so it is not on the hot path. */
export class RouteMethods {
  readonly #routes: KnownRoute[] = [];

  /** @param url route path in Fastify's syntax: `/values/:id`, `/docs/*` */
  add(method: string | readonly string[], url: string): void {
    const source = url
      .split('/')
      .map((segment) => {
        if (segment === '*') {
          return '.*';
        }
        return segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      })
      .join('/');
    for (const name of typeof method === 'string' ? [method] : method) {
      this.#routes.push({ pattern: new RegExp(`^${source}$`), method: name });
    }
  }

  /** @returns upper case, sorted, with `OPTIONS`; empty when the path is unknown */
  allowed(path: string): string[] {
    const methods = new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method));
    return methods.size === 0 ? [] : [...methods.add('OPTIONS')].sort();
  }
}
