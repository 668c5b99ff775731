import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, loadSettings, type Surroundings } from './load-settings';
import { ROLES, SettingsError } from './settings';
import { variables } from './variables';

const kafka: Environment = { KAFKA_BROKERS: 'a:9092, b:9092', DATABASE_URL: 'postgresql://user:pw@db/app' };

function faultsOf(environment: Environment, surroundings?: Surroundings): readonly string[] {
  try {
    loadSettings(environment, surroundings);
  } catch (error) {
    if (error instanceof SettingsError) {
      return error.faults;
    }
    throw error;
  }
  return [];
}

describe('settings', () => {
  it('have a default for everything', () => {
    const settings = loadSettings({});

    expect(settings).toMatchObject({
      production: false,
      http: { host: '127.0.0.1', port: 3000, publicUrl: 'http://127.0.0.1:3000', rateLimitPerSecond: 0 },
      partitions: 4,
      partitionsExplicit: false,
      modules: 'all',
      views: 'all',
      auth: { issuer: 'development', audience: 'kafka-cqrs-platform' },
      log: { level: 'info', format: 'json' },
    });
    expect([...settings.roles]).toEqual(['api', 'processor', 'reactor', 'projector']);
    expect([...settings.auth.publicModules]).toEqual(['calculator', 'cart']);
    expect(settings.kafka).toBeUndefined();
  });

  it('let the environment win over the .env file, and count an empty value as unset', () => {
    const settings = loadSettings(
      { PORT: '4000', HOST: '' },
      { dotenv: 'PORT=5000\nPARTITIONS="8" # eight\nHOST=127.0.0.2' },
    );

    expect(settings.http.port).toBe(4000);
    expect(settings.partitions).toBe(8);
    expect(settings.partitionsExplicit).toBe(true);
    expect(settings.http.host).toBe('127.0.0.1');
  });

  it('report every fault at once, one line each', () => {
    expect(
      faultsOf({ PORT: '70000', LOG_LEVEL: 'loud', KAFKA_BROKERS: 'nowhere', RATE_LIMIT: '-1', ROLES: 'api,cook' }),
    ).toEqual([
      'PORT must be a whole number from 0 to 65535',
      'KAFKA_BROKERS must be host:port, separated by commas',
      'ROLES may only hold api, processor, reactor, projector, simulator',
      'RATE_LIMIT must be a whole number from 0 to 1000000',
      'LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent',
    ]);
  });

  it('never show the value of a secret in a fault', () => {
    const faults = faultsOf({ ...kafka, DATABASE_URL: 'mysql://user:hunter2@db', DATA_KEY_ENCRYPTION_KEY: 'hunter2' });

    expect(faults).toHaveLength(2);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('require PostgreSQL with Kafka', () => {
    expect(faultsOf({ KAFKA_BROKERS: 'a:9092' })).toEqual(['DATABASE_URL is required with KAFKA_BROKERS']);
    expect(loadSettings(kafka).kafka).toEqual({
      brokers: ['a:9092', 'b:9092'],
      topicPrefix: '',
      ssl: false,
      sessionTimeoutMs: 8000,
    });
  });

  it('take SASL as a whole or not at all', () => {
    const sasl = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' };

    expect(loadSettings({ ...kafka, ...sasl }).kafka?.sasl).toEqual({
      mechanism: 'plain',
      username: 'u',
      password: 'p',
    });
    expect(faultsOf({ ...kafka, KAFKA_SASL_USERNAME: 'u' })).toHaveLength(1);
  });

  it('read the certificates of a private authority', () => {
    const pem = '-----BEGIN CERTIFICATE-----\n…';
    const given = { ...kafka, KAFKA_SSL: 'true', KAFKA_SSL_CA: 'ca.pem' };

    expect(loadSettings(given, { readFile: () => pem }).kafka?.sslCa).toBe(pem);
    expect(faultsOf(given, { readFile: () => 'no' })).toEqual(['KAFKA_SSL_CA must be a file of PEM certificates']);
    expect(
      faultsOf(given, {
        readFile: () => {
          throw new Error('ENOENT');
        },
      }),
    ).toEqual(['KAFKA_SSL_CA cannot be read']);
  });

  it('split a process by role and view on Kafka only', () => {
    const split = { ROLES: 'api', VIEWS: 'calculator.values' };

    expect(loadSettings({ ...kafka, ...split }).roles).toEqual(new Set(['api']));
    expect(faultsOf(split)).toEqual([
      'ROLES lacks processor, reactor, projector: the embedded log is one process; set KAFKA_BROKERS to split it',
      'VIEWS leaves views out: the embedded log is one process; set KAFKA_BROKERS to split it',
    ]);
  });

  it('simulate only when asked to, by role or by the command line, beside the other roles', () => {
    expect(loadSettings({}).roles.has('simulator')).toBe(false);
    expect(loadSettings({}, { simulate: true }).roles).toEqual(new Set(ROLES));
    expect(loadSettings({ ...kafka, ROLES: 'simulator' }).roles).toEqual(new Set(['simulator']));
    expect(loadSettings({ ...kafka, ROLES: 'api' }, { simulate: true }).roles).toEqual(new Set(['api', 'simulator']));
  });

  it('take a seed and a speed with decimals', () => {
    expect(loadSettings({}).simulation).toEqual({ seed: 1, speed: 1 });
    expect(loadSettings({ SIMULATION_SEED: '42', SIMULATION_SPEED: '0.5' }).simulation).toEqual({
      seed: 42,
      speed: 0.5,
    });
    for (const speed of ['0', '-1', '1e3', '1001', '0.001', 'fast']) {
      expect(faultsOf({ SIMULATION_SPEED: speed })).toEqual(['SIMULATION_SPEED must be a number from 0.01 to 1000']);
    }
  });

  it('refuse modules and views that do not exist', () => {
    expect(faultsOf({ MODULES: 'calculator,calendar' }, { modules: ['calculator'] })).toEqual([
      'MODULES does not know calendar; known: calculator',
    ]);
    expect(loadSettings({ MODULES: 'calculator' }, { modules: ['calculator'] }).modules).toEqual(
      new Set(['calculator']),
    );
  });

  it('keep the development issuer out of production and on loopback', () => {
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([
      'AUTH_ISSUER=development is refused with NODE_ENV=production',
    ]);
    expect(faultsOf({ HOST: '0.0.0.0' })).toEqual([
      'AUTH_ISSUER=development with a HOST off loopback needs AUTH_DEVELOPMENT_ANYWHERE=true',
    ]);
    expect(faultsOf({ HOST: '0.0.0.0', AUTH_DEVELOPMENT_ANYWHERE: 'true' })).toEqual([]);
  });

  it('open no module to the public in production unless told to', () => {
    const production = { NODE_ENV: 'production', AUTH_ISSUER: 'https://issuer.example.com/' };

    expect(loadSettings(production).auth).toMatchObject({
      issuer: 'https://issuer.example.com',
      publicModules: new Set(),
    });
    expect(loadSettings({ ...production, PUBLIC_MODULES: 'cart' }).auth.publicModules).toEqual(new Set(['cart']));
    expect(faultsOf({ ...production, PUBLIC_MODULES: 'payments' })).toEqual([
      'PUBLIC_MODULES may only hold calculator, cart',
    ]);
  });

  it('write pretty logs on a terminal and JSON elsewhere', () => {
    expect(loadSettings({}, { terminal: true }).log.format).toBe('pretty');
    expect(loadSettings({ LOG_FORMAT: 'json' }, { terminal: true }).log.format).toBe('json');
  });

  it.each([
    ['TRUST_PROXY', 'true', true],
    ['TRUST_PROXY', '10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ['CORS_ORIGINS', 'https://a.example.com,http://localhost:5173', ['https://a.example.com', 'http://localhost:5173']],
  ])('read %s=%s', (name, text, value) => {
    const { trustProxy, corsOrigins } = loadSettings({ [name]: text }).http;

    expect(name === 'TRUST_PROXY' ? trustProxy : corsOrigins).toEqual(value);
  });

  it('refuse an origin with a path', () => {
    expect(faultsOf({ CORS_ORIGINS: 'https://a.example.com/app' })).toHaveLength(1);
  });

  it('are all documented in .env.example, with their defaults', () => {
    const text = readFileSync(join(__dirname, '../../../.env.example'), 'utf8');
    const documented = [...text.matchAll(/^# (.+)\n#([A-Z_]+)=(.*)$/gm)].map(([, meaning, name, fallback]) => ({
      name,
      meaning,
      fallback,
    }));

    expect(documented).toEqual(
      Object.entries(variables).map(([name, { meaning, fallback }]) => ({ name, meaning, fallback })),
    );
  });
});
