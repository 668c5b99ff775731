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
  'PUT /current-user': 'write:users',
  'GET /users': 'read:users',
  'POST /pay': 'write:pay',
  'POST /request': 'write:request',
  'GET /current-payment-requests': 'read:payment-requests',
  'GET /payment-requests': 'read:payment-requests',
  'GET /payment-requests/{id}': 'read:payment-requests',
  'DELETE /payment-requests/{id}': 'write:request',
  'GET /activities': 'read:activities',
  'GET /current-balance': 'read:balances',
  'GET /balance-histories': 'read:balances',
  'GET /total-transactions': 'read:total-transactions',
  'GET /average-transactions': 'read:average-transactions',
  'GET /operations/views': 'admin',
  'POST /operations/views/{name}/rebuild': 'admin',
  'GET /operations/dead-letters': 'admin',
  'POST /operations/dead-letters/{id}/retry': 'admin',
  'DELETE /operations/dead-letters/{id}': 'admin',
  'GET /operations/topics': 'admin',
  'GET /operations/topics/{topic}/records': 'admin',
};

/** Routes of the development issuer, which a process has beside these when it is its own issuer. */
export const accessInDevelopment: typeof wantedAccess = {
  'POST /auth/token': 'public',
  'GET /.well-known/openid-configuration': 'public',
  'GET /.well-known/jwks.json': 'public',
};
