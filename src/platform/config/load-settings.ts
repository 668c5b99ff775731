import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ROLES, type KafkaSettings, type Role, type Selection, type Settings, SettingsError } from './settings';
import { variables, type Variable, type VariableName, type VariableValues } from './variables';

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What only the surroundings know. */
export interface Surroundings {
  /** Text of a `.env` file; variables of the environment win over it. */
  readonly dotenv?: string;
  /** Standard output is a terminal. */
  readonly terminal?: boolean;
  /** Adds the role `simulator` to those that are chosen. */
  readonly simulate?: boolean;
  /** Names that `MODULES` and `VIEWS` may hold; absent: not checked. */
  readonly modules?: readonly string[];
  readonly views?: readonly string[];
  /** Reads the file that `KAFKA_SSL_CA` names. */
  readonly readFile?: (path: string) => string;
}

/**
 * Validates the environment. Pure but for {@link Surroundings.readFile}.
 *
 * @throws SettingsError with every fault at once
 */
export function loadSettings(environment: Environment, surroundings: Surroundings = {}): Settings {
  const faults: string[] = [];
  const given = { ...parseEnv(surroundings.dotenv ?? ''), ...environment };
  const values = readVariables(given, faults);
  const settings = assemble(values, given, surroundings, faults);
  if (faults.length > 0) {
    throw new SettingsError(faults);
  }
  return settings;
}

function readVariables(given: Environment, faults: string[]): VariableValues {
  const read = (name: string, variable: Variable): unknown => {
    const text = isSet(given[name]) ? given[name] : variable.fallback;
    if (text === '') {
      return undefined;
    }
    const result = variable.schema.safeParse(text);
    if (result.success) {
      return result.data;
    }
    faults.push(`${name} ${result.error.issues[0]?.message ?? 'is invalid'}`);
    return undefined;
  };
  const values: Partial<Record<string, unknown>> = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, read(name, variable)]),
  );
  return values as VariableValues; // each value has just passed the schema of its own name
}

function assemble(values: VariableValues, given: Environment, surroundings: Surroundings, faults: string[]): Settings {
  const host = values.HOST ?? '127.0.0.1';
  const port = values.PORT ?? 3000;
  const production = values.NODE_ENV === 'production';
  const kafka = kafkaSettings(values, surroundings, faults);
  const settings: Settings = {
    production,
    http: {
      host,
      port,
      publicUrl: values.PUBLIC_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      rateLimitPerSecond: values.RATE_LIMIT ?? 0,
      trustProxy: values.TRUST_PROXY ?? false,
      corsOrigins: values.CORS_ORIGINS ?? [],
    },
    dataDir: resolve(values.DATA_DIR ?? './data'),
    ...(kafka && { kafka }),
    ...(values.DATABASE_URL !== undefined && { databaseUrl: values.DATABASE_URL }),
    partitions: values.PARTITIONS ?? 4,
    partitionsExplicit: isSet(given['PARTITIONS']),
    roles: new Set<Role>([...(values.ROLES ?? ROLES), ...(surroundings.simulate ? ['simulator' as const] : [])]),
    modules: selection('MODULES', values.MODULES, surroundings.modules, faults),
    views: selection('VIEWS', values.VIEWS, surroundings.views, faults),
    auth: {
      issuer: values.AUTH_ISSUER ?? 'development',
      audience: values.AUTH_AUDIENCE ?? '',
      developmentAnywhere: values.AUTH_DEVELOPMENT_ANYWHERE ?? false,
      publicModules: new Set(production && !isSet(given['PUBLIC_MODULES']) ? [] : values.PUBLIC_MODULES),
    },
    payments: { openingBalance: values.OPENING_BALANCE ?? 0 },
    simulation: { seed: values.SIMULATION_SEED ?? 1, speed: values.SIMULATION_SPEED ?? 1 },
    ...(values.DATA_KEY_ENCRYPTION_KEY !== undefined && { dataKeyEncryptionKeys: values.DATA_KEY_ENCRYPTION_KEY }),
    log: {
      level: values.LOG_LEVEL ?? 'info',
      format: values.LOG_FORMAT ?? (surroundings.terminal ? 'pretty' : 'json'),
    },
  };
  checkTogether(settings, given, faults);
  return settings;
}

function kafkaSettings(
  values: VariableValues,
  surroundings: Surroundings,
  faults: string[],
): KafkaSettings | undefined {
  if (!values.KAFKA_BROKERS) {
    return undefined;
  }
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = values;
  const sasl = mechanism && username && password ? { mechanism, username, password } : undefined;
  if (!sasl && (mechanism ?? username ?? password) !== undefined) {
    faults.push('KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must be set together');
  }
  const sslCa = certificate(values.KAFKA_SSL_CA, surroundings, faults);
  return {
    brokers: values.KAFKA_BROKERS,
    topicPrefix: values.KAFKA_TOPIC_PREFIX ?? '',
    ssl: values.KAFKA_SSL ?? false,
    ...(sslCa !== undefined && { sslCa }),
    ...(sasl && { sasl }),
    ...(values.KAFKA_REPLICATION_FACTOR !== undefined && { replicationFactor: values.KAFKA_REPLICATION_FACTOR }),
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS ?? 8000,
  };
}

function certificate(path: string | undefined, surroundings: Surroundings, faults: string[]): string | undefined {
  if (path === undefined) {
    return undefined;
  }
  try {
    const text = surroundings.readFile?.(path) ?? '';
    if (text.includes('-----BEGIN CERTIFICATE-----')) {
      return text;
    }
    faults.push('KAFKA_SSL_CA must be a file of PEM certificates');
  } catch {
    faults.push('KAFKA_SSL_CA cannot be read');
  }
  return undefined;
}

function selection(
  name: VariableName,
  chosen: readonly string[] | undefined,
  known: readonly string[] | undefined,
  faults: string[],
): Selection {
  const unknown = chosen?.filter((item) => known && !known.includes(item)) ?? [];
  if (unknown.length > 0) {
    faults.push(`${name} does not know ${unknown.join(', ')}; known: ${known?.join(', ')}`);
  }
  return chosen === undefined ? 'all' : new Set(chosen);
}

function checkTogether(settings: Settings, given: Environment, faults: string[]): void {
  if (settings.kafka && settings.databaseUrl === undefined && !isSet(given['DATABASE_URL'])) {
    faults.push('DATABASE_URL is required with KAFKA_BROKERS');
  }
  if (!isSet(given['KAFKA_BROKERS'])) {
    const missing = ROLES.filter((role) => role !== 'simulator' && !settings.roles.has(role));
    if (missing.length > 0) {
      faults.push(`ROLES lacks ${missing.join(', ')}: the embedded log is one process; set KAFKA_BROKERS to split it`);
    }
    if (settings.views !== 'all') {
      faults.push('VIEWS leaves views out: the embedded log is one process; set KAFKA_BROKERS to split it');
    }
  }
  if (settings.auth.issuer === 'development') {
    if (settings.production) {
      faults.push('AUTH_ISSUER=development is refused with NODE_ENV=production');
    } else if (!isLoopback(settings.http.host) && !settings.auth.developmentAnywhere) {
      faults.push('AUTH_ISSUER=development with a HOST off loopback needs AUTH_DEVELOPMENT_ANYWHERE=true');
    }
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
