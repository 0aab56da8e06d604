import { join } from 'node:path';
import type { Home } from './home';
import { inheritedEnvironment, type Settings } from './env';
import type { ServiceName } from './service-names';

/** Where everything that services need lies, once it runs. */
export interface Surroundings {
  root: string;
  settings: Settings;
  home: Home;
  /** `postgres://owner:password@host:port/attune` */
  databaseUrl: string;
  natsUrl: string;
  /** Undefined: nobody looks whether NATS writes before it answers. */
  natsMonitorUrl: string | undefined;
  engine: EngineProgram;
  ports: Record<ServiceName, number>;
}

/** The program behind the local catalogue's bases: its name there, and how it is called. */
export interface EngineProgram {
  name: string;
  command: readonly string[];
}

/** The schema of each service that has one; its login role is `attune_<schema>`. */
export const schemas: Partial<Record<ServiceName, string>> = {
  'models-api': 'models',
  ingestion: 'ingestion',
  trainer: 'training',
  evaluator: 'evaluation',
  billing: 'billing',
};

/** Where a service's health answers. */
export function healthUrl(name: ServiceName, { ports }: Surroundings): string {
  return `http://127.0.0.1:${String(ports[name])}/healthz/ready`;
}

/** Where a service's metrics answer; undefined where they are not served. */
export function metricsUrl(name: ServiceName, { ports, settings }: Surroundings): string | undefined {
  const port = name === 'models-api' ? settings.metricsPort : ports[name];
  return port === undefined ? undefined : `http://127.0.0.1:${String(port)}/metrics`;
}

/** The built program of an app. */
export function program(root: string, app: ServiceName, file: string): string {
  return join(root, 'apps', app, 'dist', file);
}

/** The whole environment of a service's process. */
export function serviceEnvironment(name: ServiceName, at: Surroundings): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    HOST: name === 'models-api' ? at.settings.host : '127.0.0.1',
    PORT: String(at.ports[name]),
    LOG_LEVEL: at.settings.logLevel,
    NATS_URL: at.natsUrl,
    ...(at.natsMonitorUrl === undefined ? {} : { NATS_MONITOR_URL: at.natsMonitorUrl }),
    ...databaseEnvironment(name, at),
    ...storeEnvironment(at, `http://127.0.0.1:${String(at.ports.trainer)}`),
    ...ownEnvironment(name, at),
    ...at.settings.serviceEnvironment[name],
  };
}

function ownEnvironment(name: ServiceName, at: Surroundings): Record<string, string> {
  const { home, settings } = at;
  const maxAudio: Record<string, string> =
    settings.maxAudioBytes === undefined ? {} : { MAX_AUDIO_BYTES: String(settings.maxAudioBytes) };
  switch (name) {
    case 'models-api':
      return {
        ...(settings.metricsPort === undefined ? {} : { METRICS_PORT: String(settings.metricsPort) }),
        API_KEY_PEPPER: home.secrets.apiKeyPepper,
        ADMIN_KEY: home.adminKey,
        SECRETS_KEY: home.secrets.secretsKey,
        WEBHOOKS_ALLOW_PRIVATE: String(settings.webhooksAllowPrivate),
        STT_URL: `http://127.0.0.1:${String(at.ports.stt)}`,
        STT_INTERNAL_TOKEN: home.secrets.sttToken,
        ...maxAudio,
      };
    case 'ingestion':
      return { WORK_DIRECTORY: join(home.work, 'ingestion'), ...maxAudio };
    case 'trainer':
      return {
        TRAINER_ENGINES: JSON.stringify({ [at.engine.name]: at.engine.command }),
        TRAINER_WORK_DIRECTORY: join(home.work, 'trainer'),
        TRAINER_CACHE_DIRECTORY: join(home.work, 'bases'),
        // Jobs of a cluster are told this address; it has to be given, and only we know the port.
        TRAINER_INTERNAL_URL: `http://127.0.0.1:${String(at.ports.trainer)}`,
        ...(settings.leaseSeconds === undefined ? {} : leaseEnvironment(settings.leaseSeconds)),
      };
    case 'stt':
      return {
        STT_ENGINES: JSON.stringify({ [at.engine.name]: at.engine.command }),
        STT_INTERNAL_TOKEN: home.secrets.sttToken,
        STT_WORK_DIRECTORY: join(home.work, 'stt'),
        STT_CACHE_DIRECTORY: join(home.work, 'models'),
        ...maxAudio,
      };
    case 'evaluator':
    case 'billing':
      return {};
  }
}

/** Everything that waits for a lease keeps its proportion to it. */
function leaseEnvironment(leaseSeconds: number): Record<string, string> {
  const ms = leaseSeconds * 1000;
  return {
    TRAINER_LEASE_MS: String(ms),
    TRAINER_CLAIM_WITHIN_MS: String(ms),
    TRAINER_RECONCILE_MS: String(Math.ceil(ms / 4)),
    TRAINER_EVALUATION_REMINDER_MS: String(ms),
  };
}

function databaseEnvironment(
  name: ServiceName,
  at: Pick<Surroundings, 'home' | 'databaseUrl'>,
): Record<string, string> {
  const schema = schemas[name];
  if (schema === undefined) return {};
  const url = new URL(at.databaseUrl);
  url.username = `attune_${schema}`;
  url.password = at.home.secrets.databasePassword;
  return { DATABASE_URL: url.href };
}

/** `internalUrl`: where the trainer answers the signed URLs of a folder. */
export function storeEnvironment(
  { home, settings }: Pick<Surroundings, 'home' | 'settings'>,
  internalUrl: string,
): Record<string, string> {
  if (settings.s3 === undefined) {
    return {
      STORE_KIND: 'filesystem',
      STORE_DIRECTORY: home.store,
      STORE_SIGNING_SECRET: home.secrets.storeSigningSecret,
      STORE_INTERNAL_URL: internalUrl,
    };
  }
  const { endpoint, bucket, accessKey, secretKey, region } = settings.s3;
  return {
    STORE_KIND: 's3',
    S3_ENDPOINT: endpoint,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    S3_REGION: region,
  };
}

/** A migration runs as the owner, and gives the service's role its password. */
export function migrationEnvironment(
  name: ServiceName,
  at: Pick<Surroundings, 'home' | 'databaseUrl'>,
): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    ...databaseEnvironment(name, at),
    DATABASE_OWNER_URL: at.databaseUrl,
  };
}

/** For models-api's commands that make the first organization and fill the base catalogue. */
export function bootstrapEnvironment(at: Surroundings): Record<string, string> {
  return {
    ...serviceEnvironment('models-api', at),
    BOOTSTRAP_KEY_FILE: at.home.keyFile,
    BOOTSTRAP_MINIMUM_TRAINING_MS: String(at.settings.minimumTrainingMs),
  };
}
