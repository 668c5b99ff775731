import { constants, createHmac, sign } from 'node:crypto';
import { encode, TokenForge, type Members } from './token-forge';

/**
 * Row A1 of the table of attacks: tokens that nobody may believe, by what is wrong with them.
 *
 * @param forge signs as the issuer does, by RS256
 */
export function hostileTokens(forge: TokenForge): Readonly<Record<string, string>> {
  return { ...forgedTokens(forge), ...misusedTokens(forge), ...mangledTokens(forge.token()) };
}

/** The issuer has not signed these. */
function forgedTokens(forge: TokenForge): Record<string, string> {
  const foreign = new TokenForge(forge.algorithm, forge.keyId, forge.issuer, forge.audience);
  const payload = encode(forge.claims());
  const unsigned = (header: Members, signature: Buffer): string =>
    `${encode(forge.header(header))}.${payload}.${signature.toString('base64url')}`;
  const pem = forge.publicKey.export({ format: 'pem', type: 'spki' });
  const rawSignature = forge.token().split('.')[2] ?? '';
  const hmac = (header: Members): string => {
    const data = `${encode(forge.header(header))}.${payload}`;
    return `${data}.${createHmac('sha256', pem).update(data).digest('base64url')}`;
  };
  const padded = `${encode(forge.header({ alg: 'PS256' }))}.${payload}`;
  const pss = sign('sha256', Buffer.from(padded), { key: forge.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING });
  return {
    'alg none without a signature': `${encode(forge.header({ alg: 'none' }))}.${payload}.`,
    'alg None with a signature': unsigned({ alg: 'None' }, Buffer.from(rawSignature, 'base64url')),
    'HS256 with the public key as its secret': hmac({ alg: 'HS256' }),
    'RS256 in name, HMAC in fact': hmac({}),
    'PS256 by the key for RS256': `${padded}.${pss.toString('base64url')}`,
    'RS512 by the key for RS256': forge.token({}, { alg: 'RS512' }),
    'ES256 with r = s = 0': unsigned({ alg: 'ES256' }, Buffer.alloc(64)),
    'ES256 in name by an RSA key': forge.token({}, { alg: 'ES256' }),
    'a foreign key under a known id': foreign.token(),
    'a key id that nobody knows': forge.token({}, { kid: 'unknown' }),
    'a key id that is a path': foreign.token({}, { kid: '../../../../dev/null' }),
    'its own key in jwk': foreign.token({}, { jwk: foreign.jwk, kid: 'other' }),
    'its own keys at jku': foreign.token({}, { jku: 'http://127.0.0.1:1/jwks.json', kid: 'other' }),
    'its own certificate at x5u': foreign.token({}, { x5u: 'http://127.0.0.1:1/cert.pem' }),
    'its own certificate in x5c': foreign.token({}, { x5c: ['MIIB'] }),
    'a JWE of five parts': `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`,
  };
}

/** The issuer has signed these, but not for us, not now, or not as access tokens. */
function misusedTokens(forge: TokenForge): Record<string, string> {
  const now = Math.floor(Date.now() / 1_000);
  const header = encode(forge.header());
  return {
    crit: forge.token({}, { crit: ['exp'], exp: now + 60 }),
    'b64 false': forge.token({}, { crit: ['b64'], b64: false }),
    'b64 true': forge.token({}, { b64: true }),
    'a compressed payload': forge.token({}, { zip: 'DEF' }),
    expired: forge.token({ exp: now - 31 }),
    'without exp': forge.token({ exp: undefined }),
    'with exp as text': forge.token({ exp: String(now + 600) }),
    'not yet valid': forge.token({ nbf: now + 31 }),
    'with nbf as text': forge.token({ nbf: String(now - 60) }),
    'of another issuer': forge.token({ iss: 'https://other.example.com/' }),
    'of an issuer in a list': forge.token({ iss: [forge.issuer] }),
    'without iss': forge.token({ iss: undefined }),
    'for another audience': forge.token({ aud: 'another' }),
    'for other audiences': forge.token({ aud: ['another', 'and-another'] }),
    'for a longer audience': forge.token({ aud: `${forge.audience}-of-another` }),
    'without aud': forge.token({ aud: undefined }),
    'without typ': forge.token({}, { typ: undefined }),
    'of type logout+jwt': forge.token({}, { typ: 'logout+jwt' }),
    'of type dpop+jwt': forge.token({}, { typ: 'dpop+jwt' }),
    'without sub': forge.token({ sub: undefined }),
    'with an empty sub': forge.token({ sub: '' }),
    'with a number as sub': forge.token({ sub: 7 }),
    'with a sub of 129 characters': forge.token({ sub: 'x'.repeat(129) }),
    'with a NUL in sub': forge.token({ sub: 'ali\u0000ce' }),
    'with a line break in sub': forge.token({ sub: 'alice\r\nidentity: bob' }),
    'with half a character in sub': forge.token({ sub: 'alice\ud800' }),
    'with scopes as a list': forge.token({ scope: ['read:values'] }),
    'an ID token, by nonce': forge.token({ nonce: 'n-0S6_WzA2Mj' }, { typ: 'JWT' }),
    'an ID token, by at_hash': forge.token({ at_hash: 'MTIzNDU2Nzg5MDEyMzQ1Ng' }, { typ: 'JWT' }),
    'an ID token, without scope': forge.token({ scope: undefined, azp: 'app' }, { typ: 'JWT' }),
    'an ID token of Keycloak': forge.token({ typ: 'ID' }, { typ: 'JWT' }),
    'a logout token': forge.token(
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      { typ: 'JWT' },
    ),
    'claims that are a list': forge.signed(header, encode([forge.claims()])),
    'claims that are no JSON': forge.signed(header, Buffer.from('{"sub":').toString('base64url')),
    'a header that is no JSON': forge.signed(Buffer.from('{"alg"').toString('base64url'), encode(forge.claims())),
    'more than 8 KB': forge.token({ filler: 'x'.repeat(8_200) }),
  };
}

/** Another spelling of a good token is another token. */
function mangledTokens(token: string): Record<string, string> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return {
    'two parts': `${header}.${payload}`,
    'four parts': `${token}.${signature}`,
    'without its signature': `${header}.${payload}.`,
    'a shortened signature': token.slice(0, -4),
    'a lengthened signature': `${token}AAAA`,
    'a signature spelt otherwise': `${token.slice(0, -1)}${otherSpelling(token.at(-1) ?? '')}`,
    'a padded signature': `${token}==`,
    'a header in standard base64': `${header}=.${payload}.${signature}`,
    'parts in another order': `${payload}.${header}.${signature}`,
    'no token': '..',
  };
}

/** The last character of 256 bytes in base64url has four bits that mean nothing. */
function otherSpelling(last: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(last) ^ 1] ?? '';
}
