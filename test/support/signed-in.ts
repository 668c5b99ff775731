import { randomUUID } from 'node:crypto';
import request from 'supertest';
import type { AppProcess } from './app-process.ts';
import { EventStream, type StreamOptions } from './event-stream.ts';
import { signIn } from './sign-in.ts';

/** A caller with a token of the development issuer. */
export class SignedIn {
  private constructor(
    private readonly url: string,
    readonly id: string,
    readonly token: string,
  ) {}

  /** @param scope default all but `admin` */
  static async as(app: AppProcess, username = `user-${randomUUID()}`, scope?: string): Promise<SignedIn> {
    return new SignedIn(app.url, username, await signIn(app.url, username, scope));
  }

  get(path: string): request.Test {
    return this.authorised(request(this.url).get(path));
  }

  post(path: string, body: object): request.Test {
    return this.authorised(request(this.url).post(path)).send(body);
  }

  put(path: string, body: object): request.Test {
    return this.authorised(request(this.url).put(path)).send(body);
  }

  delete(path: string): request.Test {
    return this.authorised(request(this.url).delete(path));
  }

  stream(path: string, { headers, ...options }: StreamOptions = {}): Promise<EventStream> {
    const authorization = `Bearer ${this.token}`;
    return EventStream.open(`${this.url}${path}`, { ...options, headers: { ...headers, authorization } });
  }

  private authorised(test: request.Test): request.Test {
    return test.set('Authorization', `Bearer ${this.token}`);
  }
}
