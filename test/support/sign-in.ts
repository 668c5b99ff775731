/** The answer to one request. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Sends one request with a token, or without, and reads the answer to its end. */
export async function ask(
  url: string,
  token?: string,
  { method = 'GET', body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Told> {
  const answer = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /[/+]json/.test(answer.headers.get('content-type') ?? '') && text !== '';
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** A token of the development issuer. @throws Error when it gives none */
export async function signIn(url: string, username: string, scope?: string): Promise<string> {
  const { status, body } = await ask(`${url}/auth/token`, undefined, { method: 'POST', body: { username, scope } });
  if (status !== 200 || typeof body !== 'object' || body === null || !('access_token' in body)) {
    throw new Error(`no token for ${username}: ${status} ${JSON.stringify(body)}`);
  }
  return String(body.access_token);
}
