/** What each route asks for: a scope, any token, or nothing. A route that is not here fails test/route-scopes. */
export const wantedAccess: Readonly<Record<string, string | undefined>> = {
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /metrics': 'public',
  'GET /commands/{id}': 'token',
  'POST /values': 'write:values',
  'PUT /values/{id}': 'write:values',
  'GET /values/{id}': 'read:values',
  'GET /values/{id}/history': 'read:values',
  'GET /values/{id}/changes': 'read:values',
};

/** Routes of the development issuer, which a process has beside these when it is its own issuer. */
export const accessInDevelopment: typeof wantedAccess = {
  'POST /auth/token': 'public',
  'GET /.well-known/openid-configuration': 'public',
  'GET /.well-known/jwks.json': 'public',
};
