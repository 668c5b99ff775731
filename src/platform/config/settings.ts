/** What a process can run. `simulator` only when asked for. */
export const ROLES = ['api', 'processor', 'reactor', 'projector', 'simulator'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** What {@link Settings.modules} and {@link Settings.views} say when nothing is left out. */
export type Selection = 'all' | ReadonlySet<string>;

/** How to reach Apache Kafka. */
export interface KafkaSettings {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Before every topic, group and transactional id; may be empty. */
  readonly topicPrefix: string;
  readonly ssl: boolean;
  /** PEM text of a private certificate authority. */
  readonly sslCa?: string;
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Of topics made; absent: the broker's default. */
  readonly replicationFactor?: number;
  readonly sessionTimeoutMs: number;
}

/** Where and how the process is reached. */
export interface HttpSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Origin under which clients reach this process, without a trailing slash. */
  readonly publicUrl: string;
  /** Requests per second and caller; 0: unlimited. */
  readonly rateLimitPerSecond: number;
  /** Whether `X-Forwarded-For` is believed, or the addresses and networks it is believed from. */
  readonly trustProxy: boolean | readonly string[];
  /** Origins that browsers may call from; empty: none. */
  readonly corsOrigins: readonly string[];
}

/** Whose tokens are believed. */
export interface AuthSettings {
  /** `development`: this process is the issuer. */
  readonly issuer: string;
  readonly audience: string;
  readonly developmentAnywhere: boolean;
  readonly publicModules: ReadonlySet<string>;
}

/** Settings of the module payments. */
export interface PaymentSettings {
  /** What a new user is granted, minor units. */
  readonly openingBalance: number;
}

/** Settings of the virtual users, who are there when somebody runs the role `simulator`. */
export interface SimulationSettings {
  /** The same seed gives the same sequence of attempts. */
  readonly seed: number;
  /** Divides all times of the simulation. */
  readonly speed: number;
}

/** From the rarest to the most frequent lines; `silent` for none. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** The whole configuration of a process, validated, read once at the start. */
export interface Settings {
  readonly production: boolean;
  readonly http: HttpSettings;
  /** Absolute path. */
  readonly dataDir: string;
  /** Present: the log is Kafka. Absent: the embedded log in {@link dataDir}. */
  readonly kafka?: KafkaSettings;
  /** PostgreSQL; always present with {@link kafka}. */
  readonly databaseUrl?: string;
  /** Partitions of topics that are made. */
  readonly partitions: number;
  /** `PARTITIONS` was given: topics that exist with another count are refused. */
  readonly partitionsExplicit: boolean;
  readonly roles: ReadonlySet<Role>;
  readonly modules: Selection;
  readonly views: Selection;
  readonly auth: AuthSettings;
  readonly payments: PaymentSettings;
  readonly simulation: SimulationSettings;
  /** Each 32 bytes, base64; the first one wraps personal data keys, all of them unwrap. Absent: made in {@link dataDir}. */
  readonly dataKeyEncryptionKeys?: readonly string[];
  readonly log: { readonly level: LogLevel; readonly format: 'pretty' | 'json' };
}

/** The environment cannot be used; holds one line per fault, all of them. The process ends with {@link exitCode}. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  /** `EX_CONFIG` of sysexits.h. */
  readonly exitCode = 78;

  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
  }
}
