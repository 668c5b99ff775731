import { z } from 'zod';
import { parseMoney } from '../../kernel/money';
import { ROLES } from './settings';

/** One environment variable: how it is read, what it means to an operator, and whether its value may be shown. */
export interface Variable<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  readonly meaning: string;
  /** Default as documented; empty: unset. */
  readonly fallback: string;
  /** Never printed or logged. */
  readonly secret: boolean;
}

function variable<Schema extends z.ZodType>(
  schema: Schema,
  fallback: string,
  meaning: string,
  secret = false,
): Variable<Schema> {
  return { schema, fallback, meaning, secret };
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const flag = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const listOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  list.pipe(z.array(z.enum(names, `may only hold ${names.join(', ')}`)));

const names = list.pipe(
  z.array(z.string().regex(/^[a-z][a-z0-9.-]*$/, 'must be names of lower case letters, separated by commas')),
);

const webUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
  .transform((value) => value.replace(/\/+$/, ''));

const keyOf32Bytes = z
  .string()
  .refine((value) => Buffer.from(value, 'base64').toString('base64') === value && value.length === 44, {
    error: 'must be 32 bytes in base64',
  });

const origin = z.union([
  z.literal('*'),
  z.string().refine((value) => URL.canParse(value) && new URL(value).origin === value, {
    error: 'must be origins such as https://app.example.com, separated by commas, or *',
  }),
]);

/** Ten million users could give all they were granted to one, and the sum would still fit what a balance may hold. */
const OPENING_BALANCE_MAX = 100_000_000;
const OPENING_BALANCE_IS = 'must be an amount of at most two decimals, from 0 to 1000000.00';

/** Every variable that this process reads, in the order of `.env.example`. An empty value counts as unset. */
export const variables = {
  PORT: variable(integer(0, 65535), '3000', 'Port to listen on; 0 takes any free one.'),
  HOST: variable(z.string(), '127.0.0.1', 'Address to listen on; 0.0.0.0 for every interface.'),
  PUBLIC_URL: variable(webUrl, '', 'URL under which clients reach this process. Default: http://HOST:PORT.'),
  DATA_DIR: variable(z.string(), './data', 'Directory of the embedded stores. Back up keys.db.'),
  KAFKA_BROKERS: variable(
    list.pipe(z.array(z.string().regex(/^[^\s:]+:\d{1,5}$/, 'must be host:port, separated by commas'))),
    '',
    'Set it to use Apache Kafka instead of the embedded log: host:port, separated by commas.',
  ),
  KAFKA_TOPIC_PREFIX: variable(
    z.string().regex(/^[A-Za-z0-9._-]{1,100}$/, 'may hold letters, digits, dots, underscores and hyphens only'),
    '',
    'Put before every topic, consumer group and transactional id.',
  ),
  KAFKA_SSL: variable(flag, 'false', 'TLS to the brokers.'),
  KAFKA_SSL_CA: variable(z.string(), '', 'File with the PEM certificates of a private authority.'),
  KAFKA_SASL_MECHANISM: variable(
    z.enum(['plain', 'scram-sha-256', 'scram-sha-512'], 'must be plain, scram-sha-256 or scram-sha-512'),
    '',
    'plain, scram-sha-256 or scram-sha-512.',
  ),
  KAFKA_SASL_USERNAME: variable(z.string(), '', 'User for SASL.'),
  KAFKA_SASL_PASSWORD: variable(z.string(), '', 'Password for SASL.', true),
  KAFKA_REPLICATION_FACTOR: variable(integer(1, 32), '', "Of topics made. Default: the broker's."),
  KAFKA_SESSION_TIMEOUT_MS: variable(
    integer(1000, 300000),
    '8000',
    'A member that is silent for so long loses its partitions.',
  ),
  DATABASE_URL: variable(
    z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgresql:// URL' }),
    '',
    'PostgreSQL for views and keys; required with KAFKA_BROKERS.',
    true,
  ),
  PARTITIONS: variable(integer(1, 1000), '4', 'Partitions of topics made; existing ones keep theirs.'),
  ROLES: variable(listOf(ROLES), 'api,processor,reactor,projector', 'What this process runs (Kafka only).'),
  MODULES: variable(names, '', 'Modules that this process runs. Default: all.'),
  VIEWS: variable(names, '', 'Views and publications that this process runs (Kafka only). Default: all.'),
  AUTH_ISSUER: variable(
    z.union([z.literal('development'), webUrl], 'must be development or the URL of an OIDC issuer'),
    'development',
    'OIDC issuer of the tokens; development: this process issues them.',
  ),
  AUTH_AUDIENCE: variable(z.string(), 'kafka-cqrs-platform', 'Audience that tokens must name.'),
  AUTH_DEVELOPMENT_ANYWHERE: variable(flag, 'false', 'Allows AUTH_ISSUER=development off loopback.'),
  PUBLIC_MODULES: variable(
    listOf(['calculator', 'cart']),
    'calculator,cart',
    'Modules open to callers without a token. Default with NODE_ENV=production: none.',
  ),
  DATA_KEY_ENCRYPTION_KEY: variable(
    list.pipe(z.array(keyOf32Bytes).min(1, 'must be 32 bytes in base64')),
    '',
    '32 bytes in base64; wraps personal data keys. While it is changed: the new and the old one, separated by a comma. Default: made in DATA_DIR.',
    true,
  ),
  RATE_LIMIT: variable(integer(0, 1000000), '0', 'Requests per second and caller; 0 is off.'),
  TRUST_PROXY: variable(
    z.union([flag, list.pipe(z.array(z.string().regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/)).min(1))], {
      error: 'must be true, false, or addresses and networks separated by commas',
    }),
    'false',
    'Whether X-Forwarded-For is believed: true, false, or the proxies as addresses and networks.',
  ),
  CORS_ORIGINS: variable(list.pipe(z.array(origin)), '', 'Origins that browsers may call from, separated by commas.'),
  OPENING_BALANCE: variable(
    z.string().transform(parseMoney).pipe(z.int(OPENING_BALANCE_IS).max(OPENING_BALANCE_MAX, OPENING_BALANCE_IS)),
    '100.00',
    'What a new user of payments is granted; nothing else makes money.',
  ),
  SIMULATION_SEED: variable(integer(0, 999999999), '1', 'The same seed has virtual users attempt the same.'),
  SIMULATION_SPEED: variable(
    z
      .string()
      .regex(/^\d{1,4}(\.\d{1,3})?$/, 'must be a number from 0.01 to 1000')
      .transform(Number)
      .refine((value) => value >= 0.01 && value <= 1_000, 'must be a number from 0.01 to 1000'),
    '1',
    'So many times as fast do virtual users act; needs the role simulator.',
  ),
  LOG_LEVEL: variable(
    z.enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be fatal, error, warn, info, debug, trace or silent',
    ),
    'info',
    'fatal, error, warn, info, debug, trace or silent.',
  ),
  LOG_FORMAT: variable(
    z.enum(['pretty', 'json'], 'must be pretty or json'),
    '',
    'pretty or json. Default: pretty on a terminal, else json.',
  ),
  NODE_ENV: variable(z.string(), '', 'production refuses what is for development only.'),
} as const;

export type VariableName = keyof typeof variables;

/** The values of all variables; `undefined` where unset and without a default. */
export type VariableValues = {
  readonly [Name in VariableName]: z.output<(typeof variables)[Name]['schema']> | undefined;
};
